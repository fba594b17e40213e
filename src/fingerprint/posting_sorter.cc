#include "fingerprint/posting_sorter.h"

#include <algorithm>
#include <array>
#include <utility>

#include "fingerprint/vector_target.h"

namespace cofferdam::fingerprint {
namespace {

void SortFew(std::span<uint64_t> numbers, int shift) {
  for (size_t i = 1; i < numbers.size(); ++i) {
    const uint64_t number = numbers[i];
    size_t at = i;
    for (; at > 0 && numbers[at - 1] >> shift > number >> shift; --at) {
      numbers[at] = numbers[at - 1];
    }
    numbers[at] = number;
  }
}

}  // namespace

std::span<uint64_t> PostingDigits::Sort(std::span<uint64_t> numbers, int shift,
                                        int bits) {
  // Each digit's next place is written to over and over: all of their lines
  // have to stay in the first cache.
  constexpr int kDigitBitsMax = 9;
  constexpr size_t kDigitsMax = size_t{1} << kDigitBitsMax;
  constexpr int kPassesMax = 4;
  static_assert(kPassesMax * kDigitBitsMax >= kKeyBits);
  constexpr size_t kFew = 32;
  if (numbers.size() <= kFew) {
    SortFew(numbers, shift);
    return numbers;
  }
  if (other_.size() < numbers.size()) other_.resize(numbers.size());
  const int passes = std::max(1, (bits + kDigitBitsMax - 1) / kDigitBitsMax);
  const int digit_bits = (bits + passes - 1) / passes;
  const uint64_t mask = (uint64_t{1} << digit_bits) - 1;
  std::array<std::array<uint32_t, kDigitsMax>, kPassesMax> next;
  for (int pass = 0; pass < passes; ++pass) {
    std::fill_n(next[pass].begin(), mask + 1, 0);
  }
  for (uint64_t number : numbers) {
    number >>= shift;
    for (int pass = 0; pass < passes; ++pass) {
      ++next[pass][number & mask];
      number >>= digit_bits;
    }
  }
  uint64_t* from = numbers.data();
  uint64_t* to = other_.data();
  for (int pass = 0; pass < passes; ++pass) {
    uint32_t sum = 0;
    for (size_t digit = 0; digit <= mask; ++digit) {
      sum += std::exchange(next[pass][digit], sum);
    }
    for (size_t i = 0; i < numbers.size(); ++i) {
      to[next[pass][from[i] >> shift & mask]++] = from[i];
    }
    std::swap(from, to);
    shift += digit_bits;
  }
  return {from, numbers.size()};
}

uint64_t* PostingSorter::AddBlock(size_t group) {
  const auto added = static_cast<uint32_t>(next_blocks_.size());
  if (added % kBlocksTogether == 0) {
    blocks_.push_back(std::make_unique_for_overwrite<Block[]>(kBlocksTogether));
  }
  next_blocks_.push_back(0);
  Group& of = groups_[group];
  if (next_lines_[group] == nullptr) {
    of.first_block = added;
  } else {
    next_blocks_[of.last_block] = added;
  }
  of.last_block = added;
  return block(added).postings;
}

// Past the caches: to write to so many places one number at a time would read
// every line first.
void PostingSorter::WriteLine(size_t group) {
  uint64_t*& to = next_lines_[group];
  // At the end of a block, or when there is none yet.
  if (reinterpret_cast<uintptr_t>(to) % sizeof(Block) == 0) {
    to = AddBlock(group);
  }
  const uint64_t* const from = lines_[group].postings;
#if defined(__x86_64__)
  constexpr size_t kTogether = sizeof(__m128i) / sizeof(uint64_t);
  for (size_t i = 0; i < kLinePostings; i += kTogether) {
    _mm_stream_si128(
        reinterpret_cast<__m128i*>(to + i),
        _mm_load_si128(reinterpret_cast<const __m128i*>(from + i)));
  }
#else
  std::copy_n(from, kLinePostings, to);
#endif
  to += kLinePostings;
}

void PostingSorter::Add(std::span<const PostingEntry> entries) {
  if (counts_.empty()) {
    counts_.resize(kGroups);
    lines_.resize(kGroups);
    next_lines_.resize(kGroups);
    groups_.resize(kGroups);
  }
  uint32_t* const counts = counts_.data();
  Line* const lines = lines_.data();
  for (const PostingEntry& entry : entries) {
    const size_t group = entry.key >> (kKeyBits - kGroupBits);
    const size_t at = counts[group]++ % kLinePostings;
    // What tells the group falls out at the top.
    lines[group].postings[at] =
        entry.key << PostingGroup::kPlaceBits | entry.place;
    if (at == kLinePostings - 1) WriteLine(group);
  }
  size_ += entries.size();
}

void PostingSorter::Gather(size_t group, uint64_t* out) const {
  const size_t count = counts_[group];
  const size_t in_blocks = count / kLinePostings * kLinePostings;
  uint32_t from = groups_[group].first_block;
  for (size_t at = 0; at < in_blocks; at += kBlockPostings) {
    const size_t postings = std::min(kBlockPostings, in_blocks - at);
    std::copy_n(block(from).postings, postings, out + at);
    from = next_blocks_[from];
  }
  std::copy_n(lines_[group].postings, count - in_blocks, out + in_blocks);
}

void PostingSorter::Sort(const Sink& sink) {
#if defined(__x86_64__)
  _mm_sfence();
#endif
  PostingDigits digits;
  std::vector<uint64_t> postings;
  for (size_t group = 0; group < counts_.size(); ++group) {
    const size_t count = counts_[group];
    if (count == 0) continue;
    if (postings.size() < count) postings.resize(count);
    Gather(group, postings.data());
    constexpr int kRestBits = kKeyBits - kGroupBits;
    sink({.key_begin = uint64_t{group} << kRestBits,
          .postings = digits.Sort({postings.data(), count},
                                  PostingGroup::kPlaceBits, kRestBits)});
  }
  *this = PostingSorter();
}

}  // namespace cofferdam::fingerprint
