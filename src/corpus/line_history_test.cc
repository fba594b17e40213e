#include "corpus/line_history.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "corpus/blob_lines_internal.h"
#include "corpus/history_testing.h"

namespace cofferdam::corpus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Files = TestHistory::Files;

// "commit:path:line" of each line of the only file, the commit as its second.
std::vector<std::string> Sources(const LineHistory& history, size_t file = 0) {
  std::vector<std::string> sources;
  for (const LineSource& line : history.files.at(file).lines) {
    const HistoryCommit& commit = history.commits.at(line.commit);
    sources.push_back(fmt::format(
        "{}:{}:{}",
        commit.id.empty() ? -1 : commit.committed_micros / 1'000'000,
        history.paths.at(line.path), line.line));
  }
  return sources;
}

class LineHistoryTest : public testing::Test {
 protected:
  LineHistory Read(const LineHistoryOptions& options = {}) {
    return ReadLineHistory(history_.path(), options).value();
  }
  TestHistory history_;
};

TEST_F(LineHistoryTest, ALineBelongsToTheCommitThatBroughtIt) {
  const auto a = history_.Commit({{"f", "one\ntwo\n"}}, {}, 1);
  history_.Commit({{"f", "zero\none\nchanged\nend"}}, {a}, 2);
  EXPECT_THAT(Sources(Read()), ElementsAre("2:f:1", "1:f:1", "2:f:3", "2:f:4"));
  EXPECT_EQ(Read().commits.size(), 2u);
  EXPECT_THAT(Read().commits[1].parents, IsEmpty());
}

TEST_F(LineHistoryTest, ARevisionIsAskedAboutAsGitNamesIt) {
  const auto a = history_.Commit({{"f", "one\n"}}, {}, 1);
  history_.Commit({{"f", "two\n"}}, {a}, 2);
  const LineHistory before = Read({.revision = "HEAD~1"});
  EXPECT_EQ(before.repository.head_commit, a);
  EXPECT_EQ(before.files[0].text, "one\n");
  const auto none = ReadLineHistory(history_.path(), {.revision = "nothing"});
  EXPECT_EQ(none.error().code(), Code::kNotFound);
  EXPECT_THAT(none.error().message(), HasSubstr("no revision \"nothing\""));
}

TEST_F(LineHistoryTest, ARenamedFileIsFollowedThoughItChanged) {
  const auto a = history_.Commit({{"d/old", "one\ntwo\nthree\n"}}, {}, 1);
  const auto b = history_.Commit({{"e/new", "one\ntwo\nthree\n"}}, {a}, 2);
  history_.Commit({{"e/last", "one\ntwo\nthree\nfour\n"}}, {b}, 3);
  const LineHistory read = Read();
  EXPECT_THAT(Sources(read),
              ElementsAre("1:d/old:1", "1:d/old:2", "1:d/old:3", "3:e/last:4"));
  std::vector<std::string> former;
  for (uint32_t path : read.files[0].former_paths)
    former.push_back(read.paths[path]);
  EXPECT_THAT(former, ElementsAre("e/last", "e/new", "d/old"));
}

TEST_F(LineHistoryTest, ACopyOfAFileThatTheCommitChangedIsFollowed) {
  const auto a = history_.Commit({{"f", "one\ntwo\nthree\n"}}, {}, 1);
  history_.Commit({{"f", "one\ntwo\n"}, {"g", "one\ntwo\nthree\n"}}, {a}, 2);
  EXPECT_THAT(Sources(Read(), 1), ElementsAre("1:f:1", "1:f:2", "1:f:3"));
}

TEST_F(LineHistoryTest, AFileThatIsHalfAnotherIsItRenamedAndLessIsNot) {
  const auto a = history_.Commit({{"f", "one\ntwo\n"}}, {}, 1);
  const auto half = history_.Commit({{"g", "one\nxyz\n"}}, {a}, 2);
  EXPECT_THAT(Sources(Read({.revision = half})), ElementsAre("1:f:1", "2:g:2"));
  const auto less = history_.Commit({{"g", "one\nxyzz\n"}}, {a}, 3);
  EXPECT_THAT(Sources(Read({.revision = less})), ElementsAre("3:g:1", "3:g:2"));
}

