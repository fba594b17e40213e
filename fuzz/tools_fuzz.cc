// Inputs of tools, whole, cut off or broken, read as what they write.

#include "parts.h"
#include "target.h"
#include "wire/lenient_json.h"
#include "wire/tools.h"

namespace cofferdam::wire {
namespace {

constexpr const char* kTools[] = {
    "Write",       "Edit",  "MultiEdit", "NotebookEdit", "Bash",
    "apply_patch", "shell", "replace",   "other",
};

// Kept ranges are whole lines, and say the same on both sides, ends aside.
void CheckKept(std::string_view old_text, std::string_view new_text) {
  size_t place = 0;
  for (const ByteRange& range : KeptLines(old_text, new_text)) {
    CHECK(range.begin >= place && range.begin < range.end);
    CHECK(range.end <= new_text.size());
    CHECK(range.begin == 0 || new_text[range.begin - 1] == '\n');
    CHECK(range.end == new_text.size() || new_text[range.end - 1] == '\n');
    std::string_view first =
        new_text.substr(range.begin, range.end - range.begin);
    first = first.substr(0, first.find('\n'));
    if (first.ends_with('\r')) first.remove_suffix(1);
    CHECK(old_text.find(first) != std::string_view::npos);
    place = range.end;
  }
}

void CheckTools(std::string_view text) {
  for (const char* tool : kTools) {
    CheckParts(PartsOfJsonText(tool, "call", text));
    CheckParts(PartsOfFreeformCall(tool, "call", text));
  }
  for (Halves halves : {Halves::kReplace, Halves::kMark}) {
    const Result<LenientJson> json = ParseLenient(text, halves);
    if (!json.ok()) continue;
    for (const char* tool : kTools) {
      CheckParts(PartsOfToolCall(tool, "call", json->document.root()));
    }
  }
  CHECK(text.starts_with(CutUtf8(text, text.size() / 2)));
  const size_t middle = text.find("\n\n");
  if (middle == std::string_view::npos) return;
  CheckKept(text.substr(0, middle + 1), text.substr(middle + 2));
}

}  // namespace
}  // namespace cofferdam::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cofferdam::wire::CheckTools(cofferdam::FuzzText(data, size));
  return 0;
}
