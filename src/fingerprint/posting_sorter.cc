#include "fingerprint/posting_sorter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "base/check.h"

namespace cofferdam::fingerprint {
namespace {

// A group fits a core's own cache, where it is sorted.
constexpr int kGroupPostingsBits = 14;
// More groups at once than this would not find room there for their lines.
constexpr int kGroupBitsMax = 12;
constexpr int kNumberBits = 64;

int GroupBits(uint64_t postings, int place_bits) {
  const int wanted =
      static_cast<int>(std::bit_width(postings)) - kGroupPostingsBits;
  // What is left of the key has to fit beside the place.
  const int least = kKeyBits + place_bits - kNumberBits;
  return std::clamp(wanted, std::max(least, 0), kGroupBitsMax);
}

}  // namespace

void PostingDigits::Sort(std::span<uint64_t> numbers, int shift, int bits) {
  constexpr int kDigitBits = 9;
  constexpr size_t kDigits = size_t{1} << kDigitBits;
  constexpr int kPassesMax = 4;
  static_assert(kPassesMax * kDigitBits >= kKeyBits);
  if (numbers.size() < 2) return;
  if (other_.size() < numbers.size()) other_.resize(numbers.size());
  const int passes = (bits + kDigitBits - 1) / kDigitBits;
  const auto digit = [&](uint64_t number, int pass) {
    return number >> (shift + pass * kDigitBits) & (kDigits - 1);
  };
  std::array<std::array<uint32_t, kDigits>, kPassesMax> next{};
  for (const uint64_t number : numbers) {
    for (int pass = 0; pass < passes; ++pass) ++next[pass][digit(number, pass)];
  }
  uint64_t* from = numbers.data();
  uint64_t* to = other_.data();
  for (int pass = 0; pass < passes; ++pass) {
    uint32_t sum = 0;
    for (uint32_t& count : next[pass]) sum += std::exchange(count, sum);
    for (size_t i = 0; i < numbers.size(); ++i) {
      to[next[pass][digit(from[i], pass)]++] = from[i];
    }
    std::swap(from, to);
  }
  if (from != numbers.data()) {
    std::copy_n(from, numbers.size(), numbers.data());
  }
}

void PostingSorter::Grow() {
  chunks_.push_back(std::make_unique_for_overwrite<Entry[]>(kChunkPostings));
  used_ = 0;
}

// Where each group begins, and one more.
std::vector<uint64_t> PostingSorter::CountGroups(int group_bits) const {
  std::vector<uint64_t> begins((size_t{1} << group_bits) + 1, 0);
  for (size_t c = 0; c < chunks_.size(); ++c) {
    const size_t count = c + 1 == chunks_.size() ? used_ : kChunkPostings;
    for (size_t i = 0; i < count; ++i) {
      ++begins[(chunks_[c][i].key >> (kKeyBits - group_bits)) + 1];
    }
  }
  for (size_t i = 1; i < begins.size(); ++i) begins[i] += begins[i - 1];
  return begins;
}

// Writes each posting to its group; the chunks are freed as they are read.
void PostingSorter::Scatter(const SortedPostings& sorted) {
  const int rest_bits = kKeyBits - sorted.group_bits;
  const int place_bits = sorted.place_bits;
  uint64_t* const postings = sorted.postings.get();
  std::vector<uint64_t> at = sorted.begins;
  const uint64_t rest_mask = (uint64_t{1} << rest_bits) - 1;
  // Whole lines are written at once: to write to so many places one number at a
  // time would read every line first, and look up its page.
  constexpr size_t kLine = 8;
  std::vector<std::array<uint64_t, kLine>> lines(at.size());
  std::vector<uint8_t> filled(at.size(), 0);
  for (size_t c = 0; c < chunks_.size(); ++c) {
    const size_t count = c + 1 == chunks_.size() ? used_ : kChunkPostings;
    for (size_t i = 0; i < count; ++i) {
      const Entry& entry = chunks_[c][i];
      const size_t group = entry.key >> rest_bits;
      lines[group][filled[group]] =
          (entry.key & rest_mask) << place_bits | entry.place;
      if (++filled[group] == kLine) {
        std::copy_n(lines[group].data(), kLine, postings + at[group]);
        at[group] += kLine;
        filled[group] = 0;
      }
    }
    chunks_[c].reset();
  }
  for (size_t group = 0; group + 1 < at.size(); ++group) {
    std::copy_n(lines[group].data(), filled[group], postings + at[group]);
  }
}

SortedPostings PostingSorter::Sort(int place_bits) {
  CHECK(place_bits <= kNumberBits - kKeyBits + kGroupBitsMax);
  SortedPostings sorted{.group_bits = GroupBits(size_, place_bits),
                        .place_bits = place_bits};
  sorted.begins = CountGroups(sorted.group_bits);
  sorted.postings = std::make_unique_for_overwrite<uint64_t[]>(size_);
  Scatter(sorted);
  PostingDigits sorter;
  for (size_t group = 0; group < sorted.groups(); ++group) {
    sorter.Sort(sorted.group(group), place_bits, kKeyBits - sorted.group_bits);
  }
  *this = PostingSorter();
  return sorted;
}

}  // namespace cofferdam::fingerprint
