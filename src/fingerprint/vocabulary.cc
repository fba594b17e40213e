#include "fingerprint/vocabulary.h"

#include <algorithm>

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
  // No token begins with a blank.
  entries_[0] = {.low = ' ', .high = ~uint64_t{0}};
  multiplier_ = kHashSeed0;
  int tries = 0;
  while (!TryMultiplier()) {
    multiplier_ = FoldedProduct(multiplier_, kHashSeed1) | 1;
    CHECK(++tries < 1'000'000);
  }
}

void Vocabulary::Add(std::string_view token) {
  CHECK(count_ < entries_.size() && token.size() <= 16);
  char bytes[16] = {};
  std::copy(token.begin(), token.end(), bytes);
  entries_[count_++] = {
      .low = Load64(bytes), .high = Load64(bytes + 8), .normal = Normal(token)};
}

// Whether this multiplier gives every token a slot of its own, in which its
// first eight bytes alone do not lie.
bool Vocabulary::TryMultiplier() {
  slots_.fill(0);
  for (size_t i = 1; i < count_; ++i) {
    const Key key = {.low = entries_[i].low, .high = entries_[i].high};
    uint8_t& slot = slots_[SlotOf(key)];
    if (slot != 0) return false;
    slot = static_cast<uint8_t>(i);
    if (key.high != 0 && SlotOf({.low = key.low}) == SlotOf(key)) return false;
  }
  return true;
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
