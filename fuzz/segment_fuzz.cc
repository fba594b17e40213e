// Segment files: as they are, and with the header's checksum put right, since
// no content may lead outside the mapping whatever its checksums say.

#include <cstring>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "fingerprint/segment.h"
#include "fingerprint/segment_format.h"
#include "target.h"

namespace cofferdam::fingerprint {
namespace {

// The hash whose key is `key`: SegmentKey spreads by an odd number, which has
// an inverse.
uint64_t HashWithKey(uint64_t key) {
  uint64_t inverse = 1;
  for (int i = 0; i < 6; ++i) inverse *= 2 - 0x9e3779b97f4a7c15 * inverse;
  return (key << (64 - kKeyBits)) * inverse;
}

void Use(const Segment& segment) {
  const SegmentCounts counts = segment.counts();
  const auto check = [&](const Posting& posting) {
    CHECK(posting.output < counts.outputs);
  };
  for (uint64_t bucket = 0; bucket < 64; ++bucket) {
    const uint64_t hash = HashWithKey(bucket << (kKeyBits - 6));
    CHECK(SegmentKey(hash) == bucket << (kKeyBits - 6));
    segment.Find(hash, check);
    const Found found = segment.FindListed(hash, check);
    CHECK(found.given <= kPostingsPerKeyMax);
  }
  for (uint64_t i = 0; i <= counts.outputs && i < 100; ++i) {
    const Result<Segment::Output> output = segment.output(i);
    CHECK(i < counts.outputs || !output.ok());
    const Result<EvidenceStream> evidence = segment.Evidence(i);
    if (evidence.ok()) CHECK(evidence->size() == output->tokens);
  }
  CHECK(!InspectSegment(segment).empty());
}

void CheckSegment(std::string_view bytes, Segment::Verify verify) {
  const Result<Segment> segment = Segment::OverBytes(bytes, verify);
  if (segment.ok()) {
    Use(*segment);
  } else {
    CHECK(segment.error().code() == Code::kCorrupt ||
          segment.error().code() == Code::kInvalid);
  }
}

}  // namespace
}  // namespace cofferdam::fingerprint

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::fingerprint::kHeaderChecksumAt;
  using cofferdam::fingerprint::Segment;
  const std::string_view bytes = cofferdam::FuzzText(data, size);
  cofferdam::fingerprint::CheckSegment(bytes, Segment::Verify::kContents);
  if (size < cofferdam::fingerprint::kHeaderBytes) return 0;
  std::vector<char> signed_bytes(bytes.begin(), bytes.end());
  const uint64_t checksum =
      cofferdam::Hash64(bytes.substr(0, kHeaderChecksumAt));
  std::memcpy(signed_bytes.data() + kHeaderChecksumAt, &checksum,
              sizeof checksum);
  cofferdam::fingerprint::CheckSegment(
      {signed_bytes.data(), signed_bytes.size()}, Segment::Verify::kHeader);
  return 0;
}
