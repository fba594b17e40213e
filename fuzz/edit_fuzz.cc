// A file, an old text and a new one, apart by NUL: whatever is applied changes
// only the region that it names, and refusals are bounded.

#include <string>
#include <string_view>
#include <variant>

#include "agent/edits/edit.h"
#include "base/check.h"
#include "target.h"

namespace cofferdam::agent {
namespace {

std::string_view Take(std::string_view* rest) {
  size_t end = rest->find('\0');
  std::string_view part = rest->substr(0, end);
  *rest = end == std::string_view::npos ? "" : rest->substr(end + 1);
  return part;
}

void CheckEdit(std::string_view input) {
  std::string_view text = Take(&input);
  std::string_view old_text = Take(&input);
  for (Occurrences occurrences : {Occurrences::kOne, Occurrences::kAll}) {
    auto outcome =
        ApplyEdit(text, old_text, input, {.occurrences = occurrences});
    if (const auto* refused = std::get_if<RefusedEdit>(&outcome)) {
      CHECK(!refused->words.empty() && refused->words.size() <= kEditWordsMax);
      continue;
    }
    const auto& applied = std::get<AppliedEdit>(outcome);
    CHECK(applied.begin <= applied.old_end && applied.old_end <= text.size());
    CHECK(applied.begin <= applied.new_end &&
          applied.new_end <= applied.text.size());
    CHECK(applied.text.starts_with(text.substr(0, applied.begin)));
    if (applied.places > 1) continue;
    CHECK(std::string_view(applied.text).substr(applied.new_end) ==
          text.substr(applied.old_end));
  }
}

}  // namespace
}  // namespace cofferdam::agent

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cofferdam::agent::CheckEdit(cofferdam::FuzzText(data, size));
  return 0;
}
