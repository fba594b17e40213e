#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "fingerprint/segment.h"

namespace cofferdam::fingerprint {

// Postings by rising key; those of one key as they were added. They lie in
// groups, one for each value of the first `group_bits` bits of a key. A posting
// is one number: the rest of its key above `place_bits` bits of its place.
struct SortedPostings {
  int group_bits = 0;
  int place_bits = 0;
  // Where each group begins, and where the last one ends.
  std::vector<uint64_t> begins;
  std::unique_ptr<uint64_t[]> postings;

  size_t groups() const { return begins.size() - 1; }
  std::span<uint64_t> group(size_t number) const {
    return {postings.get() + begins[number],
            begins[number + 1] - begins[number]};
  }
  uint64_t key(size_t group, uint64_t posting) const {
    return uint64_t{group} << (kKeyBits - group_bits) | posting >> place_bits;
  }
  uint64_t place(uint64_t posting) const {
    return posting & ((uint64_t{1} << place_bits) - 1);
  }
};

// Sorts numbers by digits of nine bits. Keeps its memory.
class PostingDigits {
 public:
  // By `bits` bits, at most kKeyBits, from `shift` on; stable.
  void Sort(std::span<uint64_t> numbers, int shift, int bits);

 private:
  std::vector<uint64_t> other_;
};

// Collects postings and sorts them. 16 bytes a posting, and 8 more while they
// are sorted. Not for several threads at once.
class PostingSorter {
 public:
  PostingSorter() = default;
  PostingSorter(PostingSorter&&) noexcept = default;
  PostingSorter& operator=(PostingSorter&&) noexcept = default;

  // `key` has kKeyBits bits.
  void Add(uint64_t key, uint64_t place) {
    if (used_ == kChunkPostings) Grow();
    chunks_.back()[used_++] = {.key = key, .place = place};
    ++size_;
  }
  uint64_t size() const { return size_; }

  // `place_bits` hold every place. Empties the sorter.
  SortedPostings Sort(int place_bits);

 private:
  struct Entry {
    uint64_t key;
    uint64_t place;
  };
  static constexpr size_t kChunkPostings = size_t{1} << 16;

  void Grow();
  std::vector<uint64_t> CountGroups(int group_bits) const;
  void Scatter(const SortedPostings& sorted);

  // All are full but the last, which has `used_`.
  std::vector<std::unique_ptr<Entry[]>> chunks_;
  size_t used_ = kChunkPostings;
  uint64_t size_ = 0;
};

}  // namespace cofferdam::fingerprint
