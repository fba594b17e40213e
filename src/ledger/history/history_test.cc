#include "ledger/history/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "ledger/history/history_testing.h"

namespace cofferdam::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Claude : public HistoryTest {
 protected:
  Claude() : HistoryTest(HistoryAgent::kClaudeCode, "s.jsonl") {}
};

// A row as Claude Code 2.1.329 writes it, less what is not read.
std::string Row(const std::string& id, const std::string& uuid,
                const std::string& block, const std::string& more = "",
                const std::string& stop = "\"tool_use\"") {
  return R"({"type":"assistant","uuid":")" + uuid +
         R"(","sessionId":"s_1","cwd":"/w","version":"2.1.329",)" +
         R"("timestamp":"2026-11-21T13:40:48.004Z",)" + more +
         R"("message":{"id":")" + id +
         R"(","role":"assistant","model":"claude-sonnet-4-5","content":[)" +
         block + R"(],"stop_reason":)" + stop +
         R"(,"usage":{"input_tokens":20,"cache_read_input_tokens":5,)" +
         R"("cache_creation_input_tokens":7,"output_tokens":9,)" +
         R"("cache_creation":{"ephemeral_1h_input_tokens":7,)" +
         R"("ephemeral_5m_input_tokens":0},"speed":"standard"}}})" + "\n";
}
const std::string kText = R"({"type":"text","text":"I will."})";
const std::string kWrite =
    R"({"type":"tool_use","id":"toolu_1","name":"Write","input":)"
    R"({"file_path":"/w/a.py","content":"print(1)\n"}})";
const std::string kEdit =
    R"({"type":"tool_use","id":"toolu_2","name":"Edit","input":)"
    R"({"file_path":"/w/a.py","old_string":"1","new_string":"2"}})";

