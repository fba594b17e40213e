#include "agent/session/recorder.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/check.h"
#include "base/file.h"

namespace cofferdam::agent {
namespace {

using ledger::HistoryExchange;

class Kept : public ledger::HistorySink {
 public:
  Status Take(HistoryExchange exchange, int64_t) override {
    exchanges.push_back(std::move(exchange));
    return {};
  }
  void Note(ledger::HistoryProblem problem) override {
    ADD_FAILURE() << problem.why;
  }
  std::vector<HistoryExchange> exchanges;
};

class RecorderTest : public testing::Test {
 protected:
  RecorderTest() {
    std::string pattern = testing::TempDir() + "/recorder.XXXXXX";
    CHECK(mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    options_ = {.path = folder_ + "/records/01S.jsonl",
                .session = "01S",
                .workspace = "/home/a/tide",
                .tool_version = "0.1.0",
                .provider = "inhouse"};
    answer_.response_id = "chatcmpl-1";
    answer_.model = "model-x";
    answer_.finish = Finish::kToolCalls;
    answer_.usage.output_tokens = 7;
    answer_.usage_source = wire::UsageSource::kReported;
  }
  ~RecorderTest() override { std::filesystem::remove_all(folder_); }

  // What an import would read.
  std::vector<HistoryExchange> Read() const {
    Kept kept;
    auto read = ledger::ReadHistory(
        {.agent = ledger::HistoryAgent::kCofferdamCode, .path = options_.path},
        {}, clock_.WallMicros(), kept);
    EXPECT_TRUE(read.ok() || read.error().code() == Code::kNotFound);
    return kept.exchanges;
  }

  FixedClock clock_{1'795'268'448'784'000};
  std::string folder_;
  RecorderOptions options_;
  EngineAnswer answer_;
};

TEST_F(RecorderTest, AnAnswerStraightFromAnEngineIsRecordedWhole) {
  Recorder recorder(options_, clock_);
  answer_.text = "I write it.";
  answer_.thinking = "Let me see.";
  answer_.calls = {{"c1", "write", R"({"path":"a.py","content":"x = 1\n"})"}};
  EXPECT_FALSE(recorder.has_news());
  ASSERT_TRUE(recorder.Answered({.answer = answer_, .model = "asked"}).ok());
  EXPECT_TRUE(recorder.has_news());
  const auto read = Read();
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].agent, ledger::HistoryAgent::kCofferdamCode);
  EXPECT_EQ(read[0].provider_response_id, "chatcmpl-1");
  EXPECT_EQ(read[0].provider, "inhouse");
  EXPECT_EQ(read[0].model, "model-x");
  EXPECT_EQ(read[0].session, "01S");
  EXPECT_EQ(read[0].usage.output_tokens, 7);
  EXPECT_EQ(read[0].stop_reason, "tool_calls");
  ASSERT_EQ(read[0].parts.size(), 3u);
  EXPECT_EQ(read[0].parts[0].kind, wire::PartKind::kThinking);
  EXPECT_EQ(read[0].parts[1].text, "I write it.");
  EXPECT_EQ(read[0].parts[2].kind, wire::PartKind::kFile);
  EXPECT_EQ(read[0].parts[2].path, "a.py");
  EXPECT_EQ(read[0].parts[2].text, "x = 1\n");
  EXPECT_EQ(read[0].parts[2].call_id, "c1");
}

TEST_F(RecorderTest, WhatTheModelWasGivenIsToldOnceAndOnlyWhereItQuotes) {
  Recorder recorder(options_, clock_);
  std::vector<Message> history = {{.text = "def quoted_line(): return 41"},
                                  {.text = "nothing of that is repeated"}};
  answer_.text = "def quoted_line(): return 41\n";
  ASSERT_TRUE(recorder.Answered({.answer = answer_, .history = history}).ok());
  history.push_back({.role = Message::Role::kAssistant, .text = answer_.text});
  answer_.response_id = "chatcmpl-2";
  ASSERT_TRUE(recorder.Answered({.answer = answer_, .history = history}).ok());
  const auto read = Read();
  ASSERT_EQ(read.size(), 2u);
  EXPECT_EQ(read[0].given,
            std::vector<std::string>{"def quoted_line(): return 41"});
  const std::string text = *ReadFile(options_.path, 1 << 20);
  EXPECT_EQ(text.find("nothing of that"), text.rfind("nothing of that"));
}

TEST_F(RecorderTest, WhatWasGivenIsToldAgainInANewFile) {
  Recorder recorder(options_, clock_);
  std::vector<Message> history = {{.text = "def quoted_line(): return 41"}};
  answer_.text = "x";
  ASSERT_TRUE(recorder.Answered({.answer = answer_, .history = history}).ok());
  ASSERT_TRUE(std::filesystem::remove(options_.path));
  answer_.text = "def quoted_line(): return 41\n";
  ASSERT_TRUE(recorder.Answered({.answer = answer_, .history = history}).ok());
  const auto read = Read();
  ASSERT_EQ(read.size(), 1u);
  EXPECT_EQ(read[0].given, std::vector<std::string>{history[0].text});
}

TEST_F(RecorderTest, OfWhatAGateSawOnlyWhatItCouldNotSeeIsRecorded) {
  Recorder recorder(options_, clock_);
  answer_.exchange = "01K4000000000G000000000001";
  answer_.text = "I write it.";
  answer_.calls = {{"c1", "write", R"({"path":"a.py","content":"x = 1\n"})"}};
  ASSERT_TRUE(recorder.Answered({.answer = answer_}).ok());
  EXPECT_TRUE(Read().empty());
  // A call that was printed as text.
  answer_.calls.clear();
  const ToolCall call = {"c2", "write", R"({"path":"b.py","content":"y\n"})"};
  ASSERT_TRUE(recorder.Answered({.answer = answer_, .calls = {&call, 1}}).ok());
  const auto read = Read();
  ASSERT_EQ(read.size(), 1u);
  EXPECT_TRUE(read[0].later);
  EXPECT_EQ(read[0].exchange, answer_.exchange);
  ASSERT_EQ(read[0].parts.size(), 1u);
  EXPECT_EQ(read[0].parts[0].path, "b.py");
  EXPECT_EQ(read[0].usage_source, wire::UsageSource::kNone);
}

TEST_F(RecorderTest, WhatACommandMadeBelongsToTheAnswerOfItsCall) {
  Recorder recorder(options_, clock_);
  answer_.exchange = "01K4000000000G000000000001";
  ASSERT_TRUE(recorder.Answered({.answer = answer_}).ok());
  const FileChange changes[] = {
      {"/home/a/tide/new.py", std::nullopt, "made = 1\n"},
      {"/home/a/tide/old.py", "kept = 1\n", "kept = 1\nmade = 2\n"},
      {"/home/a/tide/gone.py", "x\n", std::nullopt}};
  ASSERT_TRUE(recorder.Made("bash", "c1", changes).ok());
  const auto read = Read();
  ASSERT_EQ(read.size(), 1u);
  EXPECT_TRUE(read[0].later);
  EXPECT_EQ(read[0].exchange, answer_.exchange);
  EXPECT_EQ(read[0].provider_response_id, "chatcmpl-1");
  ASSERT_EQ(read[0].parts.size(), 2u);
  EXPECT_EQ(read[0].parts[0].kind, wire::PartKind::kFile);
  EXPECT_EQ(read[0].parts[0].path, "new.py");
  EXPECT_EQ(read[0].parts[0].tool, "bash");
  EXPECT_EQ(read[0].parts[0].call_id, "c1");
  EXPECT_EQ(read[0].parts[1].kind, wire::PartKind::kEdit);
  EXPECT_EQ(read[0].parts[1].kept, (std::vector<wire::ByteRange>{{0, 9}}));
}

TEST_F(RecorderTest, NothingIsMadeOfDeletionsAlone) {
  Recorder recorder(options_, clock_);
  answer_.exchange = "01K4000000000G000000000001";
  ASSERT_TRUE(recorder.Answered({.answer = answer_}).ok());
  const FileChange gone[] = {{"/home/a/tide/gone.py", "x\n", std::nullopt}};
  ASSERT_TRUE(recorder.Made("bash", "c1", gone).ok());
  EXPECT_TRUE(Read().empty());
}

TEST_F(RecorderTest, RecordsAreForTheirUserAlone) {
  Recorder recorder(options_, clock_);
  answer_.text = "x";
  ASSERT_TRUE(recorder.Answered({.answer = answer_}).ok());
  namespace fs = std::filesystem;
  EXPECT_EQ(fs::status(options_.path).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(fs::status(folder_ + "/records").permissions(),
            fs::perms::owner_all);
}

}  // namespace
}  // namespace cofferdam::agent
