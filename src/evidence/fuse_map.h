#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "fingerprint/token_hash.h"

namespace cofferdam::evidence {

// An immutable map from 64-bit keys to small values in about 1.13 slots a key,
// without the keys: a binary fuse filter (Graf, Lemire, "Binary Fuse Filters:
// Fast and Smaller Than Xor Filters", 2022) whose slots hold a fingerprint of
// the key and the value. A key that is not there is found with a probability
// of 2^-fingerprint_bits. With no value bits it is a set.

inline constexpr int kFuseSlotBitsMax = 24;
inline constexpr uint64_t kFuseKeysMax = uint64_t{1} << 28;
// Slots are read by loads of four bytes.
inline constexpr size_t kFusePadding = 4;

// What a map's bytes do not say themselves.
struct FuseShape {
  uint64_t keys = 0;
  uint64_t seed = 0;
  uint32_t segments = 0;     // places where a key's first slot can lie
  uint8_t segment_bits = 0;  // a segment has 2^segment_bits slots
  uint8_t fingerprint_bits = 0;
  uint8_t value_bits = 0;

  int slot_bits() const { return fingerprint_bits + value_bits; }
  uint64_t slots() const {
    return keys == 0 ? 0 : (uint64_t{segments} + 2) << segment_bits;
  }
  // Of the slots, with padding; 0 for an empty map.
  uint64_t bytes() const;
  // kCorrupt when a number is beyond what a map can have.
  Status Check() const;

  bool operator==(const FuseShape&) const = default;
};

// A view of a map's bytes, which must outlive it. Immutable, any threads.
class FuseMap {
 public:
  FuseMap() = default;

  // kCorrupt when shape and bytes do not agree. Any bytes are some map.
  static Result<FuseMap> Over(const FuseShape& shape, std::string_view bytes);

  // The value; none when the key is not there. Three loads.
  std::optional<uint32_t> Find(uint64_t key) const {
    if (shape_.keys == 0) return std::nullopt;
    const uint64_t hash = Mix(key, shape_.seed);
    const Places at = PlacesOf(hash, shape_);
    const uint32_t slot =
        (Load(at.first) ^ Load(at.second) ^ Load(at.third)) & slot_mask_;
    if ((slot & fingerprint_mask_) != (Print(hash) & fingerprint_mask_)) {
      return std::nullopt;
    }
    return slot >> shape_.fingerprint_bits;
  }
  bool Contains(uint64_t key) const { return Find(key).has_value(); }

  // Asks for the cache lines that Find(key) will read.
  void Prefetch(uint64_t key) const;

  const FuseShape& shape() const { return shape_; }

  // What the reader and the builder agree on.
  struct Places {
    uint64_t first = 0;
    uint64_t second = 0;
    uint64_t third = 0;
  };
  static uint64_t Mix(uint64_t key, uint64_t seed) {
    uint64_t hash = key + seed;
    hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccd;
    hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53;
    return hash ^ hash >> 33;
  }
  static uint32_t Print(uint64_t hash) {
    return static_cast<uint32_t>(hash ^ hash >> 32);
  }
  static Places PlacesOf(uint64_t hash, const FuseShape& shape) {
    const uint64_t segment = uint64_t{1} << shape.segment_bits;
    const uint64_t mask = segment - 1;
    const auto wide = static_cast<unsigned __int128>(hash) *
                      (uint64_t{shape.segments} << shape.segment_bits);
    const auto first = static_cast<uint64_t>(wide >> 64);
    return {.first = first,
            .second = (first + segment) ^ (hash >> 18 & mask),
            .third = (first + 2 * segment) ^ (hash & mask)};
  }

 private:
  uint32_t Load(uint64_t slot) const {
    const uint64_t bit = slot * static_cast<uint64_t>(shape_.slot_bits());
    uint32_t word;
    std::memcpy(&word, bytes_.data() + (bit >> 3), sizeof word);
    return word >> (bit & 7);
  }

  FuseShape shape_;
  std::string_view bytes_;
  uint32_t slot_mask_ = 0;
  uint32_t fingerprint_mask_ = 0;
};

// A map with its bytes.
struct BuiltFuseMap {
  FuseShape shape;
  std::string bytes;
};

// Builds a map. `values` is empty (a set) or as long as `keys`; a value fits
// `value_bits`. The keys must differ from each other (CHECK). The same keys in
// the same order give the same bytes. kTooLarge beyond kFuseKeysMax keys. Takes
// about 30 bytes of memory a key.
Result<BuiltFuseMap> BuildFuseMap(std::span<const uint64_t> keys,
                                  std::span<const uint32_t> values,
                                  int fingerprint_bits, int value_bits);

}  // namespace cofferdam::evidence
