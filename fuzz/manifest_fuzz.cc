// The manifest of an index: its files stay in the folder and follow each other.

#include "base/check.h"
#include "fingerprint/index.h"
#include "target.h"

namespace cofferdam::fingerprint {
namespace {

void CheckManifest(std::string_view text) {
  const Result<Manifest> manifest = ParseManifest(text);
  if (!manifest.ok()) return;
  uint64_t covered = 0;
  for (const ManifestEntry& entry : manifest->segments) {
    CHECK(entry.file.find('/') == std::string::npos);
    CHECK(entry.file.starts_with(kSegmentFilePrefix));
    CHECK(entry.covers.first == covered + 1);
    CHECK(entry.covers.last >= entry.covers.first);
    covered = entry.covers.last;
  }
  const Result<Manifest> again = ParseManifest(FormatManifest(*manifest));
  CHECK(again.ok() && *again == *manifest);
}

}  // namespace
}  // namespace cofferdam::fingerprint

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cofferdam::fingerprint::CheckManifest(cofferdam::FuzzText(data, size));
  return 0;
}
