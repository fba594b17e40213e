#include "corpus/main_branch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/random.h"
#include "corpus/folder_testing.h"
#include "corpus/git_internal.h"
#include "corpus/history_testing.h"

namespace cofferdam::corpus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int64_t kSecond = 1'000'000;

MainBranch Read(const TestHistory& history, MainBranchOptions options = {}) {
  auto branch = MainBranch::Read(history.path(), options);
  CHECK_OK(branch);
  return *std::move(branch);
}

// "commit:path:line landed-gone", times in seconds, of all lines.
std::vector<std::string> Lines(const MainBranch& branch) {
  std::vector<std::string> lines;
  for (const BroughtCommit& commit : branch.commits()) {
    for (const BroughtFile& file : commit.files) {
      for (const BroughtLine& line : file.lines) {
        const std::string gone =
            line.gone_micros == kStillThere
                ? ""
                : std::to_string(line.gone_micros / kSecond);
        lines.push_back(std::to_string(commit.authored_micros / kSecond) + ":" +
                        file.path + ":" + std::to_string(line.line) + " " +
                        std::to_string(line.landed_micros / kSecond) + "-" +
                        gone);
      }
    }
  }
  return lines;
}

TEST(MainBranch, TellsWhenEachLineCameAndWent) {
  TestHistory history;
  const auto first = history.Commit({{"a.py", "one\ntwo\n"}}, {}, 10);
  const auto second = history.Commit({{"a.py", "zero\none\n"}}, {first}, 20);
  history.Commit({{"a.py", "zero\n"}}, {second}, 30);
  EXPECT_THAT(
      Lines(Read(history)),
      ElementsAre("10:a.py:1 10-30", "10:a.py:2 10-20", "20:a.py:1 20-"));
}

TEST(MainBranch, ToldOfATimeTellsOnlyOfItsCommits) {
  TestHistory history;
  const auto first = history.Commit({{"a", "one\n"}}, {}, 10);
  const auto second = history.Commit({{"a", "one\ntwo\n"}}, {first}, 20);
  history.Commit({{"a", "three\n"}}, {second}, 30);
  MainBranchOptions options;
  options.from_micros = 20 * kSecond;
  options.end_micros = 30 * kSecond;
  EXPECT_THAT(Lines(Read(history, options)), ElementsAre("20:a:2 20-30"));
  options.end_micros = 30 * kSecond + 1;
  EXPECT_EQ(Lines(Read(history, options)).size(), 2u);
  options.from_micros = 20 * kSecond + 1;
  EXPECT_THAT(Lines(Read(history, options)), ElementsAre("30:a:1 30-"));
}

TEST(MainBranch, GivesLinesOfABranchToItsCommitsWhenItIsMerged) {
  TestHistory history;
  const auto base = history.Commit({{"a", "1\n2\n3\n"}}, {}, 10);
  const auto left = history.Commit({{"a", "0\n1\n2\n3\n"}}, {base}, 20);
  const auto right =
      history.Commit({{"a", "1\n2\n3\n4\nx\n"}, {"b", "new\n"}}, {base}, 21);
  const auto again =
      history.Commit({{"a", "1\n2\n3\n4\ny\n"}, {"b", "new\n"}}, {right}, 22);
  history.Commit({{"a", "0\n1\n2\n3\n4\ny\nmerged\n"}, {"b", "new\n"}},
                 {left, again}, 30);
  // "x" was never there, "merged" is the merge's, which brings nothing.
  EXPECT_THAT(Lines(Read(history)),
              testing::UnorderedElementsAre(
                  "10:a:1 10-", "10:a:2 10-", "10:a:3 10-", "20:a:1 20-",
                  "21:a:4 30-", "21:b:1 30-", "22:a:5 30-"));
}

TEST(MainBranch, FollowsARenamedFile) {
  TestHistory history;
  const auto first =
      history.Commit({{"a", "1\n2\n3\n4\n"}, {"other", "x\n"}}, {}, 10);
  const auto second = history.Commit(
      {{"dir/b", "1\n2\n3\n5\n"}, {"other", "x\n"}}, {first}, 20);
  history.Commit({{"c", "1\n2\n3\n5\n"}, {"other", "x\n"}}, {second}, 30);
  EXPECT_THAT(Lines(Read(history)),
              ElementsAre("10:a:1 10-", "10:a:2 10-", "10:a:3 10-",
                          "10:a:4 10-20", "10:other:1 10-", "20:dir/b:4 20-"));
}

