#include "cli/shipped_background.h"

// A compiler would need minutes and gigabytes for an array of so many bytes;
// the assembler copies the file.
__asm__(
    ".section .rodata\n"
    ".balign 64\n"
    "cofferdam_shipped_background:\n"
    ".incbin \"" COFFERDAM_BACKGROUND_FILE
    "\"\n"
    "cofferdam_shipped_background_end:\n"
    ".previous\n");

extern "C" {
[[gnu::visibility("hidden")]] extern const char cofferdam_shipped_background[];
[[gnu::visibility(
    "hidden")]] extern const char cofferdam_shipped_background_end[];
}

namespace cofferdam::cli {

std::string_view ShippedBackground() {
  return {cofferdam_shipped_background, cofferdam_shipped_background_end};
}

Result<evidence::Background> LoadBackground(const Config& config) {
  auto loaded = evidence::Background::OpenWith(ShippedBackground(),
                                               config.background_files);
  if (!loaded.ok()) {
    return std::move(loaded).error().Within("[evidence] background");
  }
  return loaded;
}

}  // namespace cofferdam::cli
