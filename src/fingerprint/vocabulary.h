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
  struct Entry {
    uint64_t low = 0;
    uint64_t high = 0;
    uint64_t normal = 0;
  };

  // The shared table, built once.
  static const Vocabulary& Shared();

  // The entry that alone can be the key's; compare both halves. With a key of
  // eight bytes or less the lower half is enough.
  Entry Look(Key key) const {
    const size_t slot = SlotOf(key);
    return {.low = lows_[slot], .high = highs_[slot], .normal = normals_[slot]};
  }

  // What Look does, for those who do it with eight keys at once. Every group of
  // keys has its turn, chosen so that no two keys share a slot ("hash and
  // displace": Belazzougui, Botelho, Dietzfelbinger, ESA 2009). Small, so that
  // it stays beside the text in the first cache.
  struct Tables {
    uint64_t multiplier;   // 32 bits
    const uint8_t* turns;  // kGroups
    const uint64_t* lows;  // kSlots, and so are the next two
    const uint64_t* highs;
    const uint64_t* normals;
  };
  Tables tables() const {
    return {.multiplier = multiplier_,
            .turns = turns_.data(),
            .lows = lows_.data(),
            .highs = highs_.data(),
            .normals = normals_.data()};
  }
  static constexpr size_t kGroups = 64;
  static constexpr size_t kSlots = 512;
  static constexpr int kGroupShift = 32;
  static constexpr int kPlaceShift = 40;
  // Keys of more than eight bytes are exclusive-or'ed with it, so that their
  // first eight bytes alone have another slot.
  static constexpr uint64_t kLongSalt = 0x9e3779b9;

  // Multipliers that did not fit the words. Looking for one is felt at each
  // start of the program, so the first tried is one that fits.
  int tries() const { return tries_; }

  // Whether a regular expression may follow the operator or keyword of this
  // normal hash: where it does not end a value.
  enum class Before : uint8_t { kValue, kNoValue, kMarkup };
  Before BeforeRegex(uint64_t normal) const;

 private:
  Vocabulary();
  void Add(std::string_view token);
  bool TryMultiplier();
  bool PlaceGroup(const std::vector<const Entry*>& group, size_t number);
  uint64_t Mix(Key key) const {
    const uint64_t salted = key.low ^ (key.high != 0 ? kLongSalt : 0);
    return ((salted ^ salted >> 32) & 0xffffffff) * multiplier_;
  }
  size_t SlotOf(Key key) const {
    const uint64_t mixed = Mix(key);
    return ((mixed >> kPlaceShift) ^ turns_[(mixed >> kGroupShift) % kGroups]) %
           kSlots;
  }

  static constexpr uint64_t kFirstMultiplier = 0xea5c339d;

  std::vector<Entry> entries_;
  uint64_t multiplier_ = kFirstMultiplier;
  int tries_ = 0;
  alignas(64) std::array<uint8_t, kGroups> turns_{};
  alignas(64) std::array<uint64_t, kSlots> lows_{};
  std::array<uint64_t, kSlots> highs_{};
  alignas(64) std::array<uint64_t, kSlots> normals_{};
  // Sorted normal hashes.
  std::vector<uint64_t> keywords_;
  std::vector<uint64_t> keywords_before_regex_;
  std::vector<uint64_t> value_ends_;
  uint64_t greater_ = 0;
};

}  // namespace cofferdam::fingerprint