TEST_F(LineHistoryTest, AMergeGivesLinesToTheParentThatHasThem) {
  const auto base = history_.Commit({{"f", "a\nb\nc\n"}}, {}, 1);
  const auto left = history_.Commit({{"f", "L\na\nb\nc\n"}}, {base}, 2);
  const auto right = history_.Commit({{"f", "a\nb\nc\nR\n"}}, {base}, 3);
  history_.Commit({{"f", "L\na\nB\nc\nR\n"}}, {left, right}, 4);
  EXPECT_THAT(Sources(Read()),
              ElementsAre("2:f:1", "1:f:1", "4:f:3", "1:f:3", "3:f:4"));
}

TEST_F(LineHistoryTest, ChildrenThatSayTheyAreOlderThanTheirParentsDoNotHurt) {
  const auto a = history_.Commit({{"f", "a\n"}}, {}, 100);
  const auto b = history_.Commit({{"f", "a\nb\n"}}, {a}, 50);
  const auto c = history_.Commit({{"f", "x\na\n"}}, {a}, 200);
  history_.Commit({{"f", "x\na\nb\n"}}, {b, c}, 10);
  EXPECT_THAT(Sources(Read()), ElementsAre("200:f:1", "100:f:1", "50:f:2"));
}

TEST_F(LineHistoryTest, PathsChooseFilesAndFolders) {
  history_.Commit({{"a", "1\n"}, {"ab/c", "2\n"}, {"ab/d/e", "3\n"}, {"b", ""}},
                  {}, 1);
  const auto chosen = [&](std::vector<std::string> paths) {
    std::vector<std::string> names;
    for (const FileLines& file : Read({.paths = std::move(paths)}).files)
      names.push_back(file.path);
    return names;
  };
  EXPECT_THAT(chosen({}), ElementsAre("a", "ab/c", "ab/d/e", "b"));
  EXPECT_THAT(chosen({"a"}), ElementsAre("a"));
  EXPECT_THAT(chosen({"ab/"}), ElementsAre("ab/c", "ab/d/e"));
  EXPECT_THAT(chosen({"ab/d", "b"}), ElementsAre("ab/d/e", "b"));
  EXPECT_EQ(
      ReadLineHistory(history_.path(), {.paths = {"a", "ab/x"}}).error().code(),
      Code::kNotFound);
}

TEST_F(LineHistoryTest, WhatLiesInTheWorkTreeAndIsNotCommittedHasNoCommit) {
  history_.Commit({{"f", "one\ntwo\n"}, {"gone", "x\n"}}, {}, 1);
  history_.folder().Write("app/f", "one\nnew\ntwo\n");
  history_.folder().Write("app/untracked", "u\n");
  const LineHistoryOptions options = {.content = LineContent::kWorkTree};
  const LineHistory all = Read(options);
  ASSERT_EQ(all.files.size(), 1u);
  EXPECT_THAT(Sources(all), ElementsAre("1:f:1", "-1:f:2", "1:f:2"));
  EXPECT_THAT(Sources(Read(
                  {.content = LineContent::kWorkTree, .paths = {"untracked"}})),
              ElementsAre("-1:untracked:1"));
}

TEST_F(LineHistoryTest, EndsOfLinesThatTheWorkTreeHasOtherwiseAreNoChange) {
  history_.Commit({{"f", "one\ntwo\n"}}, {}, 1);
  history_.folder().Write("app/f", "one\r\ntwo\r\n");
  EXPECT_THAT(Sources(Read({.content = LineContent::kWorkTree})),
              ElementsAre("1:f:1", "1:f:2"));
}

TEST_F(LineHistoryTest, BeforeTheFirstCommitNothingIsCommitted) {
  history_.folder().Write("app/f", "one\n");
  EXPECT_THAT(
      Sources(Read({.content = LineContent::kWorkTree, .paths = {"f"}})),
      ElementsAre("-1:f:1"));
  EXPECT_EQ(ReadLineHistory(history_.path(), {}).error().code(),
            Code::kNotFound);
}

