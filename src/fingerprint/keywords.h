#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace cofferdam::fingerprint {

// The one set of keywords (see Lex). A look-up by the word's hash touches two
// small tables and has no branch.
class Keywords {
 public:
  // The shared table, built once.
  static const Keywords& Shared();
  static std::span<const std::string_view> Words();

  bool Contains(uint64_t hash) const {
    return hashes_[slots_[Slot(hash)]] == hash;
  }

 private:
  static constexpr int kSlotBits = 11;

  Keywords();
  bool TryMultiplier(uint64_t multiplier);
  size_t Slot(uint64_t hash) const {
    return (hash * multiplier_) >> (64 - kSlotBits);
  }

  uint64_t multiplier_ = 1;
  // Where a word stands in hashes_; 0 for no word.
  std::array<uint8_t, 1 << kSlotBits> slots_{};
  // hashes_[0] belongs to no word.
  std::array<uint64_t, 256> hashes_{};
  size_t count_ = 1;
};

}  // namespace cofferdam::fingerprint
