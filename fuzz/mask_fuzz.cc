// Masks of lines, which another program may have written.

#include "base/check.h"
#include "scan/line_mask.h"
#include "target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::scan::LineMask;
  const std::string_view text = cofferdam::FuzzText(data, size);
  const auto mask = LineMask::Parse(text, "fuzz");
  if (mask.ok()) {
    CHECK(mask->blobs() <= text.size());
  } else {
    CHECK(mask.error().message().starts_with("fuzz:"));
  }
  return 0;
}
