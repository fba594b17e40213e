#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "fingerprint/segment.h"

namespace cofferdam::fingerprint {

// Sorts numbers by digits, between two pieces of memory that a core's own cache
// should hold. Keeps its memory.
class PostingDigits {
 public:
  // By `bits` bits, at most kKeyBits, from `shift` on; stable. The sorted
  // numbers lie in `numbers` or in memory of this object, until the next call.
  [[nodiscard]] std::span<uint64_t> Sort(std::span<uint64_t> numbers, int shift,
                                         int bits);

 private:
  std::vector<uint64_t> other_;
};

// Some postings by rising key; those of one key as they were added. A posting
// is one number: what is left of its key above kPlaceBits bits of its place.
struct PostingGroup {
  static constexpr int kPlaceBits = 40;

  uint64_t key_begin = 0;  // no posting's key is less
  std::span<const uint64_t> postings;

  uint64_t key(uint64_t posting) const {
    return key_begin | posting >> kPlaceBits;
  }
  static uint64_t place(uint64_t posting) {
    return posting & ((uint64_t{1} << kPlaceBits) - 1);
  }
};

// A key of kKeyBits bits, and a place of at most PostingGroup::kPlaceBits.
struct PostingEntry {
  uint64_t key = 0;
  uint64_t place = 0;
};

// Collects postings and sorts them. About 8 bytes a posting, and up to 4 MB.
// Not for several threads at once.
class PostingSorter {
 public:
  using Sink = std::function<void(const PostingGroup&)>;

  PostingSorter() = default;
  PostingSorter(PostingSorter&&) noexcept = default;
  PostingSorter& operator=(PostingSorter&&) noexcept = default;

  void Add(std::span<const PostingEntry> entries);
  uint64_t size() const { return size_; }

  // Gives all postings, the groups by rising key. Empties the sorter.
  void Sort(const Sink& sink);

 private:
  // So that a group of a large segment fits a core's own cache, where it is
  // sorted; more groups at once would not find room there for their lines.
  static constexpr int kGroupBits = 12;
  static constexpr size_t kGroups = size_t{1} << kGroupBits;
  static_assert(kKeyBits - kGroupBits + PostingGroup::kPlaceBits == 64);
  // Postings go to memory by lines. A group's lines lie in blocks, so many of
  // which are allocated at once.
  static constexpr size_t kLinePostings = 8;
  static constexpr size_t kBlockPostings = 64;
  static constexpr size_t kBlocksTogether = size_t{1} << 11;
  struct alignas(kLinePostings * sizeof(uint64_t)) Line {
    uint64_t postings[kLinePostings];
  };
  struct alignas(kBlockPostings * sizeof(uint64_t)) Block {
    uint64_t postings[kBlockPostings];
  };

  struct Group {
    uint32_t first_block = 0;
    uint32_t last_block = 0;
  };

  // For the group's next line.
  uint64_t* AddBlock(size_t group);
  Block& block(uint64_t number) const {
    return blocks_[number / kBlocksTogether][number % kBlocksTogether];
  }
  // Writes the group's line, which is full.
  void WriteLine(size_t group);
  // Copies the group's postings, as they were added.
  void Gather(size_t group, uint64_t* out) const;

  uint64_t size_ = 0;
  // For each group: how many it has, those of a line that is not full yet, and
  // where that goes then (at the end of a block: to a new one).
  std::vector<uint32_t> counts_;
  std::vector<Line> lines_;
  std::vector<uint64_t*> next_lines_;
  std::vector<Group> groups_;
  // For each block, the next one of its group.
  std::vector<uint32_t> next_blocks_;
  std::vector<std::unique_ptr<Block[]>> blocks_;
};

}  // namespace cofferdam::fingerprint
