// A patch as a model sends it, and, behind a NUL, the file that it is for.

#include <string_view>
#include <variant>

#include "agent/edits/patch.h"
#include "base/check.h"
#include "target.h"

namespace cofferdam::agent {
namespace {

void CheckPatched(std::string_view input) {
  size_t end = input.find('\0');
  std::string_view text =
      end == std::string_view::npos ? "" : input.substr(end + 1);
  Result<std::vector<PatchedFile>> files = ReadPatch(input.substr(0, end));
  if (!files.ok()) {
    CHECK(!files.error().message().empty());
    return;
  }
  CHECK(!files->empty());
  for (const PatchedFile& file : *files) {
    CHECK(!file.path.empty());
    auto outcome = ApplyHunks(text, file.hunks);
    const auto* applied = std::get_if<AppliedEdit>(&outcome);
    if (applied == nullptr) continue;
    CHECK(applied->begin <= applied->old_end &&
          applied->old_end <= text.size());
    CHECK(applied->text.starts_with(text.substr(0, applied->begin)));
    CHECK(applied->text.ends_with(text.substr(applied->old_end)));
  }
}

}  // namespace
}  // namespace cofferdam::agent

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cofferdam::agent::CheckPatched(cofferdam::FuzzText(data, size));
  return 0;
}
