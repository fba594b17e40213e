#include "corpus/agent_trace.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "corpus/git_ai_note.h"

namespace cofferdam::corpus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::string_view kRecord =
    R"({"version":"0.1.0","id":"550e8400-e29b-41d4-a716-446655440000",)"
    R"("timestamp":"2026-01-23T14:30:00Z",)"
    R"("vcs":{"type":"git","revision":"a1b2c3d"},)"
    R"("tool":{"name":"cursor","version":"2.4.0"},"files":[{"path":"a.ts",)"
    R"("conversations":[{"url":"https://example.com/c/1","contributor":)"
    R"({"type":"ai","model_id":"anthropic/claude-opus-4-5"},"ranges":)"
    R"([{"start_line":42,"end_line":67,"content_hash":"murmur3:9f2e8a1b"},)"
    R"({"start_line":70,"end_line":70,"contributor":{"type":"human"}}]}]}]})";

std::string Ranges(std::string_view ranges) {
  return fmt::format(
      R"({{"files":[{{"path":"a","conversations":[{{"contributor":)"
      R"({{"type":"mixed"}},"ranges":[{}]}}]}}]}})",
      ranges);
}

TEST(AgentTrace, MakesClaimsOfARecordsRanges) {
  const TracesRead read = ReadAgentTrace(kRecord, "t.jsonl");
  EXPECT_THAT(read.notices, IsEmpty());
  ASSERT_THAT(read.records, SizeIs(1));
  EXPECT_EQ(read.records[0].revision, "a1b2c3d");
  ASSERT_THAT(read.records[0].claims, SizeIs(2));
  const LineClaim model{"a.ts",       42,
                        67,           ClaimedAuthor::kModel,
                        "cursor",     "anthropic/claude-opus-4-5",
                        "",           "https://example.com/c/1",
                        "agent-trace"};
  EXPECT_EQ(read.records[0].claims[0], model);
  EXPECT_EQ(read.records[0].claims[1].author, ClaimedAuthor::kHuman);
  EXPECT_EQ(read.records[0].claims[1].model, "");
}

TEST(AgentTrace, TakesLinesAnArrayOrOneRecordOverManyLines) {
  const std::string record(kRecord);
  std::string pretty = record;
  pretty.insert(1, "\n  ");
  for (const auto& [text, records] :
       {std::pair(record + "\n" + record + "\r\n\n", 2),
        std::pair("[" + record + "," + record + "," + record + "]", 3),
        std::pair(pretty, 1), std::pair(std::string(), 0),
        std::pair(std::string("{\n"), 0)}) {
    EXPECT_THAT(ReadAgentTrace(text, "t").records, SizeIs(records)) << text;
  }
}

TEST(AgentTrace, HalfWrittenAndForeignLinesArePassedOver) {
  const std::string record(kRecord);
  const TracesRead read = ReadAgentTrace(
      record + "\n{}\n[1]\n\xff\n{\"files\":3}\n" + record.substr(0, 99), "t");
  EXPECT_THAT(read.records, SizeIs(1));
  EXPECT_THAT(read.notices, ElementsAre(HasSubstr("t: 5 records")));
}

TEST(AgentTrace, RangesThatAreNoneArePassedOver) {
  const TracesRead read = ReadAgentTrace(
      Ranges(R"({"start_line":0,"end_line":1},{"start_line":2,"end_line":1},)"
             R"({"start_line":1},{"start_line":"1","end_line":"2"},{},)"
             R"({"start_line":1,"end_line":4294967296},)"
             R"({"start_line":1,"end_line":4294967295})"),
      "t");
  ASSERT_THAT(read.records, SizeIs(1));
  ASSERT_THAT(read.records[0].claims, SizeIs(1));
  EXPECT_EQ(read.records[0].claims[0].author, ClaimedAuthor::kMixed);
  EXPECT_EQ(read.records[0].claims[0].line_end, 4294967295u);
  EXPECT_THAT(read.notices, ElementsAre(HasSubstr("6 ranges")));
}

TEST(AgentTrace, OnlyRevisionsOfGitCount) {
  for (const auto& [vcs, revision] :
       {std::pair(R"({"type":"jj","revision":"abcd"})", ""),
        std::pair(R"({"revision":"abcd"})", "abcd"), std::pair("3", "")}) {
    const TracesRead read =
        ReadAgentTrace(fmt::format(R"({{"files":[],"vcs":{}}})", vcs), "t");
    ASSERT_THAT(read.records, SizeIs(1));
    EXPECT_EQ(read.records[0].revision, revision);
  }
}

TEST(AgentTrace, ClaimsOfARecordEndAtTheirLimit) {
  std::string ranges;
  for (size_t i = 0; i < kLineClaimsMax; ++i)
    ranges += R"({"start_line":1,"end_line":1},)";
  const std::string one = R"({"start_line":1,"end_line":1})";
  ranges.pop_back();
  TracesRead read = ReadAgentTrace(Ranges(ranges), "t");
  EXPECT_THAT(read.records[0].claims, SizeIs(kLineClaimsMax));
  EXPECT_THAT(read.notices, IsEmpty());
  read = ReadAgentTrace(Ranges(ranges + "," + one), "t");
  EXPECT_THAT(read.records[0].claims, SizeIs(kLineClaimsMax));
  EXPECT_THAT(read.notices, ElementsAre(HasSubstr("beyond the limit")));
}

TEST(AgentTrace, ALongerRecordThanTheLimitIsPassedOver) {
  std::string record(kRecord);
  record.insert(1, std::string(kTraceRecordBytesMax - record.size(), ' '));
  EXPECT_THAT(ReadAgentTrace(record, "t").records, SizeIs(1));
  record.insert(1, " ");
  const TracesRead read = ReadAgentTrace(record, "t");
  EXPECT_THAT(read.records, IsEmpty());
  EXPECT_THAT(read.notices, ElementsAre(HasSubstr("too long")));
}

}  // namespace
}  // namespace cofferdam::corpus
