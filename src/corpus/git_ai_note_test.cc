#include "corpus/git_ai_note.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cofferdam::corpus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::string_view kMetadata =
    R"(---
{"schema_version":"authorship/3.0.0","base_commit_sha":"1","prompts":{
  "d9978a8723e02b52":{"agent_id":{"tool":"claude","id":"c-1",
    "model":"claude-opus-4-5"},"human_author":"Ann <ann@example.com>",
    "messages":[],"total_additions":3,"overriden_lines":1},
  "abcdef0":{"agent_id":{"tool":"mock_ai","id":"","model":"unknown"}}},
 "humans":{"h_31dce776f88375":{"author":"Dev <dev@example.com>"}},
 "sessions":{"s_c9883b05a2487d":{"agent_id":{"tool":"cursor","id":"c-2",
   "model":"<synthetic>"},"human_author":"dev@example.com"}}})";

std::string Note(std::string_view attestations) {
  return std::string(attestations) + std::string(kMetadata);
}

// "path begin-end author tool model", which is enough to tell claims apart.
std::vector<std::string> Short(const ClaimsRead& read) {
  std::vector<std::string> out;
  for (const LineClaim& claim : read.claims) {
    EXPECT_EQ(claim.source, "git-ai-note");
    out.push_back(fmt::format("{} {}-{} {} {} {}", claim.path, claim.line_begin,
                              claim.line_end, ClaimedAuthorName(claim.author),
                              claim.tool, claim.model));
  }
  return out;
}

TEST(GitAiNote, SaysWhichLinesSessionsPromptsAndPeopleWrote) {
  const ClaimsRead read =
      ReadGitAiNote(Note("src/main.rs\n"
                         "  s_c9883b05a2487d::t_9f8e7d6c5b4a32 1-10,15\n"
                         "  h_31dce776f88375 42-50\n"
                         "src/lib.rs\n"
                         "  d9978a8723e02b52 7\n"));
  EXPECT_THAT(Short(read), ElementsAre("src/main.rs 1-10 model cursor ",
                                       "src/main.rs 15-15 model cursor ",
                                       "src/main.rs 42-50 human  ",
                                       "src/lib.rs 7-7 model claude-code "
                                       "claude-opus-4-5"));
  EXPECT_EQ(read.claims[0].person, "dev@example.com");
  EXPECT_EQ(read.claims[0].session, "c-2");
  EXPECT_EQ(read.claims[2].person, "Dev <dev@example.com>");
  EXPECT_EQ(read.claims[3].session, "c-1");
  EXPECT_THAT(read.notices, IsEmpty());
}

TEST(GitAiNote, TakesShortKeysAndDirtyModels) {
  EXPECT_THAT(Short(ReadGitAiNote(Note("a.c\n  abcdef0 3\n"))),
              ElementsAre("a.c 3-3 model mock_ai "));
}

TEST(GitAiNote, ReadsPathsInQuotes) {
  const ClaimsRead read =
      ReadGitAiNote(Note("\"my file.c\"\n  abcdef0 1\n"
                         "\"two\nlines.c\"\n  abcdef0 2\n"
                         "a file without quotes.c\n  abcdef0 3\n"));
  EXPECT_THAT(Short(read), ElementsAre("my file.c 1-1 model mock_ai ",
                                       "two\nlines.c 2-2 model mock_ai ",
                                       "a file without quotes.c 3-3 model "
                                       "mock_ai "));
  EXPECT_THAT(read.notices, IsEmpty());
}

TEST(GitAiNote, AnOpenQuoteDoesNotSwallowTheNote) {
  const ClaimsRead read =
      ReadGitAiNote(Note("\"broken.c\r\n  abcdef0 1\nb.c\n  abcdef0 2\n"));
  EXPECT_THAT(Short(read), ElementsAre("broken.c 1-1 model mock_ai ",
                                       "b.c 2-2 model mock_ai "));
  EXPECT_THAT(read.notices, ElementsAre(HasSubstr("one quotation mark")));
}

