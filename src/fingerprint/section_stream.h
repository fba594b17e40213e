#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"
#include "fingerprint/segment.h"
#include "fingerprint/segment_format.h"

namespace cofferdam::fingerprint {

// A section of a segment file that is written from its first byte to its last,
// through a buffer. The first error is kept and given at the end.
class SectionStream {
 public:
  // `write` must outlive it.
  SectionStream(const PlacedWrite& write, uint64_t offset);

  void Put64(uint64_t value) { Put(value); }
  void Put32(uint32_t value) { Put(value); }
  void Append(std::string_view bytes);

  uint64_t size() const { return flushed_ + used_; }
  Result<SectionPlace> Finish();

 private:
  static constexpr size_t kBufferBytes = size_t{1} << 18;

  template <typename T>
  void Put(T value) {
    if (used_ + sizeof value > kBufferBytes) Flush();
    std::memcpy(buffer_.get() + used_, &value, sizeof value);
    used_ += sizeof value;
  }
  void Flush();

  const PlacedWrite* write_;
  uint64_t offset_;
  std::unique_ptr<char[]> buffer_;
  size_t used_ = 0;
  uint64_t flushed_ = 0;
  Hash64Stream hash_;
  Status status_;
};

// The sections of a segment that are written by rising key: what stands at one
// place of one of them follows what stands before it.
class KeyedStreams {
 public:
  // Of `fingerprints` postings; the sections lie from `offset` on, which is
  // aligned as they are.
  KeyedStreams(uint64_t fingerprints, int posting_bits,
               const PlacedWrite& write, uint64_t offset);

  // Postings by rising key, none less than the one before: each is a key less
  // `key_begin`, above `place_bits` bits of a place.
  void Add(uint64_t key_begin, int place_bits,
           std::span<const uint64_t> postings);

  // After all were added, CHECKed. Fills in filter, directory, remainders and
  // postings.
  Status Finish(SegmentHeader* header);

 private:
  // A packed array as it is made.
  class Packed {
   public:
    Packed(int bits, const PlacedWrite& write, uint64_t offset)
        : bits_(bits), out_(write, offset) {}
    // Of each number, the lowest bits of `base` + what is above `shift`.
    void Append(uint64_t base, int shift, std::span<const uint64_t> numbers);
    Result<SectionPlace> Finish();

   private:
    const int bits_;
    SectionStream out_;
    uint64_t pending_ = 0;
    int pending_bits_ = 0;
  };

  // Filter and directory.
  void AddKeys(uint64_t key_begin, int place_bits,
               std::span<const uint64_t> postings);
  void PutBucket() {
    directory_.Put32(static_cast<uint32_t>(added_));
    ++buckets_;
  }

  const uint64_t fingerprints_;
  const uint64_t filter_words_;
  const int remainder_bits_;
  SectionStream filter_;
  SectionStream directory_;
  Packed remainders_;
  Packed postings_;
  uint64_t word_ = 0;
  uint64_t word_at_ = 0;
  uint64_t buckets_ = 0;  // whose begin is written
  uint64_t added_ = 0;
};

// The sections of a segment that list its outputs.
class OutputStreams {
 public:
  // They come after the postings of `header`.
  OutputStreams(const SegmentHeader& header, const PlacedWrite& write);

  // The next output, whose tokens begin at `token_begin`.
  void Add(uint64_t token_begin, std::string_view descriptor,
           std::string_view evidence);

  // After all were added. Fills in outputs and blobs.
  Status Finish(SegmentHeader* header);

 private:
  const PlacedWrite* write_;
  SectionStream table_;
  SectionStream blobs_;
};

// Where a section begins that comes after one that ends at `end`.
constexpr uint64_t AlignedSection(uint64_t end) {
  return (end + kSectionAlignment - 1) / kSectionAlignment * kSectionAlignment;
}

}  // namespace cofferdam::fingerprint
