#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/history/history_testing.h"

// Rows as Gemini CLI 0.61.0 writes them, less what is not read.
namespace cofferdam::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Gemini : public HistoryTest {
 protected:
  Gemini() : HistoryTest(HistoryAgent::kGemini, "session-1.jsonl") {
    source_.cwd = "/w";
  }
};

const std::string kHead =
    R"({"sessionId":"s_1","projectHash":"ab","startTime":)"
    R"("2026-11-21T13:40:50.952Z","kind":"main"})"
    "\n";

std::string Message(const std::string& id, const std::string& more) {
  return R"({"id":")" + id +
         R"(","timestamp":"2026-11-21T13:40:51.071Z","type":"gemini",)"
         R"("content":"I will.","thoughts":[{"subject":"Plan","description":)"
         R"("Two files."}],"tokens":{"input":100,"output":40,"cached":30,)"
         R"("thoughts":14,"tool":0,"total":154},"model":"gemini-2.5-flash")" +
         more + "}";
}
const std::string kCalls =
    R"(,"toolCalls":[{"id":"write_file__fc_1","name":"write_file","args":)"
    R"({"file_path":"/w/a.py","content":"print(1)\n"},"status":"success"}])";

TEST_F(Gemini, TheLastRowOfAnIdIsTheAnswer) {
  Write(kHead +
        R"({"id":"u","type":"user","content":[{"text":"Go."}]})"
        "\n" +
        R"({"$set":{"lastUpdated":"2026-11-21T13:40:50.965Z"}})"
        "\n" +
        Message("m_1", "") + "\n" + Message("m_1", kCalls) + "\n" +
        Message("m_2", "") + "\n");
  const HistoryRead read = Read();
  ASSERT_EQ(taken_.size(), 2u);
  const HistoryExchange& first = taken_[0];
  EXPECT_EQ(first.id, "m_1");
  EXPECT_EQ(first.session, "s_1");
  EXPECT_EQ(first.provider, "google");
  EXPECT_EQ(first.model, "gemini-2.5-flash");
  EXPECT_EQ(first.cwd, "/w");
  EXPECT_EQ(first.time_micros, 1'795'268'451'071'000);
  EXPECT_EQ(first.usage, (wire::Usage{70, 30, 0, 0, 54, 14}));
  ASSERT_EQ(first.parts.size(), 3u);
  EXPECT_EQ(first.parts[0].kind, wire::PartKind::kThinking);
  EXPECT_EQ(first.parts[0].text, "**Plan**\nTwo files.");
  EXPECT_EQ(first.parts[1].text, "I will.");
  EXPECT_EQ(first.parts[2].path, "/w/a.py");
  // The provider's own, without the tool's name.
  EXPECT_EQ(first.parts[2].call_id, "fc_1");
  EXPECT_EQ(taken_[1].turn, 1);
  EXPECT_THAT(lines_, ElementsAre(4, 6));
  EXPECT_EQ(read.passed_over, 3u);
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(Gemini, MessagesThatAreSetAreReadToo) {
  Write(kHead + R"({"$set":{"messages":[)" + Message("m_1", kCalls) + "," +
        Message("m_2", "") + "]}}\n");
  Read();
  ASSERT_EQ(taken_.size(), 2u);
  EXPECT_EQ(taken_[0].parts.size(), 3u);
}

TEST_F(Gemini, ASessionThatIsOneDocumentIsRead) {
  source_.path = folder_ + "/session-1.json";
  Write("{\n \"sessionId\": \"s_0\",\n \"messages\": [\n" +
        Message("m_1", kCalls) + "\n]}\n");
  HistoryRead read = Read();
  ASSERT_EQ(taken_.size(), 1u);
  EXPECT_EQ(taken_[0].session, "s_0");
  EXPECT_TRUE(Read(read.mark).unchanged);
}

TEST_F(Gemini, ARowWrittenAgainLaterIsReadAgainWithItsSession) {
  Write(kHead + Message("m_1", "") + "\n");
  const HistoryRead read = Read();
  ASSERT_EQ(taken_.size(), 1u);
  Append(Message("m_1", kCalls) + "\n");
  EXPECT_EQ(Read(read.mark).rows, 1u);
  ASSERT_EQ(taken_.size(), 2u);
  EXPECT_EQ(taken_[1].session, "s_1");
  EXPECT_EQ(taken_[1].id, "m_1");
  EXPECT_EQ(taken_[1].parts.size(), 3u);
}

TEST_F(Gemini, ContentMayBePartsOfTheProtocol) {
  Write(kHead +
        R"({"id":"m","type":"gemini","content":[{"text":"a"},{"text":"b"},)"
        R"({"text":"hm","thought":true}]})"
        "\n");
  Read();
  ASSERT_EQ(taken_.size(), 1u);
  ASSERT_EQ(taken_[0].parts.size(), 2u);
  EXPECT_EQ(taken_[0].parts[0].text, "ab");
  EXPECT_EQ(taken_[0].usage_source, wire::UsageSource::kNone);
}

TEST_F(Gemini, WhatIsNotUnderstoodIsNamedByItsLine) {
  Write(kHead + "x\n[]\n{}\n" +
        R"({"type":1})"
        "\n" +
        R"({"type":"gemini","content":"no id"})"
        "\n" +
        R"({"$set":{"messages":[3]}})"
        "\n" +
        Message("m", "") + "\n");
  Read();
  EXPECT_EQ(taken_.size(), 1u);
  EXPECT_THAT(ProblemLines(), ElementsAre(2, 3, 4, 5, 6, 7));
}

}  // namespace
}  // namespace cofferdam::ledger