TEST_F(LineHistoryTest, AMissingCommitEndsTheHistoryAndIsNoticed) {
  const auto a = history_.Commit({{"f", "one\n"}}, {}, 1);
  const auto b = history_.Commit({{"f", "one\ntwo\n"}}, {a}, 2);
  history_.Commit({{"f", "one\ntwo\nthree\n"}}, {b}, 3);
  history_.Remove(a);
  const LineHistory read = Read();
  EXPECT_THAT(Sources(read), ElementsAre("2:f:1", "2:f:2", "3:f:3"));
  EXPECT_TRUE(read.commits[0].boundary);
  EXPECT_FALSE(read.commits[1].boundary);
  EXPECT_THAT(read.notices, ElementsAre(HasSubstr(a)));
}

TEST_F(LineHistoryTest, AMissingTreeOrBlobEndsTheHistoryOfWhatItIsOf) {
  const auto a = history_.Commit({{"d/f", "one\n"}, {"g", "x\n"}}, {}, 1);
  const auto b =
      history_.Commit({{"d/f", "one\ntwo\n"}, {"g", "x\ny\n"}}, {a}, 2);
  history_.Remove(a + ":g");
  EXPECT_THAT(Sources(Read(), 0), ElementsAre("1:d/f:1", "2:d/f:2"));
  EXPECT_THAT(Sources(Read(), 1), ElementsAre("2:g:1", "2:g:2"));
  EXPECT_THAT(Read().notices, ElementsAre(HasSubstr("g before commit " + b)));
  history_.Remove(a + "^{tree}");
  EXPECT_THAT(Sources(Read(), 0), ElementsAre("2:d/f:1", "2:d/f:2"));
}

TEST_F(LineHistoryTest, ABrokenTreeIsNoticedOrRefusedAndNeverRead) {
  const auto a = history_.Commit({{"d/f", "one\n"}}, {}, 1);
  const std::string good = std::string("100644 f\0", 9) + std::string(20, 'x');
  for (const std::string& rows :
       {good.substr(0, good.size() - 1), std::string("100644 f"),
        std::string("f\0", 2) + std::string(20, 'x'),
        std::string("100644 \0", 8) + std::string(20, 'x'),
        std::string("100644 a/b\0", 11) + std::string(20, 'x'),
        std::string("99 f\0", 5) + std::string(20, 'x')}) {
    const auto broken = history_.CommitTree(rows, {a}, 2);
    EXPECT_EQ(
        ReadLineHistory(history_.path(), {.revision = broken}).error().code(),
        Code::kCorrupt);
    const auto after = history_.Commit({{"d/f", "one\n"}}, {broken}, 3);
    const LineHistory read = Read({.revision = after});
    EXPECT_THAT(Sources(read), ElementsAre("3:d/f:1"));
    EXPECT_THAT(read.notices, ElementsAre(HasSubstr("is broken")));
  }
}

TEST_F(LineHistoryTest, AMissingBlobOfTheRevisionIsPassedOver) {
  history_.Commit({{"f", "one\n"}, {"g", "two\n"}}, {}, 1);
  history_.Remove("HEAD:f");
  const LineHistory read = Read();
  ASSERT_EQ(read.passed.size(), 1u);
  EXPECT_EQ(read.passed[0].path, "f");
  EXPECT_EQ(read.passed[0].reason, Reason::kUnreadable);
  EXPECT_THAT(Sources(read), ElementsAre("1:g:1"));
}

TEST_F(LineHistoryTest, WhatIsNoTextOrTooLargeIsPassedOver) {
  history_.Commit({{"binary", std::string("a\0b", 3)},
                   {"four", "abc\n"},
                   {"five", "abcd\n"}},
                  {}, 1);
  LineHistoryOptions options;
  options.limits.file_bytes_max = 4;
  const LineHistory read = Read(options);
  EXPECT_THAT(Sources(read), ElementsAre("1:four:1"));
  ASSERT_EQ(read.passed.size(), 2u);
  EXPECT_EQ(read.passed[0].reason, Reason::kBinary);
  EXPECT_EQ(read.passed[1].reason, Reason::kTooLarge);
}

