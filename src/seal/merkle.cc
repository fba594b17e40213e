#include "seal/merkle.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace cofferdam::seal {
namespace {

constexpr char kLeafPrefix = 0;
constexpr char kNodePrefix = 1;
// Entries up to here are hashed from the stack.
constexpr size_t kShortEntryBytes = 127;

std::string_view ViewOf(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// The largest power of two below `n`; n > 1.
uint64_t SplitOf(uint64_t n) { return std::bit_floor(n - 1); }

Error Wrong(std::string_view what) {
  return Error(Code::kCorrupt, std::string(what));
}

// Root over the leaves [begin, begin + size); begin is a multiple of the
// smallest power of two that is not below size.
Result<Digest> RangeRoot(uint64_t begin, uint64_t size,
                         const NodeReader& read) {
  if (std::has_single_bit(size)) {
    const int level = std::countr_zero(size);
    return read(level, begin >> level);
  }
  const uint64_t left_size = SplitOf(size);
  TRY_ASSIGN(const Digest left, RangeRoot(begin, left_size, read));
  TRY_ASSIGN(const Digest right,
             RangeRoot(begin + left_size, size - left_size, read));
  return NodeHash(left, right);
}

// Whether who checks a proof knows the old tree's root over a range already.
enum class OldRoot { kKnown, kUnknown };

// The recursion of RFC 6962, section 2.1.2, over [begin, begin + size).
Status AddConsistency(uint64_t old_size, uint64_t begin, uint64_t size,
                      OldRoot old_root, const NodeReader& read,
                      std::vector<Digest>* proof) {
  if (old_size == size) {
    if (old_root == OldRoot::kKnown) return {};
    TRY_ASSIGN(const Digest root, RangeRoot(begin, size, read));
    proof->push_back(root);
    return {};
  }
  const uint64_t split = SplitOf(size);
  if (old_size <= split) {
    TRY(AddConsistency(old_size, begin, split, old_root, read, proof));
    TRY_ASSIGN(const Digest right,
               RangeRoot(begin + split, size - split, read));
    proof->push_back(right);
    return {};
  }
  TRY(AddConsistency(old_size - split, begin + split, size - split,
                     OldRoot::kUnknown, read, proof));
  TRY_ASSIGN(const Digest left, RangeRoot(begin, split, read));
  proof->push_back(left);
  return {};
}

}  // namespace

Digest LeafHash(std::string_view entry) {
  if (entry.size() <= kShortEntryBytes) {
    std::array<char, kShortEntryBytes + 1> input;
    input[0] = kLeafPrefix;
    std::copy(entry.begin(), entry.end(), input.begin() + 1);
    return Sha256({input.data(), entry.size() + 1});
  }
  std::string input(1, kLeafPrefix);
  input.append(entry);
  return Sha256(input);
}

Digest NodeHash(const Digest& left, const Digest& right) {
  std::array<uint8_t, 1 + 2 * sizeof(Digest)> input;
  input[0] = kNodePrefix;
  std::copy(left.begin(), left.end(), input.begin() + 1);
  std::copy(right.begin(), right.end(), input.begin() + 1 + sizeof(Digest));
  return Sha256(ViewOf(input.data(), input.size()));
}

Result<CompactTree> CompactTree::FromPeaks(uint64_t size,
                                           std::vector<Digest> peaks) {
  if (peaks.size() != static_cast<size_t>(std::popcount(size))) {
    return Wrong("hash tree: subtrees do not fit the number of leaves");
  }
  CompactTree tree;
  tree.size_ = size;
  tree.peaks_ = std::move(peaks);
  return tree;
}

const std::vector<Node>& CompactTree::Add(const Digest& leaf) {
  completed_.clear();
  Digest hash = leaf;
  int level = 0;
  for (; (size_ >> level & 1) != 0; ++level) {
    hash = NodeHash(peaks_.back(), hash);
    peaks_.pop_back();
    completed_.push_back({level + 1, size_ >> (level + 1), hash});
  }
  peaks_.push_back(hash);
  ++size_;
  return completed_;
}

Digest CompactTree::Root() const {
  if (peaks_.empty()) return Sha256("");
  Digest root = peaks_.back();
  for (size_t i = peaks_.size() - 1; i > 0; --i) {
    root = NodeHash(peaks_[i - 1], root);
  }
  return root;
}

std::vector<Node> PeaksOf(uint64_t size) {
  std::vector<Node> peaks;
  for (uint64_t left = size; left != 0; left -= std::bit_floor(left)) {
    const int level = std::bit_width(left) - 1;
    peaks.push_back({level, (size - left) >> level, {}});
  }
  return peaks;
}

Result<std::vector<Digest>> ProveInclusion(uint64_t index, uint64_t size,
                                           const NodeReader& read) {
  if (index >= size) {
    return Error(Code::kInvalid, "inclusion proof: no such leaf in this tree");
  }
  std::vector<Digest> proof;
  uint64_t begin = 0;
  // From the root down to the leaf.
  while (size > 1) {
    const uint64_t split = SplitOf(size);
    if (index < split) {
      TRY_ASSIGN(const Digest right,
                 RangeRoot(begin + split, size - split, read));
      proof.push_back(right);
      size = split;
    } else {
      TRY_ASSIGN(const Digest left, RangeRoot(begin, split, read));
      proof.push_back(left);
      begin += split;
      index -= split;
      size -= split;
    }
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

Result<std::vector<Digest>> ProveConsistency(uint64_t old_size, uint64_t size,
                                             const NodeReader& read) {
  if (old_size < 1 || old_size > size) {
    return Error(Code::kInvalid, "consistency proof: not an earlier tree");
  }
  std::vector<Digest> proof;
  TRY(AddConsistency(old_size, 0, size, OldRoot::kKnown, read, &proof));
  return proof;
}

// RFC 9162, section 2.1.3.2: the bits of `index` say on which side the proof's
// next hash lies, those of `last` where the right edge rises without one.
Status CheckInclusion(const Digest& leaf, uint64_t index, const TreeHead& head,
                      const std::vector<Digest>& proof) {
  if (index >= head.size) return Wrong("inclusion proof: no such leaf");
  uint64_t last = head.size - 1;
  Digest hash = leaf;
  for (const Digest& beside : proof) {
    if (last == 0) return Wrong("inclusion proof: too long");
    if ((index & 1) != 0 || index == last) {
      hash = NodeHash(beside, hash);
      while ((index & 1) == 0 && index != 0) {
        index >>= 1;
        last >>= 1;
      }
    } else {
      hash = NodeHash(hash, beside);
    }
    index >>= 1;
    last >>= 1;
  }
  if (last != 0) return Wrong("inclusion proof: too short");
  if (hash != head.root) return Wrong("inclusion proof: gives another root");
  return {};
}

// RFC 9162, section 2.1.4.2.
Status CheckConsistency(const TreeHead& old_head, const TreeHead& head,
                        const std::vector<Digest>& proof) {
  if (old_head.size > head.size) return Wrong("consistency proof: log shrank");
  if (old_head.size == 0 || old_head.size == head.size) {
    if (!proof.empty()) return Wrong("consistency proof: too long");
    const Digest expected = old_head.size == 0 ? Sha256("") : head.root;
    if (old_head.root != expected) return Wrong("consistency proof: two roots");
    return {};
  }
  uint64_t old_index = old_head.size - 1;
  uint64_t index = head.size - 1;
  while ((old_index & 1) != 0) {
    old_index >>= 1;
    index >>= 1;
  }
  auto next = proof.begin();
  // A complete old tree is itself the first hash.
  const bool complete = std::has_single_bit(old_head.size);
  if (!complete && next == proof.end()) {
    return Wrong("consistency proof: too short");
  }
  Digest old_root = complete ? old_head.root : *next++;
  Digest root = old_root;
  for (; next != proof.end(); ++next) {
    if (index == 0) return Wrong("consistency proof: too long");
    if ((old_index & 1) != 0 || old_index == index) {
      old_root = NodeHash(*next, old_root);
      root = NodeHash(*next, root);
      while ((old_index & 1) == 0 && old_index != 0) {
        old_index >>= 1;
        index >>= 1;
      }
    } else {
      root = NodeHash(root, *next);
    }
    old_index >>= 1;
    index >>= 1;
  }
  if (index != 0) return Wrong("consistency proof: too short");
  if (old_root != old_head.root || root != head.root) {
    return Wrong("consistency proof: gives other roots");
  }
  return {};
}

}  // namespace cofferdam::seal
