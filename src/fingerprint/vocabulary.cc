#include "fingerprint/vocabulary.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "fingerprint/keywords.h"
#include "fingerprint/token_hash.h"

namespace cofferdam::fingerprint {
namespace {

constexpr std::string_view kSingles = "'!&*+:=?|^%([{,~)]}/.#-@<>";
constexpr std::string_view kValueEnds[] = {")",  "]", "}", "++",
                                           "--", "<", "/", "."};
constexpr std::string_view kBeforeRegex[] = {"return", "case", "typeof", "in",
                                             "delete", "and",  "or",     "if",
                                             "unless", "not"};

// No token begins with a blank.
constexpr uint64_t kNoLow = ' ';

uint64_t Normal(std::string_view token) {
  return NormalOf(
      HashToken(token.data(), token.size(), token.data() + token.size()));
}

bool Holds(const std::vector<uint64_t>& sorted, uint64_t normal) {
  return std::binary_search(sorted.begin(), sorted.end(), normal);
}

}  // namespace

const Vocabulary& Vocabulary::Shared() {
  static const Vocabulary vocabulary;
  return vocabulary;
}

Vocabulary::Vocabulary() {
  for (const std::string_view word : Keywords::Words()) {
    Add(word);
    keywords_.push_back(Normal(word));
  }
  for (size_t i = 0; i < kSingles.size(); ++i) Add(kSingles.substr(i, 1));
  for (const std::string_view pair : kOperatorPairs) Add(pair);
  for (const std::string_view word : kBeforeRegex) {
    keywords_before_regex_.push_back(Normal(word));
  }
  for (const std::string_view sign : kValueEnds) {
    value_ends_.push_back(Normal(sign));
  }
  greater_ = Normal(">");
  std::sort(keywords_.begin(), keywords_.end());
  std::sort(keywords_before_regex_.begin(), keywords_before_regex_.end());
  std::sort(value_ends_.begin(), value_ends_.end());
  while (!TryMultiplier()) {
    multiplier_ = FoldedProduct(multiplier_, kHashSeed1) >> 32 | 1;
    CHECK(++tries_ < 1'000'000);
  }
}

void Vocabulary::Add(std::string_view token) {
  CHECK(token.size() <= 16);
  char bytes[16] = {};
  std::copy(token.begin(), token.end(), bytes);
  entries_.push_back({.low = Load64(bytes),
                      .high = Load64(bytes + 8),
                      .normal = Normal(token)});
}

// Whether this multiplier lets every token have a slot of its own, in which its
// first eight bytes alone do not lie. Large groups choose first.
bool Vocabulary::TryMultiplier() {
  lows_.fill(kNoLow);
  turns_.fill(0);
  std::array<std::vector<const Entry*>, kGroups> groups;
  for (const Entry& entry : entries_) {
    const uint64_t mixed = Mix({.low = entry.low, .high = entry.high});
    groups[(mixed >> kGroupShift) % kGroups].push_back(&entry);
  }
  std::array<size_t, kGroups> order;
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return std::pair(groups[b].size(), a) < std::pair(groups[a].size(), b);
  });
  for (const size_t number : order) {
    if (!PlaceGroup(groups[number], number)) return false;
  }
  return std::ranges::all_of(entries_, [this](const Entry& entry) {
    return entry.high == 0 || lows_[SlotOf({.low = entry.low})] != entry.low;
  });
}

// Finds the group a turn that leads all of its keys to free slots.
bool Vocabulary::PlaceGroup(const std::vector<const Entry*>& group,
                            size_t number) {
  for (size_t turn = 0; turn <= UINT8_MAX; ++turn) {
    turns_[number] = static_cast<uint8_t>(turn);
    size_t placed = 0;
    for (; placed < group.size(); ++placed) {
      const Entry& entry = *group[placed];
      const size_t slot = SlotOf({.low = entry.low, .high = entry.high});
      if (lows_[slot] != kNoLow) break;
      lows_[slot] = entry.low;
      highs_[slot] = entry.high;
      normals_[slot] = entry.normal;
    }
    if (placed == group.size()) return true;
    while (placed-- > 0) {
      const Entry& entry = *group[placed];
      lows_[SlotOf({.low = entry.low, .high = entry.high})] = kNoLow;
    }
  }
  return false;
}

Vocabulary::Before Vocabulary::BeforeRegex(uint64_t normal) const {
  if (normal >> 56 < 3) return Before::kValue;
  if (Holds(keywords_before_regex_, normal)) return Before::kNoValue;
  if (Holds(keywords_, normal) || Holds(value_ends_, normal)) {
    return Before::kValue;
  }
  return normal == greater_ ? Before::kMarkup : Before::kNoValue;
}

}  // namespace cofferdam::fingerprint