TEST_F(Claude, RowsOfOneAnswerAreOneExchangeWhoseUsageCountsOnce) {
  Write(R"({"type":"user","message":{"role":"user","content":"Go."}})"
        "\n" +
        Row("msg_1", "u1", kText) + Row("msg_1", "u2", kWrite) +
        R"({"type":"user","toolUseResult":{}})"
        "\n" +
        Row("msg_2", "u3", kEdit));
  const HistoryRead read = Read();
  ASSERT_EQ(taken_.size(), 2u);
  const HistoryExchange& first = taken_[0];
  EXPECT_EQ(first.provider_response_id, "msg_1");
  EXPECT_EQ(first.provider, "anthropic");
  EXPECT_EQ(first.model, "claude-sonnet-4-5");
  EXPECT_EQ(first.session, "s_1");
  EXPECT_EQ(first.cwd, "/w");
  EXPECT_EQ(first.tool_version, "2.1.329");
  EXPECT_EQ(first.turn, 0);
  EXPECT_EQ(first.time_micros, 1'795'268'448'004'000);
  EXPECT_EQ(first.usage, (wire::Usage{20, 5, 0, 7, 9, 0}));
  ASSERT_EQ(first.parts.size(), 2u);
  EXPECT_EQ(first.parts[0].text, "I will.");
  EXPECT_EQ(first.parts[1].kind, wire::PartKind::kFile);
  EXPECT_EQ(first.parts[1].path, "/w/a.py");
  EXPECT_EQ(first.parts[1].call_id, "toolu_1");
  EXPECT_EQ(taken_[1].parts[0].kind, wire::PartKind::kEdit);
  EXPECT_EQ(taken_[1].turn, 1);
  EXPECT_THAT(lines_, ElementsAre(2, 5));
  EXPECT_EQ(read.rows, 5u);
  EXPECT_EQ(read.passed_over, 2u);
  EXPECT_THAT(problems_, IsEmpty());
}

TEST_F(Claude, ARowThatStandsTwiceIsOne) {
  Write(Row("msg_1", "u1", kText) + Row("msg_1", "u1", kText));
  Read();
  ASSERT_EQ(taken_.size(), 1u);
  EXPECT_EQ(taken_[0].parts.size(), 1u);
}

TEST_F(Claude, SubagentsBetweenEachOthersRowsStayApart) {
  Write(Row("msg_1", "u1", kText) +
        Row("msg_2", "u2", kText, R"("isSidechain":true,"agentId":"a",)") +
        Row("msg_1", "u3", kWrite));
  Read();
  ASSERT_EQ(taken_.size(), 2u);
  EXPECT_EQ(taken_[0].parts.size(), 2u);
}

TEST_F(Claude, AnAnswerWithoutItsStopReasonWaitsUntilTheFileHasSettled) {
  Write(Row("msg_1", "u1", kText) + Row("msg_2", "u2", kText, "", "null"));
  HistoryRead read = Read();
  EXPECT_EQ(taken_.size(), 1u);
  EXPECT_TRUE(read.mark.held);
  Append(Row("msg_2", "u3", kWrite));
  read = Read(read.mark);
  ASSERT_EQ(taken_.size(), 2u);
  EXPECT_EQ(taken_[1].parts.size(), 2u);
  EXPECT_EQ(taken_[1].turn, 1);
  EXPECT_FALSE(read.mark.held);
}

TEST_F(Claude, WhatNeverEndedIsTakenOnceNobodyWritesAnyMore) {
  Write(Row("msg_1", "u1", kText, "", "null"));
  const HistoryRead read = Read();
  EXPECT_TRUE(read.mark.held);
  EXPECT_TRUE(Read(read.mark).unchanged);
  now_micros_ += kHistorySettledMicros + 1'000'000;
  EXPECT_FALSE(Read(read.mark).unchanged);
  ASSERT_EQ(taken_.size(), 1u);
  EXPECT_EQ(taken_[0].outcome, Outcome::kTruncated);
}

TEST_F(Claude, WhatAgentsSayThemselvesIsNoModels) {
  Write(R"({"type":"assistant","uuid":"u","isApiErrorMessage":true,)"
        R"("message":{"id":"x","role":"assistant","model":"<synthetic>",)"
        R"("content":[{"type":"text","text":"API Error: 500"}]}})"
        "\n");
  EXPECT_EQ(Read().passed_over, 1u);
  EXPECT_THAT(taken_, IsEmpty());
}

TEST_F(Claude, WhatIsNotUnderstoodIsNamedByItsLine) {
  Write("{oops\n" + std::string("{\"type\":\"assistant\"}\n[1]\n") +
        R"({"type":7})"
        "\n" +
        R"({"type":"assistant","uuid":"u","message":{"content":3}})"
        "\n" +
        R"({"type":"reply","message":{"role":"assistant"}})"
        "\n" +
        std::string("\0\0\0\n", 4) +
        R"({"type":"new-kind"})"
        "\n" +
        Row("msg_1", "u1", kText));
  Read();
  EXPECT_EQ(taken_.size(), 1u);
  EXPECT_THAT(ProblemLines(), ElementsAre(1, 2, 3, 4, 5, 6, 7));
  EXPECT_EQ(problems_[1].why, "message: must be an object");
}

TEST_F(Claude, AHalfWrittenLastLineWaitsForItsEnd) {
  const std::string row = Row("msg_1", "u1", kText);
  for (size_t size = 1; size < row.size(); size += 7) {
    Write(row.substr(0, size));
    const HistoryRead read = Read();
    EXPECT_EQ(read.mark.offset, 0u);
    EXPECT_TRUE(read.mark.held);
  }
  EXPECT_THAT(taken_, IsEmpty());
  EXPECT_THAT(problems_, IsEmpty());
  Write(row.substr(0, 40));
  now_micros_ += 2 * kHistorySettledMicros;
  Read();
  EXPECT_THAT(ProblemLines(), ElementsAre(1));
}

TEST_F(Claude, OnlyWhatIsNewIsRead) {
  Write(Row("msg_1", "u1", kText));
  HistoryRead read = Read();
  EXPECT_TRUE(Read(read.mark).unchanged);
  Append(Row("msg_2", "u2", kText) + Row("msg_3", "u3", kText));
  read = Read(read.mark);
  EXPECT_EQ(read.rows, 2u);
  ASSERT_EQ(taken_.size(), 3u);
  EXPECT_EQ(taken_[2].turn, 2);
  EXPECT_THAT(lines_, ElementsAre(1, 2, 3));
}

TEST_F(Claude, AFileThatWasWrittenAnewIsReadFromItsBeginning) {
  Write(Row("msg_1", "u1", kText) + Row("msg_2", "u2", kText));
  const HistoryRead read = Read();
  // Longer, shorter, and of the same length.
  for (const std::string& id : {"msg_123456", "m", "msg_9"}) {
    taken_.clear();
    Write(Row(id, "u1", kText) + Row("msg_2", "u2", kText) +
          (id.size() > 5 ? Row("msg_3", "u3", kText) : ""));
    Touch(5);
    Read(read.mark);
    ASSERT_FALSE(taken_.empty()) << id;
    EXPECT_EQ(taken_[0].provider_response_id, id);
  }
  taken_.clear();
  Write("");
  Read(read.mark);
  EXPECT_THAT(taken_, IsEmpty());
}

TEST_F(Claude, ALineAtTheLimitIsReadAndALongerOneIsNot) {
  const std::string row = Row("msg_1", "u1", kText);
  const std::string pad(kHistoryLineBytesMax - (row.size() - 1), ' ');
  Write(pad + row + " " + pad + row + Row("msg_2", "u2", kText));
  Read();
  ASSERT_EQ(taken_.size(), 2u);
  EXPECT_EQ(taken_[1].provider_response_id, "msg_2");
  EXPECT_THAT(ProblemLines(), ElementsAre(2));
  EXPECT_THAT(problems_[0].why, HasSubstr("longer than"));
}

TEST_F(Claude, WhatIsNoFileIsAnError) {
  RecordingSink sink;
  for (const std::string& path : {folder_, folder_ + "/nowhere"}) {
    EXPECT_FALSE(
        ReadHistory({HistoryAgent::kClaudeCode, path, ""}, {}, 1, sink).ok());
  }
  ASSERT_EQ(mkfifo((folder_ + "/pipe").c_str(), 0600), 0);
  EXPECT_FALSE(ReadHistory({HistoryAgent::kClaudeCode, folder_ + "/pipe", ""},
                           {}, 1, sink)
                   .ok());
}

TEST_F(Claude, TheSinksErrorEndsTheReading) {
  Write(Row("msg_1", "u1", kText) + Row("msg_2", "u2", kText));
  RecordingSink sink;
  sink.refuse = true;
  const auto read = ReadHistory(source_, {}, now_micros_, sink);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code(), Code::kUnavailable);
}

