#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "base/sqlite.h"
#include "ledger/history/history_testing.h"

// Tables as opencode 1.18.33 makes them, less what is not read.
namespace cofferdam::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kNowMs = 1'795'268'500'000;

class Opencode : public HistoryTest {
 protected:
  Opencode() : HistoryTest(HistoryAgent::kOpencode, "opencode.db") {
    Database::Options options;
    options.mode = Database::Mode::kCreate;
    auto made = Database::Open(source_.path, options);
    CHECK_OK(made);
    database_ = *std::move(made);
    Run("CREATE TABLE session (id text PRIMARY KEY, directory text NOT NULL, "
        "version text NOT NULL);"
        "CREATE TABLE message (id text PRIMARY KEY, session_id text NOT NULL, "
        "time_created integer NOT NULL, time_updated integer NOT NULL, "
        "data text NOT NULL);"
        "CREATE TABLE part (id text PRIMARY KEY, message_id text NOT NULL, "
        "data text NOT NULL);"
        "INSERT INTO session VALUES ('ses_1', '/w', '1.18.33')");
    now_micros_ = kNowMs * 1000;
  }

  void Run(const std::string& sql) { CHECK_OK(database_->Execute(sql)); }

  void Message(const std::string& id, int64_t updated_ms,
               const std::string& data) {
    Run(
        fmt::format("INSERT OR REPLACE INTO message VALUES ('{}', 'ses_1', {}, "
                    "{}, '{}')",
                    id, updated_ms, updated_ms, data));
  }
  void Part(const std::string& message, const std::string& data) {
    Run(fmt::format("INSERT INTO part VALUES ('prt_{:03}', '{}', '{}')",
                    ++parts_, message, data));
  }

  std::optional<Database> database_;
  int parts_ = 0;
};

std::string Answer(const std::string& completed = ",\"completed\":2000") {
  return R"({"role":"assistant","modelID":"m1","providerID":"cofferdam",)"
         R"("path":{"cwd":"/w/sub","root":"/w"},"finish":"tool-calls",)"
         R"("tokens":{"total":114,"input":50,"output":40,"reasoning":14,)"
         R"("cache":{"read":10,"write":0}},"time":{"created":1000)" +
         completed + "}}";
}
const std::string kText = R"({"type":"text","text":"I will."})";
const std::string kThought = R"({"type":"reasoning","text":"Hm."})";
const std::string kWrite =
    R"({"type":"tool","tool":"write","callID":"call_1","state":{"status":)"
    R"("completed","input":{"filePath":"/w/a.py","content":"print(1)\n"}}})";
const std::string kFinish =
    R"({"type":"step-finish","tokens":{"total":114,"input":50,"output":40,)"
    R"("reasoning":14,"cache":{"read":10,"write":0}}})";