TEST_F(LineHistoryTest, AnAncestorThatIsTooLargeEndsTheHistory) {
  const auto a = history_.Commit({{"f", "one\ntwo\nthree\n"}}, {}, 1);
  history_.Commit({{"f", "one\n"}}, {a}, 2);
  LineHistoryOptions options;
  options.limits.file_bytes_max = 13;
  EXPECT_THAT(Sources(Read(options)), ElementsAre("2:f:1"));
  options.limits.file_bytes_max = 14;
  EXPECT_THAT(Sources(Read(options)), ElementsAre("1:f:1"));
}

TEST_F(LineHistoryTest, LimitsHold) {
  history_.Commit({{"d/f", "one\ntwo\n"}, {"g", "three\n"}}, {}, 1);
  LineHistoryOptions options;
  const auto code = [&]() -> std::optional<Code> {
    const auto read = ReadLineHistory(history_.path(), options);
    return read.ok() ? std::nullopt : std::optional(read.error().code());
  };
  options.limits = {.files_max = 2, .lines_max = 3, .depth_max = 1};
  EXPECT_EQ(code(), std::nullopt);
  options.limits.files_max = 1;
  EXPECT_EQ(code(), Code::kTooLarge);
  options.limits = {.lines_max = 2};
  EXPECT_EQ(code(), Code::kTooLarge);
  options.limits = {.depth_max = 0};
  EXPECT_EQ(code(), Code::kTooLarge);
}

TEST_F(LineHistoryTest, MoreSourcesOfARenameThanTheLimitAreNotLookedAt) {
  const auto a =
      history_.Commit({{"a", "one\ntwo\n"}, {"b", "three\nfour\n"}}, {}, 1);
  history_.Commit({{"c", "one\ntwo\nxy\n"}}, {a}, 2);
  LineHistoryOptions options;
  options.limits.rename_sources_max = 2;
  EXPECT_THAT(Sources(Read(options)), ElementsAre("1:a:1", "1:a:2", "2:c:3"));
  options.limits.rename_sources_max = 1;
  EXPECT_THAT(Sources(Read(options)), ElementsAre("2:c:1", "2:c:2", "2:c:3"));
  EXPECT_THAT(Read(options).notices, ElementsAre(HasSubstr("the limit is 1")));
}

// The lines of files by the commit that brought them, told from the oldest
// commit on instead of from the youngest: the naive second engine. No renames.
class Forward {
 public:
  using Owners = std::vector<std::string>;  // "commit:line" of each line

  void Add(const std::string& id, const Files& files,
           const std::vector<std::string>& parents) {
    for (const auto& [path, text] : files)
      owners_[id][path] = Of(id, path, text, parents);
    files_[id] = files;
  }
  const Owners& Of(const std::string& id, const std::string& path) {
    return owners_[id][path];
  }

 private:
  Owners Of(const std::string& id, const std::string& path,
            const std::string& text, const std::vector<std::string>& parents) {
    Owners owners(CountLines(text));
    for (size_t i = 0; i < owners.size(); ++i)
      owners[i] = fmt::format("{}:{}", id, i + 1);
    std::vector<bool> found(owners.size());
    for (const std::string& parent : parents) {
      const auto before = files_[parent].find(path);
      if (before == files_[parent].end()) continue;
      if (before->second == text) return owners_[parent][path];
    }
    for (const std::string& parent : parents) {
      const auto before = files_[parent].find(path);
      if (before == files_[parent].end()) continue;
      const auto lines = MatchLines(before->second, text, LineEnds::kExact);
      for (const SameLines& same : lines.value()) {
        for (uint32_t i = 0; i < same.count; ++i) {
          if (found[same.after + i]) continue;
          found[same.after + i] = true;
          owners[same.after + i] = owners_[parent][path][same.before + i];
        }
      }
    }
    return owners;
  }

  std::map<std::string, std::map<std::string, Owners>> owners_;
  std::map<std::string, Files> files_;
};