TEST(HistoryExchangeForm, ComesBackAsItWas) {
  HistoryExchange exchange;
  exchange.agent = HistoryAgent::kGemini;
  exchange.provider_response_id = "r";
  exchange.id = "i";
  exchange.session = "s\t\"1\"";
  exchange.provider = "google";
  exchange.model = "gemini-2.5-pro";
  exchange.tool_version = "0.61.0";
  exchange.turn = 3;
  exchange.time_micros = 1'795'268'448'784'000;
  exchange.cwd = "/w";
  exchange.repo = "https://git.example.com/lab/tide.git";
  exchange.commit = "0123456789abcdef0123456789abcdef01234567";
  exchange.usage = {1, 2, 3, 4, 5, 5};
  exchange.usage_source = wire::UsageSource::kEstimated;
  exchange.price_mode = "fast";
  exchange.stop_reason = "STOP";
  exchange.outcome = Outcome::kClientGone;
  exchange.cut = true;
  wire::Part part;
  part.kind = wire::PartKind::kEdit;
  part.tool = "replace";
  part.call_id = "c";
  part.path = "a.py";
  part.text = "one\ntwo\n";
  part.kept = {{0, 4}};
  exchange.parts = {part};
  exchange.given = {"what was given"};
  const auto json = JsonDocument::Parse(ToJson(exchange));
  const auto back = HistoryFromJson(json->root());
  ASSERT_TRUE(back.ok()) << back.error().message();
  EXPECT_EQ(*back, exchange);
}

TEST_F(Claude, TextsThatHaveALineOfTheAnswerComeWithIt) {
  const auto user = [](const std::string& content) {
    return R"({"type":"user","message":{"role":"user","content":)" + content +
           "}}\n";
  };
  const auto says = [](const std::string& id) {
    return Row(id, id,
               R"x({"type":"text","text":" total = combine(total, rows)"})x");
  };
  Write(user(R"x([{"type":"tool_result","tool_use_id":"t","content":)x"
             R"x("   12→total = combine(total, rows)\n"}])x") +
        user("\"Nothing of what was said.\"") + says("msg_1"));
  HistoryRead read = Read();
  ASSERT_EQ(taken_.size(), 1u);
  EXPECT_THAT(taken_[0].given,
              ElementsAre("   12→total = combine(total, rows)\n"));
  // Also where it was read long before.
  Append(says("msg_2") + Row("msg_3", "u3", kText));
  Read(read.mark);
  ASSERT_EQ(taken_.size(), 3u);
  EXPECT_EQ(taken_[1].given.size(), 1u);
  EXPECT_THAT(taken_[2].given, IsEmpty());
}

