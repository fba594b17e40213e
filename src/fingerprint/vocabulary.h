#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace cofferdam::fingerprint {

// Operators of two bytes, so chosen that formatting cannot split or join them,
// and those of three, each of which begins with one of two.
inline constexpr std::string_view kOperatorPairs[] = {
    "==", "!=", "<=", ">=", "+=", "-=", "*=", "/=", "%=",
    "&=", "|=", "^=", "&&", "||", "++", "--", "->", "=>",
    "::", ":=", "**", "..", "??", "?.", "<<", "//"};
inline constexpr std::string_view kOperatorTriples[] = {
    "===", "!==", "...", "..=", "<<=", "<=>", "**=", "&&=", "||=", "?\?="};

// The words and signs of code that stand for themselves: keywords, operators of
// one and of two bytes. Everything else is a class (identifier, number,
// string). So a token's bytes, at most 16, tell its normal hash, and this
// table tells it without hashing them at length.
class Vocabulary {
 public:
  // A token's first 16 bytes, zeros behind it, as two numbers.
  struct Key {
    uint64_t low = 0;
    uint64_t high = 0;
  };
  struct alignas(32) Entry {
    uint64_t low = 0;
    uint64_t high = 0;
    uint64_t normal = 0;
  };

  // The shared table, built once.
  static const Vocabulary& Shared();

  // The entry that alone can be the key's; compare both halves. With a key of
  // eight bytes or less the lower half is enough.
  const Entry& Look(Key key) const { return entries_[slots_[SlotOf(key)]]; }

  // What Look does, for those who do it with eight keys at once: a key's slot
  // is the highest kSlotBits of Mix(key) * multiplier.
  struct Tables {
    uint64_t multiplier;
    const uint8_t* slots;  // each with three more bytes to read behind it
    const Entry* entries;
  };
  Tables tables() const {
    return {.multiplier = multiplier_,
            .slots = slots_.data(),
            .entries = entries_.data()};
  }
  static constexpr int kSlotBits = 12;
  static constexpr int kMixTurn = 25;
  static uint64_t Mix(Key key) {
    return key.low ^ std::rotl(key.high, kMixTurn);
  }

  // Whether a regular expression may follow the operator or keyword of this
  // normal hash: where it does not end a value.
  enum class Before : uint8_t { kValue, kNoValue, kMarkup };
  Before BeforeRegex(uint64_t normal) const;

 private:
  Vocabulary();
  void Add(std::string_view token);
  bool TryMultiplier();
  size_t SlotOf(Key key) const {
    return Mix(key) * multiplier_ >> (64 - kSlotBits);
  }

  uint64_t multiplier_ = 1;
  size_t count_ = 1;
  std::array<uint8_t, (size_t{1} << kSlotBits) + 3> slots_{};
  // entries_[0] is no token's.
  std::array<Entry, 256> entries_{};
  // Sorted normal hashes.
  std::vector<uint64_t> keywords_;
  std::vector<uint64_t> keywords_before_regex_;
  std::vector<uint64_t> value_ends_;
  uint64_t greater_ = 0;
};

}  // namespace cofferdam::fingerprint
