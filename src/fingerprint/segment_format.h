#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/result.h"
#include "fingerprint/segment.h"
#include "fingerprint/token_hash.h"

namespace cofferdam::fingerprint {

// The layout of a segment file, docs/formats/segment.md. All integers are
// little-endian.

inline constexpr std::string_view kSegmentMagic = "cfdmseg\n";
inline constexpr size_t kHeaderBytes = 256;
inline constexpr size_t kHeaderChecksumAt = 248;
inline constexpr size_t kSectionAlignment = 64;
// Packed arrays are read by loads of eight bytes.
inline constexpr size_t kPackedPadding = 8;
inline constexpr size_t kOutputEntryBytes = 24;
// A bucket holds 16 to 32 fingerprints on average.
inline constexpr int kBucketLoadBits = 4;

enum class Section : size_t {
  kFilter,
  kDirectory,
  kRemainders,
  kPostings,
  kOutputs,
  kBlobs,
};
inline constexpr size_t kSectionCount = 6;
inline constexpr std::array<std::string_view, kSectionCount> kSectionNames = {
    "filter", "directory", "remainders", "postings", "outputs", "blobs"};

struct SectionPlace {
  uint64_t offset = 0;
  uint64_t size = 0;
  uint64_t checksum = 0;
};

struct SegmentHeader {
  SequenceRange covers;
  uint64_t outputs = 0;
  uint64_t tokens = 0;
  uint64_t fingerprints = 0;
  uint64_t dropped = 0;
  uint8_t bucket_bits = 0;
  uint8_t remainder_bits = 0;
  uint8_t posting_bits = 0;
  std::array<SectionPlace, kSectionCount> sections;

  const SectionPlace& section(Section which) const {
    return sections[static_cast<size_t>(which)];
  }
};

// Widths and section sizes that follow from the counts: a header that says
// otherwise is corrupt.
int BucketBits(uint64_t fingerprints);
int PostingBits(uint64_t tokens);
uint64_t FilterWords(uint64_t fingerprints);
uint64_t PackedBytes(uint64_t count, int bits);

// Fills in the widths.
void SetWidths(SegmentHeader* header);

std::string EncodeHeader(const SegmentHeader& header);
// Checks magic, version, checksum, widths, and that all sections lie in
// `file_bytes` with the sizes that the counts give.
Result<SegmentHeader> DecodeHeader(std::string_view bytes, uint64_t file_bytes);

inline void Append64(uint64_t value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}
inline void Append32(uint32_t value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}
inline uint32_t Load32(const char* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

// Element `index` of an array packed with `bits` (at most 57) bits each, least
// significant bit first. The array ends with kPackedPadding bytes.
inline uint64_t UnpackAt(std::string_view packed, uint64_t index, int bits) {
  const uint64_t at = index * static_cast<uint64_t>(bits);
  return Load64(packed.data() + (at >> 3)) >> (at & 7) &
         ((uint64_t{1} << bits) - 1);
}

// What the outputs table says of one output.
struct OutputEntry {
  uint64_t token_begin = 0;  // over all outputs of the segment
  uint64_t blob_begin = 0;   // descriptor, then evidence
  uint32_t descriptor_bytes = 0;
  uint32_t evidence_bytes = 0;
};
inline OutputEntry LoadOutputEntry(std::string_view table, uint64_t ordinal) {
  const char* from = table.data() + ordinal * kOutputEntryBytes;
  return {.token_begin = Load64(from),
          .blob_begin = Load64(from + 8),
          .descriptor_bytes = Load32(from + 16),
          .evidence_bytes = Load32(from + 20)};
}

}  // namespace cofferdam::fingerprint
