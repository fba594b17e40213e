#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "fingerprint/segment.h"

namespace cofferdam::fingerprint {

// Many look-ups in one segment at once. What costs in a look-up is waiting for
// memory, so the lines of many are asked for before the first is read.

// A hash of several whose key the segment holds.
struct ListedKey {
  uint32_t query = 0;       // which of the hashes
  uint64_t begin = 0;       // its first posting, of the segment's
  uint64_t bucket_end = 0;  // its last one is before this

  bool operator==(const ListedKey&) const = default;
};

// A posting as the segment stores it: its output is not yet known.
struct ListedPlace {
  uint64_t token = 0;  // counted over all outputs of the segment
  uint32_t query = 0;  // which of the keys asked for

  bool operator==(const ListedPlace&) const = default;
};

// The output that a token belongs to, and the tokens it takes up.
struct TokenOwner {
  uint32_t output = 0;  // ordinal in the segment
  uint64_t begin = 0;
  uint64_t end = 0;
};

// A view of a segment, which must outlive it. Any number of threads.
class SegmentLookup {
 public:
  explicit SegmentLookup(const Segment& segment) : segment_(segment) {}

  // Appends to `kept`, rising, each i for which the segment may contain
  // hashes[i] (Segment::MayContain).
  void Filter(std::span<const uint64_t> hashes,
              std::vector<uint32_t>* kept) const;

  // Appends to `keys`, in their order, those of the `queries` (places in
  // `hashes`) whose key the segment holds. Dear for those that Filter would not
  // have kept.
  void Keys(std::span<const uint64_t> hashes, std::span<const uint32_t> queries,
            std::vector<ListedKey>* keys) const;

  // Appends the postings of every key that Keys gave, at most `most` for each,
  // by rising place in `keys`, which is their query, and token. Returns how
  // many were left out.
  uint64_t Places(std::span<const ListedKey> keys, size_t most,
                  std::vector<ListedPlace>* places) const;

  // kCorrupt when no output holds the token.
  Result<TokenOwner> OwnerOf(uint64_t token) const;

 private:
  void Locate(std::span<const uint64_t> hashes,
              std::span<const uint32_t> queries,
              std::vector<ListedKey>* keys) const;

  const Segment& segment_;
};

}  // namespace cofferdam::fingerprint
