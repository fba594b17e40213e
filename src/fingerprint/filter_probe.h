#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "fingerprint/block_bits.h"
#include "fingerprint/segment.h"

namespace cofferdam::fingerprint {

// Many hashes in a filter at once (docs/formats/segment.md): where the filter
// is larger than the caches, what costs is waiting for memory, so the words of
// many are asked for before the first is judged.

// A filter of `words` words of eight bytes, at least one: a key sets three bits
// of one word (ProbeFilter).
struct KeyFilter {
  const char* words_at = nullptr;
  uint64_t words = 0;
};

// Writes to `out` the places of those of `hashes` whose keys the filter may
// hold, rising, each with `first` added, and returns how many. `out` has room
// for kProbesBehind more than hashes; what is behind the answer is of any
// value. `unit` is what may be used of the machine; the outcome is the same.
inline constexpr size_t kProbesBehind = 8;
size_t ProbeMany(const KeyFilter& filter, std::span<const uint64_t> hashes,
                 uint32_t first, uint32_t* out,
                 VectorUnit unit = BestVectorUnit());

}  // namespace cofferdam::fingerprint
