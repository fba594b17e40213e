#include "seal/merkle.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "base/random.h"

namespace cofferdam::seal {
namespace {

// The eight entries and the roots over the first n of them that certificate
// transparency's implementations test with.
std::vector<std::string> KnownEntries() {
  std::vector<std::string> entries;
  for (const char* hex :
       {"", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f"}) {
    const auto bytes = *FromHex(hex);
    entries.emplace_back(bytes.begin(), bytes.end());
  }
  return entries;
}
constexpr const char* kKnownRoots[] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

// The definition of RFC 6962, section 2.1, as it stands: slow, and sure.
Digest NaiveRoot(const std::vector<std::string>& entries, size_t begin,
                 size_t end) {
  if (begin == end) return Sha256("");
  if (end - begin == 1) return Sha256(std::string(1, '\0') + entries[begin]);
  size_t split = 1;
  while (split * 2 < end - begin) split *= 2;
  const Digest left = NaiveRoot(entries, begin, begin + split);
  const Digest right = NaiveRoot(entries, begin + split, end);
  std::string input(1, '\1');
  input.append(left.begin(), left.end()).append(right.begin(), right.end());
  return Sha256(input);
}

std::vector<std::string> Entries(size_t count) {
  std::vector<std::string> entries;
  for (size_t i = 0; i < count; ++i) {
    entries.push_back(std::string(i % 300, 'e') + std::to_string(i));
  }
  return entries;
}

// A log that keeps all its nodes.
struct KeptLog {
  CompactTree tree;
  std::map<std::pair<int, uint64_t>, Digest> nodes;

  explicit KeptLog(const std::vector<std::string>& entries) {
    for (const std::string& entry : entries) {
      const Digest leaf = LeafHash(entry);
      nodes[{0, tree.size()}] = leaf;
      for (const Node& node : tree.Add(leaf)) {
        nodes[{node.level, node.index}] = node.hash;
      }
    }
  }
  NodeReader reader() const {
    return [this](int level, uint64_t index) -> Result<Digest> {
      const auto found = nodes.find({level, index});
      if (found == nodes.end()) return Error(Code::kNotFound, "no such node");
      return found->second;
    };
  }
};

TEST(CompactTree, GivesTheKnownRoots) {
  CompactTree tree;
  EXPECT_EQ(ToHex(tree.Root()), kKnownRoots[0]);
  size_t n = 0;
  for (const std::string& entry : KnownEntries()) {
    tree.Add(LeafHash(entry));
    EXPECT_EQ(ToHex(tree.Root()), kKnownRoots[++n]) << n;
    EXPECT_EQ(tree.size(), n);
  }
}

TEST(CompactTree, AgreesWithTheDefinitionAtEverySize) {
  const auto entries = Entries(130);
  CompactTree tree;
  for (size_t n = 0; n <= entries.size(); ++n) {
    EXPECT_EQ(tree.Root(), NaiveRoot(entries, 0, n)) << n;
    if (n < entries.size()) tree.Add(LeafHash(entries[n]));
  }
}

TEST(CompactTree, IsMadeAgainFromTheNodesItCompleted) {
  const auto entries = Entries(70);
  for (size_t n = 0; n <= entries.size(); ++n) {
    const KeptLog log(
        {entries.begin(), entries.begin() + static_cast<long>(n)});
    std::vector<Digest> peaks;
    for (const Node& peak : PeaksOf(n)) {
      peaks.push_back(log.nodes.at({peak.level, peak.index}));
    }
    const auto made = CompactTree::FromPeaks(n, peaks);
    ASSERT_TRUE(made.ok()) << n;
    EXPECT_EQ(*made, log.tree) << n;
  }
}

TEST(CompactTree, RefusesPeaksThatDoNotFitItsSize) {
  EXPECT_EQ(CompactTree::FromPeaks(3, {Digest{}}).error().code(),
            Code::kCorrupt);
  EXPECT_EQ(CompactTree::FromPeaks(3, std::vector<Digest>(3)).error().code(),
            Code::kCorrupt);
  EXPECT_TRUE(CompactTree::FromPeaks(UINT64_MAX, std::vector<Digest>(64)).ok());
}

TEST(Inclusion, IsProvedForEveryLeafOfEveryTree) {
  const auto entries = Entries(40);
  for (size_t n = 1; n <= entries.size(); ++n) {
    const KeptLog log(
        {entries.begin(), entries.begin() + static_cast<long>(n)});
    for (size_t i = 0; i < n; ++i) {
      const auto proof = ProveInclusion(i, n, log.reader());
      ASSERT_TRUE(proof.ok()) << i << " of " << n;
      EXPECT_TRUE(
          CheckInclusion(LeafHash(entries[i]), i, log.tree.head(), *proof).ok())
          << i << " of " << n;
    }
    EXPECT_EQ(ProveInclusion(n, n, log.reader()).error().code(),
              Code::kInvalid);
  }
}

TEST(Inclusion, IsNotShownByAnythingElse) {
  const auto entries = Entries(21);
  const KeptLog log(entries);
  const TreeHead head = log.tree.head();
  for (size_t i = 0; i < entries.size(); ++i) {
    const auto proof = *ProveInclusion(i, entries.size(), log.reader());
    const Digest leaf = LeafHash(entries[i]);
    EXPECT_FALSE(CheckInclusion(LeafHash("x"), i, head, proof).ok());
    EXPECT_FALSE(CheckInclusion(leaf, i ^ 1, head, proof).ok());
    EXPECT_FALSE(CheckInclusion(leaf, head.size, head, proof).ok());
    for (size_t at = 0; at < proof.size(); ++at) {
      auto changed = proof;
      changed[at][7] ^= 1;
      EXPECT_FALSE(CheckInclusion(leaf, i, head, changed).ok());
      changed = proof;
      changed.erase(changed.begin() + static_cast<long>(at));
      EXPECT_FALSE(CheckInclusion(leaf, i, head, changed).ok());
    }
    auto longer = proof;
    longer.push_back(leaf);
    EXPECT_FALSE(CheckInclusion(leaf, i, head, longer).ok());
  }
}

TEST(Consistency, IsProvedBetweenAnyTwoSizes) {
  const auto entries = Entries(40);
  const KeptLog log(entries);
  for (size_t n = 1; n <= entries.size(); ++n) {
    const TreeHead head{n, NaiveRoot(entries, 0, n)};
    for (size_t old = 1; old <= n; ++old) {
      const TreeHead old_head{old, NaiveRoot(entries, 0, old)};
      const auto proof = ProveConsistency(old, n, log.reader());
      ASSERT_TRUE(proof.ok()) << old << " in " << n;
      EXPECT_TRUE(CheckConsistency(old_head, head, *proof).ok())
          << old << " in " << n;
    }
    EXPECT_TRUE(CheckConsistency({0, Sha256("")}, head, {}).ok());
    EXPECT_EQ(ProveConsistency(0, n, log.reader()).error().code(),
              Code::kInvalid);
    EXPECT_EQ(ProveConsistency(n + 1, n, log.reader()).error().code(),
              Code::kInvalid);
  }
}

TEST(Consistency, IsNotShownForALogThatWasChanged) {
  auto entries = Entries(29);
  const KeptLog log(entries);
  const TreeHead head = log.tree.head();
  for (size_t old = 1; old < entries.size(); ++old) {
    const auto proof = *ProveConsistency(old, entries.size(), log.reader());
    auto other = entries;
    other[old / 2] += "x";
    EXPECT_FALSE(
        CheckConsistency({old, NaiveRoot(other, 0, old)}, head, proof).ok());
    const TreeHead old_head{old, NaiveRoot(entries, 0, old)};
    for (size_t at = 0; at < proof.size(); ++at) {
      auto changed = proof;
      changed[at][31] ^= 0x80;
      EXPECT_FALSE(CheckConsistency(old_head, head, changed).ok());
    }
    auto longer = proof;
    longer.push_back(head.root);
    EXPECT_FALSE(CheckConsistency(old_head, head, longer).ok());
    if (!proof.empty()) {
      auto shorter = proof;
      shorter.pop_back();
      EXPECT_FALSE(CheckConsistency(old_head, head, shorter).ok());
    }
  }
  EXPECT_FALSE(CheckConsistency(head, {3, {}}, {}).ok());
  EXPECT_FALSE(CheckConsistency(head, {head.size, {}}, {}).ok());
  EXPECT_FALSE(CheckConsistency({0, {}}, head, {}).ok());
}

TEST(Consistency, WithForeignProofsOfAnyShapeEndsWithAnAnswer) {
  SeededRandom random(6962);
  for (int i = 0; i < 20'000; ++i) {
    TreeHead old_head{random.Next() >> random.Below(64), {}};
    TreeHead head{random.Next() >> random.Below(64), {}};
    random.Fill(head.root);
    std::vector<Digest> proof(random.Below(70));
    EXPECT_FALSE(CheckInclusion({}, old_head.size, head, proof).ok());
    if (old_head.size != 0) {
      EXPECT_FALSE(CheckConsistency(old_head, head, proof).ok());
    }
  }
}

}  // namespace
}  // namespace cofferdam::seal