TEST(MainBranch, RevertedLinesAreGoneAndComeAsNewOnes) {
  TestHistory history;
  const auto first = history.Commit({{"a", "1\n"}}, {}, 10);
  const auto second = history.Commit({{"a", "1\n2\n"}}, {first}, 20);
  const auto reverted = history.Commit({{"a", "1\n"}}, {second}, 30);
  history.Commit({{"a", "1\n2\n"}}, {reverted}, 40);
  EXPECT_THAT(Lines(Read(history)),
              ElementsAre("10:a:1 10-", "20:a:2 20-30", "40:a:2 40-"));
}

TEST(MainBranch, LeavesOutGeneratedAndVendoredFiles) {
  TestHistory history;
  history.Commit({{".gitattributes",
                   "gen/** linguist-generated\n"
                   "third/** linguist-vendored=true\n"
                   "mine.lock linguist-generated\n"
                   "gen/kept.py -linguist-generated\n"
                   "go.sum -linguist-generated\n"},
                  {"gen/a.py", "1\n2\n"},
                  {"gen/kept.py", "1\n"},
                  {"third/b.c", "1\n2\n3\n"},
                  {"go.sum", "counted\n"},
                  {"web/yarn.lock", "1\n"}},
                 {}, 10);
  const MainBranch branch = Read(history);
  ASSERT_EQ(branch.commits().size(), 1u);
  std::vector<std::string> paths;
  for (const BroughtFile& file : branch.commits()[0].files) {
    paths.push_back(file.path);
  }
  EXPECT_THAT(paths, ElementsAre(".gitattributes", "gen/kept.py", "go.sum"));
  EXPECT_EQ(branch.commits()[0].left_out_lines, 6u);
}

TEST(MainBranch, HasNoLinesOfBinaryAndTooLongFiles) {
  TestHistory history;
  history.Commit({{"bin", std::string("a\0b\n", 4)}, {"long", "12345678\n"}},
                 {}, 10);
  MainBranchOptions options;
  options.file_bytes_max = 9;
  EXPECT_THAT(Lines(Read(history, options)), ElementsAre("10:long:1 10-"));
  options.file_bytes_max = 8;
  EXPECT_THAT(Lines(Read(history, options)), IsEmpty());
}

TEST(MainBranch, BeyondALimitIsTooLarge) {
  TestHistory history;
  const auto first = history.Commit({{"a", "1\n2\n"}}, {}, 10);
  history.Commit({{"a", "1\n2\n3\n"}}, {first}, 20);
  MainBranchOptions options;
  options.commits_max = 2;
  options.lines_max = 3;
  EXPECT_EQ(Lines(Read(history, options)).size(), 3u);
  options.commits_max = 1;
  EXPECT_EQ(MainBranch::Read(history.path(), options).error().code(),
            Code::kTooLarge);
  options.commits_max = 2;
  options.lines_max = 2;
  EXPECT_EQ(MainBranch::Read(history.path(), options).error().code(),
            Code::kTooLarge);
}

TEST(MainBranch, OfAShallowCloneCallsItsOldestCommitOld) {
  TestHistory history;
  const auto first = history.Commit({{"a", "1\n"}}, {}, 10);
  const auto second = history.Commit({{"a", "1\n2\n"}}, {first}, 20);
  history.Commit({{"a", "1\n2\n3\n"}}, {second}, 30);
  history.Remove(first);
  const MainBranch branch = Read(history);
  EXPECT_THAT(Lines(branch), ElementsAre("30:a:3 30-"));
  EXPECT_THAT(branch.notices(), ElementsAre(HasSubstr("lacks a parent")));
}

TEST(MainBranch, OfNoRepositoryOrBranchIsNotFound) {
  TestFolder folder;
  EXPECT_FALSE(MainBranch::Read(folder.path(), {}).ok());
  TestHistory history;
  history.Commit({{"a", "1\n"}}, {}, 10);
  MainBranchOptions options;
  options.branch = "nowhere";
  auto branch = MainBranch::Read(history.path(), options);
  ASSERT_FALSE(branch.ok());
  EXPECT_EQ(branch.error().code(), Code::kNotFound);
}

// A random history whose lines are all different, so that a line is where its
// text stands; the second engine looks for texts.
class RandomHistory {
 public:
  explicit RandomHistory(uint64_t seed) : random_(seed) {}

