#include "fingerprint/segment_format.h"

#include <fmt/format.h>

#include <bit>

#include "base/check.h"
#include "base/hash.h"

namespace cofferdam::fingerprint {
namespace {

constexpr size_t kSectionsAt = 72;
constexpr size_t kSectionEntryBytes = 24;

Error Corrupt(std::string what) {
  return {Code::kCorrupt, "segment: " + std::move(what)};
}

// The size of a section whose size follows from the counts; none for blobs.
bool SizeFits(const SegmentHeader& header, Section section) {
  const uint64_t size = header.section(section).size;
  switch (section) {
    case Section::kFilter:
      return size == FilterWords(header.fingerprints) * 8;
    case Section::kDirectory:
      return size == ((uint64_t{1} << header.bucket_bits) + 1) * 4;
    case Section::kRemainders:
      return size == PackedBytes(header.fingerprints, header.remainder_bits);
    case Section::kPostings:
      return size == PackedBytes(header.fingerprints, header.posting_bits);
    case Section::kOutputs:
      return size == (header.outputs + 1) * kOutputEntryBytes;
    case Section::kBlobs:
      return true;
  }
  return false;
}

Status CheckHeader(const SegmentHeader& header, uint64_t file_bytes) {
  if (header.fingerprints > kSegmentFingerprintsMax ||
      header.outputs > kSegmentOutputsMax ||
      header.tokens > kSegmentTokensMax ||
      header.covers.first > header.covers.last) {
    return Corrupt("counts beyond the limits");
  }
  if (header.bucket_bits != BucketBits(header.fingerprints) ||
      header.remainder_bits != kKeyBits - header.bucket_bits ||
      header.posting_bits != PostingBits(header.tokens)) {
    return Corrupt("widths do not follow from the counts");
  }
  for (size_t i = 0; i < kSectionCount; ++i) {
    const SectionPlace& place = header.sections[i];
    if (place.offset % kSectionAlignment != 0 || place.offset < kHeaderBytes ||
        place.offset > file_bytes || place.size > file_bytes - place.offset) {
      return Corrupt(
          fmt::format("section {} lies outside the file", kSectionNames[i]));
    }
    if (!SizeFits(header, static_cast<Section>(i))) {
      return Corrupt(
          fmt::format("section {} has a wrong size", kSectionNames[i]));
    }
  }
  return {};
}

}  // namespace

int BucketBits(uint64_t fingerprints) {
  const int bits = static_cast<int>(std::bit_width(fingerprints));
  return bits > kBucketLoadBits + 1 ? bits - kBucketLoadBits - 1 : 0;
}

int PostingBits(uint64_t tokens) {
  const uint64_t largest = tokens == 0 ? 0 : tokens - 1;
  return static_cast<int>(std::bit_width(largest)) + 1;
}

uint64_t FilterWords(uint64_t fingerprints) {
  return (fingerprints * kFilterBitsPerFingerprint + 63) / 64;
}

uint64_t PackedBytes(uint64_t count, int bits) {
  return (count * static_cast<uint64_t>(bits) + 7) / 8 + kPackedPadding;
}

void SetWidths(SegmentHeader* header) {
  const int bucket_bits = BucketBits(header->fingerprints);
  header->bucket_bits = static_cast<uint8_t>(bucket_bits);
  header->remainder_bits = static_cast<uint8_t>(kKeyBits - bucket_bits);
  header->posting_bits = static_cast<uint8_t>(PostingBits(header->tokens));
}

std::string EncodeHeader(const SegmentHeader& header) {
  std::string out(kSegmentMagic);
  Append32(kSegmentVersion, &out);
  Append32(static_cast<uint32_t>(kHeaderBytes), &out);
  for (const uint64_t value :
       {header.covers.first, header.covers.last, header.outputs, header.tokens,
        header.fingerprints, header.dropped}) {
    Append64(value, &out);
  }
  out.push_back(static_cast<char>(kKeyBits));
  out.push_back(static_cast<char>(header.bucket_bits));
  out.push_back(static_cast<char>(header.remainder_bits));
  out.push_back(static_cast<char>(header.posting_bits));
  Append32(0, &out);
  CHECK(out.size() == kSectionsAt);
  for (const SectionPlace& place : header.sections) {
    Append64(place.offset, &out);
    Append64(place.size, &out);
    Append64(place.checksum, &out);
  }
  out.resize(kHeaderChecksumAt, '\0');
  Append64(Hash64(out), &out);
  return out;
}

Result<SegmentHeader> DecodeHeader(std::string_view bytes,
                                   uint64_t file_bytes) {
  if (bytes.size() < kHeaderBytes) return Corrupt("shorter than its header");
  const char* at = bytes.data();
  if (!bytes.starts_with(kSegmentMagic)) return Corrupt("no segment file");
  if (const uint32_t version = Load32(at + 8); version != kSegmentVersion) {
    return Error(Code::kInvalid,
                 fmt::format("segment: version {}, this program reads {}",
                             version, kSegmentVersion));
  }
  if (Load64(at + kHeaderChecksumAt) !=
      Hash64(bytes.substr(0, kHeaderChecksumAt))) {
    return Corrupt("header checksum differs");
  }
  if (Load32(at + 12) != kHeaderBytes || at[64] != kKeyBits) {
    return Corrupt("header of another shape");
  }
  SegmentHeader header;
  header.covers = {.first = Load64(at + 16), .last = Load64(at + 24)};
  header.outputs = Load64(at + 32);
  header.tokens = Load64(at + 40);
  header.fingerprints = Load64(at + 48);
  header.dropped = Load64(at + 56);
  header.bucket_bits = static_cast<uint8_t>(at[65]);
  header.remainder_bits = static_cast<uint8_t>(at[66]);
  header.posting_bits = static_cast<uint8_t>(at[67]);
  for (size_t i = 0; i < kSectionCount; ++i) {
    const char* entry = at + kSectionsAt + i * kSectionEntryBytes;
    header.sections[i] = {.offset = Load64(entry),
                          .size = Load64(entry + 8),
                          .checksum = Load64(entry + 16)};
  }
  TRY(CheckHeader(header, file_bytes));
  return header;
}

}  // namespace cofferdam::fingerprint