TEST_F(Opencode, AMessageIsAnAnswerWithItsParts) {
  Message("msg_0", 900, R"({"role":"user"})");
  Message("msg_1", 2000, Answer());
  for (const std::string& part :
       {std::string(R"({"type":"step-start"})"), kThought, kText, kWrite,
        kFinish, std::string(R"({"type":"patch","hash":"x","files":[]})")}) {
    Part("msg_1", part);
  }
  const HistoryRead read = Read();
  ASSERT_EQ(taken_.size(), 1u);
  const HistoryExchange& answer = taken_[0];
  EXPECT_EQ(answer.id, "msg_1");
  EXPECT_EQ(answer.session, "ses_1");
  EXPECT_EQ(answer.provider, "cofferdam");
  EXPECT_EQ(answer.model, "m1");
  EXPECT_EQ(answer.tool_version, "1.18.33");
  EXPECT_EQ(answer.cwd, "/w/sub");
  EXPECT_EQ(answer.time_micros, 2'000'000);
  EXPECT_EQ(answer.stop_reason, "tool-calls");
  EXPECT_EQ(answer.usage, (wire::Usage{50, 10, 0, 0, 54, 14}));
  ASSERT_EQ(answer.parts.size(), 3u);
  EXPECT_EQ(answer.parts[0].kind, wire::PartKind::kThinking);
  EXPECT_EQ(answer.parts[1].text, "I will.");
  EXPECT_EQ(answer.parts[2].kind, wire::PartKind::kFile);
  EXPECT_EQ(answer.parts[2].path, "/w/a.py");
  EXPECT_EQ(answer.parts[2].call_id, "call_1");
  EXPECT_EQ(read.passed_over, 1u);
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(Opencode, StepsOfOneMessageAreAnswersOfTheirOwn) {
  Message("msg_1", 2000, Answer());
  for (const std::string& part : {kText, kFinish, kWrite, kFinish, kText}) {
    Part("msg_1", part);
  }
  Read();
  ASSERT_EQ(taken_.size(), 3u);
  EXPECT_EQ(taken_[0].id, "msg_1");
  EXPECT_EQ(taken_[1].id, "msg_1/2");
  EXPECT_EQ(taken_[2].id, "msg_1/3");
  EXPECT_EQ(taken_[1].usage.output_tokens, 54);
  EXPECT_EQ(taken_[2].usage_source, wire::UsageSource::kNone);
}

TEST_F(Opencode, OnlyWhatIsNewIsReadThoughItStandsInTheLogOfWrites) {
  Message("msg_1", 2000, Answer());
  Part("msg_1", kText);
  Part("msg_1", kFinish);
  HistoryRead read = Read();
  EXPECT_EQ(taken_.size(), 1u);
  EXPECT_TRUE(Read(read.mark).unchanged);
  Message("msg_2", 3000, Answer());
  Part("msg_2", kWrite);
  Part("msg_2", kFinish);
  taken_.clear();
  read = Read(read.mark);
  EXPECT_LE(read.rows, 2u);
  EXPECT_EQ(taken_.back().id, "msg_2");
  EXPECT_EQ(taken_.back().turn, 1);
}

TEST_F(Opencode, AMessageThatIsBeingWrittenWaits) {
  Message("msg_1", kNowMs - 1000, Answer(""));
  Part("msg_1", kText);
  Message("msg_2", kNowMs, R"({"role":"user"})");
  HistoryRead read = Read();
  EXPECT_THAT(taken_, IsEmpty());
  EXPECT_TRUE(read.mark.held);
  Message("msg_1", kNowMs + 5, Answer());
  Part("msg_1", kFinish);
  read = Read(read.mark);
  ASSERT_EQ(taken_.size(), 1u);
  EXPECT_FALSE(read.mark.held);
}

TEST_F(Opencode, WhatNeverEndedIsTakenOnceItHasSettled) {
  Message("msg_1", kNowMs - kHistorySettledMicros / 1000 - 1, Answer(""));
  Part("msg_1", kText);
  Read();
  ASSERT_EQ(taken_.size(), 1u);
}

TEST_F(Opencode, RowsThatAreNotUnderstoodAreNamed) {
  Message("msg_1", 2000, "oops");
  Message("msg_2", 2001, "[]");
  Message("msg_3", 2002, Answer());
  Part("msg_3", "7");
  Part("msg_3", kText);
  Part("msg_3", R"({"type":"tool","tool":"write","state":{"input":3}})");
  Read();
  ASSERT_EQ(taken_.size(), 1u);
  EXPECT_EQ(taken_[0].parts.size(), 1u);
  EXPECT_THAT(ProblemLines(), ElementsAre(1, 2, 3));
}

TEST_F(Opencode, AnAbortedMessageSaysSo) {
  Message("msg_1", 2000,
          R"({"role":"assistant","error":{"name":"MessageAbortedError"},)"
          R"("tokens":{"input":0,"output":0}})");
  Part("msg_1", kText);
  Read();
  ASSERT_EQ(taken_.size(), 1u);
  EXPECT_EQ(taken_[0].outcome, Outcome::kClientGone);
  EXPECT_EQ(taken_[0].usage_source, wire::UsageSource::kNone);
}

TEST_F(Opencode, AFileThatIsNoDatabaseOrAnotherOneIsAnError) {
  RecordingSink sink;
  const std::string path = folder_ + "/opencode-x.db";
  std::ofstream(path) << std::string(4096, 'x');
  EXPECT_FALSE(
      ReadHistory({HistoryAgent::kOpencode, path, ""}, {}, 1, sink).ok());
  Run("DROP TABLE part");
  Message("msg_1", 2000, Answer());
  EXPECT_FALSE(ReadHistory(source_, {}, now_micros_, sink).ok());
  EXPECT_FALSE(
      ReadHistory({HistoryAgent::kOpencode, folder_, ""}, {}, 1, sink).ok());
}

}  // namespace
}  // namespace cofferdam::ledger
