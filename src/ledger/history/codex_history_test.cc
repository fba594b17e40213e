#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/history/history_testing.h"

// Rows as Codex 0.169.0 writes them, less what is not read.
namespace cofferdam::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Codex : public HistoryTest {
 protected:
  Codex() : HistoryTest(HistoryAgent::kCodex, "rollout-1.jsonl") {}
};

std::string Row(const std::string& type, const std::string& payload) {
  return R"({"timestamp":"2026-11-21T13:40:48.784Z","ordinal":1,"type":")" +
         type + R"(","payload":)" + payload + "}\n";
}
const std::string kMeta =
    Row("session_meta",
        R"({"id":"s_1","cwd":"/w","cli_version":"0.169.0","model_provider":)"
        R"("openai","git":{"commit_hash":"0123456789abcdef","branch":"main",)"
        R"("repository_url":"https://git.example.com/lab/tide.git"}})");
const std::string kTurn =
    Row("turn_context", R"({"model":"gpt-5.5","cwd":"/w"})");
const std::string kThought = Row(
    "response_item", R"({"type":"reasoning","summary":[{"type":"summary_text",)"
                     R"("text":"First the file."}],"content":null})");
const std::string kPatch =
    Row("response_item",
        R"({"type":"custom_tool_call","call_id":"call_1","name":"apply_patch",)"
        R"("input":"*** Begin Patch\n*** Add File: a.py\n+print(1)\n)"
        R"(*** End Patch\n"})");
const std::string kShell =
    Row("response_item",
        R"({"type":"function_call","call_id":"call_2","name":"exec_command",)"
        R"("arguments":"{\"cmd\":\"cat b.py\"}"})");
const std::string kDone =
    Row("response_item", R"({"type":"message","role":"assistant","content":[)"
                         R"({"type":"output_text","text":"Done."}]})");
const std::string kOutput =
    Row("response_item",
        R"({"type":"function_call_output","call_id":"call_2","output":"x"})");

std::string Used(const std::string& id) {
  return Row("token_usage_record",
             R"({"response_id":")" + id +
                 R"(","usage":{"input_tokens":100,"cached_input_tokens":60,)"
                 R"("cache_write_input_tokens":10,"output_tokens":42,)"
                 R"("reasoning_output_tokens":14,"total_tokens":142}})");
}
const std::string kCounted =
    Row("event_msg", R"({"type":"token_count","info":{"last_token_usage":)"
                     R"({"input_tokens":100,"output_tokens":42}}})");
const std::string kCompleted = Row("event_msg", R"({"type":"task_complete"})");