  void Make(int commits) {
    for (int i = 0; i < commits; ++i) {
      const size_t count = made_.size();
      if (count == 0) {
        Add(Edited({}), {});
      } else if (random_.Below(4) == 0 && count > 2) {
        Merge(random_.Below(count), count - 1);
      } else if (random_.Below(4) == 0) {
        const size_t parent = random_.Below(count);
        Add(Edited(made_[parent].files), {parent});
      } else {
        Add(Edited(made_.back().files), {count - 1});
      }
    }
  }

  // As Lines has them.
  std::multiset<std::string> Expected() const {
    std::vector<size_t> chain;
    for (size_t at = made_.size() - 1;;) {
      chain.insert(chain.begin(), at);
      if (made_[at].parents.empty()) break;
      at = made_[at].parents[0];
    }
    std::multiset<std::string> lines;
    for (size_t at = 0; at < made_.size(); ++at) {
      for (const auto& [path, text] : made_[at].files) {
        uint32_t number = 0;
        for (const std::string& line : Split(text)) {
          ++number;
          if (Brings(at, line)) Tell(chain, at, path, number, line, &lines);
        }
      }
    }
    return lines;
  }

  const TestHistory& history() const { return history_; }

 private:
  struct Made {
    std::string id;
    TestHistory::Files files;
    std::vector<size_t> parents;
  };

  static std::vector<std::string> Split(const std::string& text) {
    std::vector<std::string> lines;
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at);
      lines.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return lines;
  }
  bool Has(size_t at, const std::string& line) const {
    for (const auto& [path, text] : made_[at].files) {
      if (("\n" + text).find("\n" + line + "\n") != std::string::npos) {
        return true;
      }
    }
    return false;
  }
  bool Brings(size_t at, const std::string& line) const {
    for (size_t parent : made_[at].parents) {
      if (Has(parent, line)) return false;
    }
    return true;
  }
  void Tell(const std::vector<size_t>& chain, size_t at,
            const std::string& path, uint32_t number, const std::string& line,
            std::multiset<std::string>* lines) const {
    std::string landed;
    std::string gone;
    for (size_t step : chain) {
      const std::string time = std::to_string((step + 1) * 10);
      if (Has(step, line)) {
        if (landed.empty()) landed = time;
        gone.clear();
      } else if (!landed.empty() && gone.empty()) {
        gone = time;
      }
    }
    if (landed.empty()) return;
    lines->insert(std::to_string((at + 1) * 10) + ":" + path + ":" +
                  std::to_string(number) + " " + landed + "-" + gone);
  }
  TestHistory::Files Edited(TestHistory::Files files) {
    for (const char* path : {"a", "b", "c"}) {
      if (random_.Below(2) == 0) continue;
      std::string text;
      for (const std::string& line : Split(files[path])) {
        while (random_.Below(5) == 0) text += Fresh();
        if (random_.Below(5) != 0) text += line + "\n";
      }
      files[path] = text + Fresh();
    }
    return files;
  }
  std::string Fresh() { return "line " + std::to_string(++fresh_) + "\n"; }
  void Merge(size_t other, size_t first) {
    TestHistory::Files files = made_[first].files;
    for (auto& [path, text] : files) {
      const auto theirs = made_[other].files.find(path);
      if (random_.Below(2) == 0 && theirs != made_[other].files.end()) {
        text = theirs->second;
      }
    }
    Add(std::move(files), {first, other});
  }
  void Add(TestHistory::Files files, std::vector<size_t> parents) {
    std::vector<std::string> ids;
    for (size_t parent : parents) ids.push_back(made_[parent].id);
    const auto second = static_cast<int64_t>(made_.size() + 1) * 10;
    std::string id = history_.Commit(files, ids, second);
    made_.push_back({std::move(id), std::move(files), std::move(parents)});
  }

  SeededRandom random_;
  TestHistory history_;
  std::vector<Made> made_;
  int fresh_ = 0;
};

TEST(MainBranch, AgreesWithASearchForTexts) {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    RandomHistory random(seed);
    random.Make(25);
    const std::vector<std::string> lines = Lines(Read(random.history()));
    EXPECT_EQ(std::multiset<std::string>(lines.begin(), lines.end()),
              random.Expected())
        << "seed " << seed;
  }
}

TEST(IsLockFile, KnowsThemByName) {
  EXPECT_TRUE(IsLockFile("package-lock.json"));
  EXPECT_TRUE(IsLockFile("a/b/Cargo.lock"));
  EXPECT_FALSE(IsLockFile("my-yarn.lock"));
  EXPECT_FALSE(IsLockFile("yarn.lock/a.py"));
}

}  // namespace
}  // namespace cofferdam::corpus
