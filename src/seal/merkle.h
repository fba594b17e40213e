#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "seal/hash.h"

// The hash tree of a log that only grows (RFC 6962, section 2.1, with
// SHA-256). Leaves are numbered from 0. A node of level 0 is a leaf's hash, one
// of level k covers the 2^k leaves from index * 2^k on.
namespace cofferdam::seal {

// SHA-256 of 00 and `entry`.
Digest LeafHash(std::string_view entry);
// SHA-256 of 01, `left` and `right`.
Digest NodeHash(const Digest& left, const Digest& right);

// What a log said of itself: how many leaves, and the root over them.
struct TreeHead {
  uint64_t size = 0;
  Digest root = {};

  bool operator==(const TreeHead&) const = default;
};

struct Node {
  int level = 0;
  uint64_t index = 0;
  Digest hash = {};

  bool operator==(const Node&) const = default;
};

// All that must be kept of a tree to add leaves and know its root: the complete
// subtrees that it falls into, at most 64 hashes. Plain data.
class CompactTree {
 public:
  // Of no leaves.
  CompactTree() = default;
  // Of `size` leaves with these subtrees, the largest first. kCorrupt unless
  // there is one for each bit that is set in `size`.
  static Result<CompactTree> FromPeaks(uint64_t size,
                                       std::vector<Digest> peaks);

  // Adds a leaf's hash. Returns the nodes of level 1 and up that it completed,
  // lowest first; valid until the next call. One on average.
  const std::vector<Node>& Add(const Digest& leaf);

  uint64_t size() const { return size_; }
  const std::vector<Digest>& peaks() const { return peaks_; }
  // SHA-256 of nothing for no leaves. Costs a hash for each peak.
  Digest Root() const;
  TreeHead head() const { return {size_, Root()}; }

  bool operator==(const CompactTree& other) const {
    return size_ == other.size_ && peaks_ == other.peaks_;
  }

 private:
  uint64_t size_ = 0;
  std::vector<Digest> peaks_;
  std::vector<Node> completed_;
};

// Level and index of the complete subtrees of a tree with `size` leaves, the
// largest first; their hashes are zero.
std::vector<Node> PeaksOf(uint64_t size);

// Where a proof finds the hash of a node all of whose leaves are in the log.
using NodeReader = std::function<Result<Digest>(int level, uint64_t index)>;

// Shows that leaf `index` is in the tree of `size` leaves: the hashes beside
// the path from it to the root, lowest first. kInvalid unless index < size;
// errors of `read`. Costs some log2(size)^2 / 2 reads.
Result<std::vector<Digest>> ProveInclusion(uint64_t index, uint64_t size,
                                           const NodeReader& read);
// Shows that the tree of `old_size` leaves is a prefix of that of `size`.
// kInvalid unless 1 <= old_size <= size.
Result<std::vector<Digest>> ProveConsistency(uint64_t old_size, uint64_t size,
                                             const NodeReader& read);

// kCorrupt where the proof does not show it. Proofs may come from anybody.
Status CheckInclusion(const Digest& leaf, uint64_t index, const TreeHead& head,
                      const std::vector<Digest>& proof);
// An empty log is a prefix of every log, by an empty proof.
Status CheckConsistency(const TreeHead& old_head, const TreeHead& head,
                        const std::vector<Digest>& proof);

}  // namespace cofferdam::seal
