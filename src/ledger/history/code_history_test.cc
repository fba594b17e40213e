#include <gtest/gtest.h>

#include "base/file.h"
#include "ledger/history/history_testing.h"

// Records of cofferdam code (docs/formats/code-records.md).
namespace cofferdam::ledger {
namespace {

class Code : public HistoryTest {
 protected:
  Code() : HistoryTest(HistoryAgent::kCofferdamCode, "01S.jsonl") {}
};

TEST_F(Code, TheExampleOfThePageIsThreeAnswers) {
  const std::string page = *ReadFile(COFFERDAM_CODE_RECORDS_PAGE, 1 << 20);
  size_t at = page.find("```jsonl\n");
  ASSERT_NE(at, std::string::npos);
  at += 9;
  Write(page.substr(at, page.find("\n```", at) - at + 1));
  const HistoryRead read = Read();
  EXPECT_TRUE(problems_.empty());
  ASSERT_EQ(taken_.size(), 3u);
  EXPECT_EQ(taken_[0].provider, "inhouse");
  EXPECT_EQ(taken_[0].given.size(), 1u);
  EXPECT_FALSE(taken_[0].later);
  EXPECT_TRUE(taken_[1].later);
  EXPECT_EQ(taken_[1].provider_response_id, taken_[0].provider_response_id);
  EXPECT_EQ(taken_[2].exchange, "01K4000000000G000000000001");
  // Written again, each says the same.
  for (const HistoryExchange& exchange : taken_) {
    auto json = JsonDocument::Parse(ToJson(exchange));
    ASSERT_TRUE(json.ok());
    EXPECT_EQ(*HistoryFromJson(json->root()), exchange);
  }
}

TEST_F(Code, OnlyWhatIsNewIsReadAgainAndAHalfLineWaits) {
  HistoryExchange exchange;
  exchange.agent = HistoryAgent::kCofferdamCode;
  exchange.id = "a";
  exchange.parts.push_back({.text = "def one_line_of_code(): pass"});
  const std::string given =
      R"({"v":1,"given_texts":["def one_line_of_code(): pass"]})";
  Write(given + "\n");
  HistoryRead read = Read();
  EXPECT_TRUE(taken_.empty());
  Append(ToJson(exchange) + "\n" + ToJson(exchange).substr(0, 20));
  read = Read(read.mark);
  ASSERT_EQ(taken_.size(), 1u);
  EXPECT_EQ(taken_[0].given.size(), 1u);
  EXPECT_EQ(lines_[0], 2);
  Append(ToJson(exchange).substr(20) + "\n");
  read = Read(read.mark);
  EXPECT_EQ(taken_.size(), 2u);
}

TEST_F(Code, LinesOfOthersAreToldOf) {
  HistoryExchange exchange;
  exchange.agent = HistoryAgent::kCodex;
  Write("no json\n" + ToJson(exchange) + "\n{\"v\":1}\n");
  Read();
  EXPECT_EQ(ProblemLines(), (std::vector<int64_t>{1, 2, 3}));
}

}  // namespace
}  // namespace cofferdam::ledger
