#include "evidence/fuse_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "base/check.h"

namespace cofferdam::evidence {
namespace {

constexpr int kSegmentBitsMax = 18;
constexpr int kTriesMax = 100;

// The shape that the paper recommends for three places a key.
FuseShape ShapeFor(uint64_t keys, int fingerprint_bits, int value_bits) {
  const auto count = static_cast<double>(std::max<uint64_t>(keys, 2));
  FuseShape shape{.keys = keys,
                  .fingerprint_bits = static_cast<uint8_t>(fingerprint_bits),
                  .value_bits = static_cast<uint8_t>(value_bits)};
  const int bits =
      static_cast<int>(std::floor(std::log(count) / std::log(3.33) + 2.25));
  shape.segment_bits =
      static_cast<uint8_t>(std::clamp(bits, 2, kSegmentBitsMax));
  const double factor =
      std::max(1.125, 0.875 + 0.25 * std::log(1e6) / std::log(count));
  const auto slots = static_cast<uint64_t>(std::round(count * factor));
  const uint64_t segments = (slots >> shape.segment_bits) + 1;
  shape.segments = static_cast<uint32_t>(segments > 3 ? segments - 2 : 1);
  return shape;
}

// Takes away, again and again, a key that alone holds one of its slots. What
// is taken last gets its slot first. Empty when some keys cannot be taken.
struct Taken {
  uint64_t hash = 0;
  uint64_t slot = 0;
  uint32_t key = 0;
};
struct Slot {
  uint64_t hashes = 0;  // exclusive-or of those that lie here
  uint32_t keys = 0;    // exclusive-or of their ordinals
  uint32_t count = 0;
};
std::vector<Taken> Peel(std::span<const uint64_t> keys,
                        const FuseShape& shape) {
  std::vector<Slot> slots(shape.slots());
  const auto flip = [&](uint64_t at, uint64_t hash, uint32_t key, int by) {
    slots[at].hashes ^= hash;
    slots[at].keys ^= key;
    slots[at].count += static_cast<uint32_t>(by);
  };
  const auto flip_all = [&](uint64_t hash, uint32_t key, int by) {
    const FuseMap::Places at = FuseMap::PlacesOf(hash, shape);
    flip(at.first, hash, key, by);
    flip(at.second, hash, key, by);
    flip(at.third, hash, key, by);
  };
  for (size_t i = 0; i < keys.size(); ++i) {
    flip_all(FuseMap::Mix(keys[i], shape.seed), static_cast<uint32_t>(i), 1);
  }
  std::vector<uint64_t> alone;
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].count == 1) alone.push_back(i);
  }
  std::vector<Taken> taken;
  taken.reserve(keys.size());
  while (!alone.empty()) {
    const uint64_t at = alone.back();
    alone.pop_back();
    if (slots[at].count != 1) continue;
    const uint64_t hash = slots[at].hashes;
    const uint32_t key = slots[at].keys;
    taken.push_back({.hash = hash, .slot = at, .key = key});
    flip_all(hash, key, -1);
    const FuseMap::Places places = FuseMap::PlacesOf(hash, shape);
    for (const uint64_t place : {places.first, places.second, places.third}) {
      if (slots[place].count == 1) alone.push_back(place);
    }
  }
  if (taken.size() != keys.size()) taken.clear();
  return taken;
}

std::string PackSlots(const FuseShape& shape,
                      const std::vector<uint32_t>& slots) {
  std::string bytes(shape.bytes(), '\0');
  const auto width = static_cast<uint64_t>(shape.slot_bits());
  for (uint64_t i = 0; i < slots.size(); ++i) {
    const uint64_t bit = i * width;
    uint32_t word;
    std::memcpy(&word, bytes.data() + (bit >> 3), sizeof word);
    word |= slots[i] << (bit & 7);
    std::memcpy(bytes.data() + (bit >> 3), &word, sizeof word);
  }
  return bytes;
}

}  // namespace

uint64_t FuseShape::bytes() const {
  if (keys == 0) return 0;
  return (slots() * static_cast<uint64_t>(slot_bits()) + 7) / 8 + kFusePadding;
}

Status FuseShape::Check() const {
  if (keys == 0) return {};
  if (keys > kFuseKeysMax || segment_bits > kSegmentBitsMax || segments == 0 ||
      fingerprint_bits == 0 || slot_bits() > kFuseSlotBitsMax ||
      segments > kFuseKeysMax || slots() > 2 * kFuseKeysMax) {
    return Error(Code::kCorrupt, "fuse map: a number is out of range");
  }
  return {};
}

Result<FuseMap> FuseMap::Over(const FuseShape& shape, std::string_view bytes) {
  TRY(shape.Check());
  if (bytes.size() != shape.bytes()) {
    return Error(Code::kCorrupt, fmt::format("fuse map: {} bytes, not {}",
                                             bytes.size(), shape.bytes()));
  }
  FuseMap map;
  map.shape_ = shape;
  map.bytes_ = bytes;
  map.slot_mask_ = (uint32_t{1} << shape.slot_bits()) - 1;
  map.fingerprint_mask_ = (uint32_t{1} << shape.fingerprint_bits) - 1;
  return map;
}

void FuseMap::Prefetch(uint64_t key) const {
  if (shape_.keys == 0) return;
  const Places at = PlacesOf(Mix(key, shape_.seed), shape_);
  const auto width = static_cast<uint64_t>(shape_.slot_bits());
  for (const uint64_t slot : {at.first, at.second, at.third}) {
    __builtin_prefetch(bytes_.data() + (slot * width >> 3));
  }
}

Result<BuiltFuseMap> BuildFuseMap(std::span<const uint64_t> keys,
                                  std::span<const uint32_t> values,
                                  int fingerprint_bits, int value_bits) {
  CHECK(fingerprint_bits > 0 && value_bits >= 0 &&
        fingerprint_bits + value_bits <= kFuseSlotBitsMax);
  CHECK(values.empty() || values.size() == keys.size());
  if (keys.size() > kFuseKeysMax) {
    return Error(Code::kTooLarge, fmt::format("fuse map: {} keys; the limit "
                                              "is {}",
                                              keys.size(), kFuseKeysMax));
  }
  BuiltFuseMap built;
  built.shape = ShapeFor(keys.size(), fingerprint_bits, value_bits);
  FuseShape& shape = built.shape;
  if (keys.empty()) {
    shape = {.fingerprint_bits = shape.fingerprint_bits,
             .value_bits = shape.value_bits};
    return built;
  }
  std::vector<Taken> taken;
  for (int i = 0; taken.empty(); ++i) {
    CHECK(i < kTriesMax);  // two keys are equal
    shape.seed = FuseMap::Mix(static_cast<uint64_t>(i), keys.size());
    taken = Peel(keys, shape);
  }
  const uint32_t print_mask = (uint32_t{1} << fingerprint_bits) - 1;
  std::vector<uint32_t> slots(shape.slots());
  for (size_t i = taken.size(); i-- > 0;) {
    const Taken& one = taken[i];
    const uint32_t value = values.empty() ? 0 : values[one.key];
    CHECK(value >> value_bits == 0);
    const FuseMap::Places at = FuseMap::PlacesOf(one.hash, shape);
    const uint32_t want =
        (FuseMap::Print(one.hash) & print_mask) | value << fingerprint_bits;
    slots[one.slot] =
        want ^ slots[at.first] ^ slots[at.second] ^ slots[at.third];
  }
  built.bytes = PackSlots(shape, slots);
  return built;
}

}  // namespace cofferdam::evidence
