#pragma once

#include <array>
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

  // The entry that alone can be the key's; compare both halves.
  const Entry& Look(Key key) const {
    const uint64_t mixed =
        key.low * multiplier_low_ + key.high * kMultiplierHigh;
    return entries_[slots_[mixed >> (64 - kSlotBits)]];
  }

  // Whether a regular expression may follow the operator or keyword of this
  // normal hash: where it does not end a value.
  enum class Before : uint8_t { kValue, kNoValue, kMarkup };
  Before BeforeRegex(uint64_t normal) const;

 private:
  static constexpr int kSlotBits = 12;
  static constexpr uint64_t kMultiplierHigh = 0x94d049bb133111eb;

  Vocabulary();
  void Add(std::string_view token);
  bool TryMultiplier();

  uint64_t multiplier_low_ = 1;
  size_t count_ = 1;
  std::array<uint8_t, size_t{1} << kSlotBits> slots_{};
  // entries_[0] is no token's.
  std::array<Entry, 256> entries_{};
  // Sorted normal hashes.
  std::vector<uint64_t> keywords_;
  std::vector<uint64_t> keywords_before_regex_;
  std::vector<uint64_t> value_ends_;
  uint64_t greater_ = 0;
};

}  // namespace cofferdam::fingerprint