TEST(HistoryExchangeForm, NamesTheMemberThatIsWrong) {
  const std::pair<const char*, const char*> kWrong[] = {
      {R"([])", "must be a JSON object"},
      {R"({"v":2})", "v:"},
      {R"({"v":1,"agent":"me"})", "agent:"},
      {R"({"v":1,"agent":"codex","model":3})", "model:"},
      {R"({"v":1,"agent":"codex","time":-1})", "time:"},
      {R"({"v":1,"agent":"codex","usage":3})", "usage:"},
      {R"({"v":1,"agent":"codex","usage":{"source":"x"}})", "source:"},
      {R"({"v":1,"agent":"codex","outcome":"x"})", "outcome:"},
      {R"({"v":1,"agent":"codex","outcome":"complete"})", "parts:"},
      {R"({"v":1,"agent":"codex","outcome":"complete","parts":[3]})", "parts:"},
      {R"({"v":1,"agent":"codex","outcome":"complete","parts":[)"
       R"({"kind":"text","text":"ab","kept":[[1,3]]}]})",
       "kept:"}};
  for (const auto& [text, words] : kWrong) {
    const auto json = JsonDocument::Parse(text);
    const auto read = HistoryFromJson(json->root());
    ASSERT_FALSE(read.ok()) << text;
    EXPECT_THAT(read.error().message(), HasSubstr(words)) << text;
  }
}

TEST(HistoryExchangeForm, ThePagesExampleIsRead) {
  const std::string page = *ReadFile(COFFERDAM_HISTORIES_PAGE, 1 << 20);
  const size_t begin = page.find("```json\n") + 8;
  const std::string text =
      page.substr(begin, page.find("\n```", begin) - begin);
  const auto json = JsonDocument::Parse(text);
  ASSERT_TRUE(json.ok());
  const auto read = HistoryFromJson(json->root());
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(ToJson(*read), text);
}

TEST(HistoryLimits, TextsAndPartsAreCutBehindTheirLast) {
  HistoryExchange exchange;
  wire::Part part;
  part.text.assign(kHistoryTextBytesMax - 1, 'a');
  exchange.parts = {part};
  part.text = "b";
  exchange.parts.push_back(part);
  HistoryExchange fits = exchange;
  BoundHistoryExchange(&fits);
  EXPECT_EQ(fits, exchange);
  part.text = "é";
  exchange.parts[1] = part;
  BoundHistoryExchange(&exchange);
  EXPECT_TRUE(exchange.cut);
  EXPECT_EQ(exchange.parts.size(), 1u);

  HistoryExchange many;
  part.text = "x";
  many.parts.assign(kHistoryPartsMax, part);
  BoundHistoryExchange(&many);
  EXPECT_FALSE(many.cut);
  many.parts.push_back(part);
  BoundHistoryExchange(&many);
  EXPECT_TRUE(many.cut);
  EXPECT_EQ(many.parts.size(), kHistoryPartsMax);

  HistoryExchange named;
  named.model.assign(kHistoryNameBytesMax + 1, 'm');
  BoundHistoryExchange(&named);
  EXPECT_EQ(named.model.size(), kHistoryNameBytesMax);
}

TEST(HistoryMarkForm, ComesBackAsItWas) {
  const HistoryMark mark{7, 2, 9, 11, true, "aa", "bb", "{\"turn\":1}"};
  const auto json = JsonDocument::Parse(ToJson(mark));
  EXPECT_EQ(*HistoryMarkFromJson(json->root()), mark);
}

TEST(HistoryAgents, HaveNamesThatComeBack) {
  for (HistoryAgent agent : kHistoryAgents) {
    EXPECT_EQ(ParseHistoryAgent(HistoryAgentName(agent)), agent);
  }
  EXPECT_EQ(HistoryTool(HistoryAgent::kGemini), "gemini-cli");
  EXPECT_FALSE(ParseHistoryAgent("claude"));
}

}  // namespace
}  // namespace cofferdam::ledger
