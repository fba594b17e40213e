#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "ledger/history/given_texts_internal.h"

namespace cofferdam::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr size_t kAll = size_t{1} << 30;

std::vector<wire::Part> Says(const std::string& text) {
  wire::Part part;
  part.text = text;
  return {part};
}

TEST(GivenTexts, OfThoseWithALineOfTheAnswerAreTold) {
  GivenTexts given;
  given.Add("def one_function():\n    return 1\n");
  given.Add("def other_function():\n    return 2\n");
  EXPECT_THAT(given.QuotedBy(Says("x\n  def other_function():\n"), 2, kAll),
              ElementsAre("def other_function():\n    return 2\n"));
  EXPECT_THAT(given.QuotedBy(Says("    return 1\n"), 2, kAll), IsEmpty());
}

TEST(GivenTexts, LineNumbersAndSpacesMakeNoOtherLine) {
  GivenTexts given;
  for (std::string_view text :
       {"   12→total = combine(rows)", "12: total = combine(rows)",
        "total  =  combine( rows )"}) {
    given.Add(text);
  }
  EXPECT_EQ(given.QuotedBy(Says("\ttotal = combine(rows)"), 3, kAll).size(),
            3u);
}

TEST(GivenTexts, ALineAtTheLeastLengthCountsAndAShorterOneDoesNot) {
  GivenTexts given;
  const std::string least(GivenTexts::kLineCharactersMin, 'a');
  given.Add(least);
  given.Add(std::string(GivenTexts::kLineCharactersMin - 1, 'b') + ";");
  EXPECT_EQ(given.QuotedBy(Says(least), 2, kAll).size(), 1u);
  EXPECT_THAT(
      given.QuotedBy(Says(std::string(GivenTexts::kLineCharactersMin - 1, 'b')),
                     2, kAll),
      IsEmpty());
}

TEST(GivenTexts, WhatCameLaterIsNotQuoted) {
  GivenTexts given;
  given.Add("the first long line");
  const uint64_t before = given.count();
  given.Add("the first long line, and the second");
  given.Add("the first long line");
  EXPECT_EQ(given.QuotedBy(Says("the first long line"), before, kAll).size(),
            1u);
}

TEST(GivenTexts, ThoseWithMostLinesComeFirstUpToTheLimit) {
  GivenTexts given;
  const std::string one = "the first long line";
  const std::string two = "the first long line\nthe second long line";
  given.Add(one);
  given.Add(two);
  EXPECT_THAT(given.QuotedBy(Says(two), 2, one.size() + two.size()),
              ElementsAre(one, two));
  EXPECT_THAT(given.QuotedBy(Says(two), 2, one.size() + two.size() - 1),
              ElementsAre(two));
}

TEST(GivenTexts, TheNewestStayWithinTheLimit) {
  GivenTexts given;
  const std::string line = "a line that every text has\n";
  const size_t texts = GivenTexts::kBytesMax / GivenTexts::kTextBytesMax;
  given.Add("an early line of its own");
  for (size_t i = 0; i < texts; ++i) {
    given.Add(line + std::string(GivenTexts::kTextBytesMax, 'x'));
  }
  EXPECT_THAT(given.QuotedBy(Says("an early line of its own"), kAll, kAll),
              IsEmpty());
  const auto found = given.QuotedBy(Says(line), kAll, kAll);
  EXPECT_EQ(found.size(), GivenTexts::kSameLineMax);
  EXPECT_EQ(found[0].size(), GivenTexts::kTextBytesMax);
  EXPECT_EQ(given.count(), texts + 1);
}

TEST(GivenTexts, StringsOfJsonAreTextsButForIds) {
  const auto json = JsonDocument::Parse(
      R"([{"type":"tool_result","tool_use_id":"toolu_0123456789abc",)"
      R"("content":[{"type":"text","text":"what the tool has shown"}]}])");
  GivenTexts given;
  given.AddStrings(json->root());
  EXPECT_EQ(given.count(), 1u);
  std::string deep = "\"a text far below all others\"";
  for (int i = 0; i <= GivenTexts::kDepthMax; ++i) deep = "[" + deep + "]";
  given.AddStrings(JsonDocument::Parse(deep)->root());
  EXPECT_EQ(given.count(), 1u);
  given.AddStrings(
      JsonDocument::Parse(deep.substr(1, deep.size() - 2))->root());
  EXPECT_EQ(given.count(), 2u);
}

}  // namespace
}  // namespace cofferdam::ledger
