#include "policy/law_case.h"

#include <gtest/gtest.h>

namespace cofferdam::policy {
namespace {

TEST(ParseLawCases, ReadsWhatIsAskedAndExpected) {
  auto cases = ParseLawCases(R"(
[[case]]
name = "no data from rivals"
person = "Ada@Example.com"
team = ["kernels", "research"]
tool = "codex"
model = "gpt-5.5"
purpose = "data-generation"
grade = "attested"
terms_class = "forbid_compete"
protocol = "openai-responses"
at = "Wed 10:30"
expect = "approve"
rule = "fixed.terms"
)",
                             "t");
  ASSERT_TRUE(cases.ok()) << cases.error().message();
  ASSERT_EQ(cases->size(), 1u);
  const LawCase& read = (*cases)[0];
  EXPECT_EQ(read.line, 2);
  EXPECT_EQ(read.expect, Effect::kApprove);
  auto asked = SituationQuestion::Make(read.situation, *Law::Default({}), 0);
  ASSERT_TRUE(asked.ok());
  const Question question = (*asked)->question();
  EXPECT_EQ(question.email, "ada@example.com");
  EXPECT_EQ(question.team, "kernels");
  EXPECT_EQ(question.teams.size(), 2u);
  EXPECT_EQ(question.grade, Grade::kAttested);
  EXPECT_EQ(MinuteOfWeek(question.now_micros), (2 * 24 + 10) * 60 + 30);
  EXPECT_EQ(Law::Default({})->Decide(question).name, read.rule);
}

TEST(ParseLawCases, ListsEveryIssueWithItsPlace) {
  auto cases = ParseLawCases(
      "[[case]]\nname = \"a\"\nexpect = \"maybe\"\nat = \"noon\"\n[[case]]\n"
      "name = \"a\"\ncolour = 1\n",
      "t");
  ASSERT_FALSE(cases.ok());
  EXPECT_EQ(cases.error().message(),
            "t:3:1: [case.1] expect: unknown \"maybe\", must be one of "
            "\"allow\", \"deny\", \"approve\", \"pause\", \"reroute\"\n"
            "t:4:1: [case.1] at: must be a day and a time in UTC, such as "
            "\"Wed 10:30\"\n"
            "t:5:1: [case.2]: \"expect\" is missing\n"
            "t:6:1: [case.2] name: another case is called so\n"
            "t:7:1: [case.2] colour: unknown key");
}

TEST(ParseLawCases, TakesSoManyCasesAndNotOneMore) {
  auto with = [](size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) {
      text +=
          "[[case]]\nname = \"" + std::to_string(i) + "\"\nexpect = \"deny\"\n";
    }
    return ParseLawCases(text, "t").ok();
  };
  EXPECT_TRUE(with(kCasesOfFileMax));
  EXPECT_FALSE(with(kCasesOfFileMax + 1));
}

TEST(SituationQuestion, RefusesALabelThatNoRuleAsksFor) {
  auto asked =
      SituationQuestion::Make({.contains = {"x"}}, *Law::Default({}), 0);
  ASSERT_FALSE(asked.ok());
  EXPECT_EQ(asked.error().code(), Code::kInvalid);
}

TEST(ParseWeekMinute, TakesADayAndATime) {
  EXPECT_EQ(*ParseWeekMinute("Mon 00:00"), 0);
  EXPECT_EQ(*ParseWeekMinute("Sun 23:59"), kWeekMinutes - 1);
  for (const char* text :
       {"", "Mon 24:00", "Mon-Tue 10:00", "10:00", "Mon 9:00"}) {
    EXPECT_FALSE(ParseWeekMinute(text).ok()) << text;
  }
}

}  // namespace
}  // namespace cofferdam::policy