// Changes some lines of some files; every line is of a few words, so that many
// are the same.
void Edit(std::mt19937* random, Files* files) {
  const auto draw = [&](size_t below) { return (*random)() % below; };
  for (auto& [path, text] : *files) {
    if (draw(3) == 0) continue;
    std::vector<std::string> lines;
    for (size_t at = 0; at < text.size();) {
      const size_t end = text.find('\n', at) + 1;
      lines.push_back(text.substr(at, end - at));
      at = end;
    }
    for (size_t i = draw(4); i > 0; --i) {
      const size_t at = draw(lines.size() + 1);
      if (draw(2) == 0 && at < lines.size()) {
        lines.erase(lines.begin() + static_cast<ptrdiff_t>(at));
      } else {
        lines.insert(lines.begin() + static_cast<ptrdiff_t>(at),
                     fmt::format("line {}\n", draw(12)));
      }
    }
    text.clear();
    for (const std::string& line : lines) text += line;
  }
}

TEST_F(LineHistoryTest, AgreesWithOneThatGoesForwardAndWithAnyThreads) {
  for (uint32_t seed = 0; seed < 12; ++seed) {
    std::mt19937 random(seed);
    TestHistory history;
    Forward forward;
    Files files = {{"a", ""}, {"b/c", ""}, {"b/d/e", ""}, {"b/f", ""}};
    std::vector<std::pair<std::string, Files>> made;
    for (int64_t second = 1; second < 40; ++second) {
      std::vector<std::string> parents;
      Files next = files;
      if (!made.empty()) {
        const auto& first = made[made.size() - 1 - random() % 2 % made.size()];
        parents.push_back(first.first);
        next = first.second;
        if (made.size() > 3 && random() % 3 == 0) {
          const auto& other = made[made.size() - 3];
          if (other.first != first.first) {
            parents.push_back(other.first);
            next["b/c"] = other.second.at("b/c");
            next["a"] += other.second.at("a");
          }
        }
      }
      Edit(&random, &next);
      // Times that say little of who came first.
      const auto id = history.Commit(
          next, parents, 100 + static_cast<int64_t>(random() % 20) + second);
      forward.Add(id, next, parents);
      made.emplace_back(id, next);
    }
    const LineHistory one =
        ReadLineHistory(history.path(), {.threads = 1}).value();
    const LineHistory three =
        ReadLineHistory(history.path(), {.threads = 3}).value();
    ASSERT_EQ(one.files.size(), 4u);
    for (size_t i = 0; i < one.files.size(); ++i) {
      Forward::Owners owners;
      for (const LineSource& line : one.files[i].lines) {
        owners.push_back(
            fmt::format("{}:{}", one.commits[line.commit].id, line.line));
      }
      EXPECT_EQ(owners, forward.Of(made.back().first, one.files[i].path))
          << "seed " << seed << " file " << one.files[i].path;
      EXPECT_EQ(one.files[i].lines, three.files[i].lines);
    }
  }
}

TEST(MatchLinesTest, IgnoresWhiteSpaceAtEndsOnlyWhenToldTo) {
  EXPECT_THAT(MatchLines("a \nb\n", "a\nb\n", LineEnds::kExact).value(),
              ElementsAre(SameLines{1, 1, 1}));
  EXPECT_THAT(MatchLines("a \nb\n", "a\nb\n", LineEnds::kIgnored).value(),
              ElementsAre(SameLines{0, 0, 2}));
  EXPECT_THAT(MatchLines("", "a\n", LineEnds::kExact).value(), IsEmpty());
  EXPECT_THAT(MatchLines("a\n", "", LineEnds::kExact).value(), IsEmpty());
}

TEST(CountLinesTest, WhatFollowsTheLastNewlineIsALine) {
  EXPECT_EQ(CountLines(""), 0u);
  EXPECT_EQ(CountLines("a"), 1u);
  EXPECT_EQ(CountLines("a\n"), 1u);
  EXPECT_EQ(CountLines("a\n\nb"), 3u);
}

}  // namespace
}  // namespace cofferdam::corpus