TEST_F(Codex, ItemsUpToARecordOfUsageAreOneAnswer) {
  Write(kMeta + kTurn + kThought + kPatch + kShell + Used("resp_1") + kOutput +
        kCounted + kDone + Used("resp_2") + kCounted + kCompleted);
  const HistoryRead read = Read();
  ASSERT_EQ(taken_.size(), 2u);
  const HistoryExchange& first = taken_[0];
  EXPECT_EQ(first.provider_response_id, "resp_1");
  EXPECT_EQ(first.session, "s_1");
  EXPECT_EQ(first.provider, "openai");
  EXPECT_EQ(first.model, "gpt-5.5");
  EXPECT_EQ(first.tool_version, "0.169.0");
  EXPECT_EQ(first.repo, "https://git.example.com/lab/tide.git");
  EXPECT_EQ(first.commit, "0123456789abcdef");
  EXPECT_EQ(first.cwd, "/w");
  EXPECT_EQ(first.time_micros, 1'795'268'448'784'000);
  EXPECT_EQ(first.usage, (wire::Usage{30, 60, 10, 0, 42, 14}));
  EXPECT_EQ(first.usage_source, wire::UsageSource::kReported);
  ASSERT_EQ(first.parts.size(), 3u);
  EXPECT_EQ(first.parts[0].kind, wire::PartKind::kThinking);
  EXPECT_EQ(first.parts[1].kind, wire::PartKind::kFile);
  EXPECT_EQ(first.parts[1].path, "a.py");
  EXPECT_EQ(first.parts[1].call_id, "call_1");
  EXPECT_EQ(first.parts[2].kind, wire::PartKind::kCommand);
  EXPECT_EQ(taken_[1].turn, 1);
  EXPECT_EQ(taken_[1].parts[0].text, "Done.");
  EXPECT_THAT(lines_, ElementsAre(3, 9));
  EXPECT_THAT(problems_, IsEmpty());
  EXPECT_FALSE(read.mark.held);
}

TEST_F(Codex, BeforeThereWereRecordsAnEventTellsWhatWasUsed) {
  Write(kMeta + kTurn + kDone + kCounted + kCompleted);
  Read();
  ASSERT_EQ(taken_.size(), 1u);
  EXPECT_EQ(taken_[0].provider_response_id, "");
  EXPECT_EQ(taken_[0].usage.input_tokens, 100);
  EXPECT_EQ(taken_[0].usage.output_tokens, 42);
}

TEST_F(Codex, RowsWithoutPayloadsOf2025AreRead) {
  Write(R"({"id":"s_0","timestamp":"2025-06-01T00:00:00Z","git":)"
        R"({"commit_hash":"ab"}})"
        "\n"
        R"({"type":"message","role":"assistant","content":[)"
        R"({"type":"output_text","text":"Hello."}]})"
        "\n");
  now_micros_ += 2 * kHistorySettledMicros;
  Read();
  ASSERT_EQ(taken_.size(), 1u);
  EXPECT_EQ(taken_[0].session, "s_0");
  EXPECT_EQ(taken_[0].parts[0].text, "Hello.");
  EXPECT_EQ(taken_[0].usage_source, wire::UsageSource::kNone);
}

TEST_F(Codex, ItemsWithoutUsageWaitForItAndAreNotReadTwice) {
  Write(kMeta + kTurn + kDone + Used("resp_1") + kPatch);
  HistoryRead read = Read();
  EXPECT_EQ(taken_.size(), 1u);
  EXPECT_TRUE(read.mark.held);
  Append(Used("resp_2"));
  read = Read(read.mark);
  EXPECT_EQ(read.rows, 2u);
  ASSERT_EQ(taken_.size(), 2u);
  EXPECT_EQ(taken_[1].provider_response_id, "resp_2");
  // What the first rows said is remembered.
  EXPECT_EQ(taken_[1].session, "s_1");
  EXPECT_EQ(taken_[1].model, "gpt-5.5");
  EXPECT_EQ(taken_[1].turn, 1);
}

TEST_F(Codex, AnAbortedTurnIsTakenAsFarAsItCame) {
  Write(kMeta + kTurn + kDone + Row("event_msg", R"({"type":"turn_aborted"})"));
  Read();
  ASSERT_EQ(taken_.size(), 1u);
  EXPECT_EQ(taken_[0].outcome, Outcome::kClientGone);
  EXPECT_EQ(taken_[0].usage_source, wire::UsageSource::kNone);
}

TEST_F(Codex, AForkKeepsItsOwnSession) {
  Write(kMeta + Row("session_meta", R"({"id":"parent"})") + kDone +
        Used("resp_1"));
  Read();
  ASSERT_EQ(taken_.size(), 1u);
  EXPECT_EQ(taken_[0].session, "s_1");
}

TEST_F(Codex, WhatIsNotUnderstoodIsNamedByItsLine) {
  Write("x\n[]\n" + std::string(R"({"type":3})") + "\n" +
        Row("session_meta", "3") + Row("token_usage_record", "{}") +
        Row("something_new", "3") + kDone + Used("resp_1"));
  Read();
  EXPECT_EQ(taken_.size(), 1u);
  EXPECT_THAT(ProblemLines(), ElementsAre(1, 2, 3, 4, 5));
}

}  // namespace
}  // namespace cofferdam::ledger
