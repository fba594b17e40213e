// Patches, diffs and texts with line numbers, cut anywhere.

#include <optional>
#include <vector>

#include "parts.h"
#include "target.h"
#include "wire/patch.h"
#include "wire/request.h"

namespace cofferdam::wire {
namespace {

void CheckPatch(std::string_view text) {
  for (const auto& parts : {PartsOfPatch("apply_patch", "call", text),
                            PartsOfDiff("git", "call", text)}) {
    if (!parts) continue;
    CheckParts(*parts);
    size_t bytes = 0;
    for (const Part& part : *parts) bytes += part.text.size();
    CHECK(bytes <= text.size());
  }
  if (const auto plain = StripLineNumbers(text)) {
    CHECK(plain->size() < text.size());
  }
}

}  // namespace
}  // namespace cofferdam::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cofferdam::wire::CheckPatch(cofferdam::FuzzText(data, size));
  return 0;
}