TEST(GitAiNote, SortsAndJoinsRangesAndPassesOverThoseThatAreNone) {
  const ClaimsRead read = ReadGitAiNote(
      Note("a.c\n  abcdef0 9-12, 1-3,4,11-20,0,x,7-5,,99999999999,"
           "4294967295,4294967294\n"));
  EXPECT_THAT(Short(read),
              ElementsAre("a.c 1-4 model mock_ai ", "a.c 9-20 model mock_ai ",
                          "a.c 4294967294-4294967295 model mock_ai "));
  EXPECT_THAT(read.notices, ElementsAre(HasSubstr("5 ranges that are none")));
}

TEST(GitAiNote, KeysThatTheMetadataLacksStillTellModelsFromPeople) {
  const ClaimsRead read =
      ReadGitAiNote(Note("a.c\n  h_00000000000000 1\n"
                         "  s_00000000000000::t_1 2\n"));
  EXPECT_THAT(Short(read), ElementsAre("a.c 1-1 human  ", "a.c 2-2 model  "));
  EXPECT_THAT(read.notices, ElementsAre(HasSubstr("does not name")));
}

TEST(GitAiNote, BrokenMetadataLeavesTheLines) {
  for (const std::string_view metadata :
       {"", "---\n", "---\n{\"schema_version\":", "---\n[]", "---\n\xff"}) {
    const ClaimsRead read =
        ReadGitAiNote("a.c\n  abcdef0 1-2\n" + std::string(metadata));
    EXPECT_THAT(Short(read), ElementsAre("a.c 1-2 model  ")) << metadata;
    EXPECT_THAT(read.notices, testing::Not(IsEmpty())) << metadata;
  }
}

TEST(GitAiNote, OtherVersionsAreReadAndNoticed) {
  const ClaimsRead read = ReadGitAiNote(
      "a.c\n  abcdef0 1\n---\n"
      R"({"schema_version":"authorship/9.0.0","prompts":{"abcdef0":{}}})");
  EXPECT_THAT(read.claims, SizeIs(1));
  EXPECT_THAT(read.notices, ElementsAre(HasSubstr("another version")));
}

TEST(GitAiNote, LinesThatAreNoEntryAreCounted) {
  const ClaimsRead read =
      ReadGitAiNote(Note("  abcdef0 1\na.c\n  zzzz 1\n  abcdef0\n  \n"
                         "  abcdef0 2\n"));
  EXPECT_THAT(Short(read), ElementsAre("a.c 2-2 model mock_ai "));
  EXPECT_THAT(read.notices, ElementsAre(HasSubstr("2 lines"),
                                        HasSubstr("1 entries before any")));
}

TEST(GitAiNote, ANoteOfThreeMegabytesIsRead) {
  std::string attestations;
  size_t entries = 0;
  while (attestations.size() < (size_t{3} << 20)) {
    attestations += fmt::format("dir/file{}.c\n  abcdef0 1-9\n", entries++);
  }
  const ClaimsRead read = ReadGitAiNote(Note(attestations));
  EXPECT_EQ(read.claims.size(), entries);
  EXPECT_THAT(read.notices, IsEmpty());
}

TEST(GitAiNote, ClaimsEndAtTheirLimit) {
  std::string ranges = "1";
  for (size_t i = 1; i < kLineClaimsMax; ++i)
    ranges += fmt::format(",{}", 1 + 2 * i);
  ClaimsRead read = ReadGitAiNote(Note("a.c\n  abcdef0 " + ranges + "\n"));
  EXPECT_THAT(read.claims, SizeIs(kLineClaimsMax));
  EXPECT_THAT(read.notices, IsEmpty());
  read =
      ReadGitAiNote(Note("a.c\n  abcdef0 " + ranges + "\nb.c\n  abcdef0 1\n"));
  EXPECT_THAT(read.claims, SizeIs(kLineClaimsMax));
  EXPECT_THAT(read.notices, ElementsAre(HasSubstr("1 claims beyond")));
}

TEST(GitAiNote, ALongerNoteThanTheLimitIsNotRead) {
  std::string note = Note("a.c\n  abcdef0 1\n");
  note.resize(kNoteBytesMax, ' ');
  EXPECT_THAT(ReadGitAiNote(note).claims, SizeIs(1));
  note += ' ';
  const ClaimsRead read = ReadGitAiNote(note);
  EXPECT_THAT(read.claims, IsEmpty());
  EXPECT_THAT(read.notices, ElementsAre(HasSubstr("bytes, more than")));
}

}  // namespace
}  // namespace cofferdam::corpus
