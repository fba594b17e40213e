#include "policy/law_check.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/laws_testing.h"

namespace cofferdam::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> Lines(std::string_view text,
                               const LawContext& context = {}) {
  std::vector<std::string> lines;
  for (const LawFinding& finding : CheckLaw(text, context)) {
    lines.push_back(fmt::format("{}:{}: {}: {}", finding.line, finding.column,
                                SeverityName(finding.severity),
                                finding.message));
  }
  return lines;
}

std::string Rule(std::string_view name, std::string_view conditions,
                 std::string_view effect = "deny") {
  return fmt::format(
      "[[rule]]\nname = \"{}\"\n{}\neffect = \"{}\"\nreason = \"r\"\nask = "
      "\"a\"\n",
      name, conditions, effect);
}

TEST(CheckLaw, SaysNothingOfAGoodLaw) {
  EXPECT_THAT(
      Lines(Rule("a", "tool = \"codex\"") +
            Rule("b", "tool = [\"codex\", \"aider\"]") +
            Rule("c", "repo = \"h/a/*\"") + Rule("d", "repo = \"h/*\"") +
            Rule("e", "not_team = \"x\"") +
            Rule("f", "purpose = \"product\"\nteam = \"x\"", "allow")),
      IsEmpty());
}

TEST(CheckLaw, FindsARuleThatAnEarlierOneTakesAllFrom) {
  EXPECT_THAT(
      Lines(Rule("wide", "repo = \"h/*\"") +
            Rule("narrow", "repo = \"h/a/*\"\ntool = \"codex\"")),
      ElementsAre("7:1: error: [rule.2] \"narrow\": unreachable: \"wide\" "
                  "(line 1) above takes all that it means"));
}

TEST(CheckLaw, FindsARuleThatSeveralTakeTogether) {
  EXPECT_THAT(
      Lines(Rule("a", "tool = \"codex\"") + Rule("b", "tool = \"aid*\"") +
            Rule("c", "tool = [\"codex\", \"aider\"]\nmodel = \"gpt-*\"")),
      ElementsAre("13:1: error: [rule.3] \"c\": unreachable: \"a\" (line 1), "
                  "\"b\" (line 7) above take all that it means"));
  EXPECT_THAT(Lines(Rule("a", "protocol = \"gemini\"") +
                    Rule("b",
                         "protocol = [\"openai-chat\", "
                         "\"openai-responses\"]") +
                    Rule("c", "protocol = \"anthropic-messages\"") +
                    Rule("d", "tool = \"x\"")),
              ElementsAre(HasSubstr("\"d\": unreachable")));
}

TEST(CheckLaw, FindsAContradiction) {
  EXPECT_THAT(
      Lines(Rule("yes", "tool = \"codex\"\npurpose = \"product\"", "approve") +
            Rule("no", "purpose = \"product\"\ntool = \"codex\"")),
      ElementsAre("8:1: error: [rule.2] \"no\": contradicts \"yes\" (line 1): "
                  "the same conditions, but approve there and deny here"));
}

TEST(CheckLaw, FindsARuleThatNothingCanMatch) {
  EXPECT_THAT(Lines(Rule("a", "repo = \"h/a/*\"\nnot_repo = \"h/*\"")),
              ElementsAre(HasSubstr("no request can match: not_repo leaves out "
                                    "all of repo")));
}

TEST(CheckLaw, ListsIssuesAndFindingsTogether) {
  EXPECT_THAT(Lines(Rule("a", "") + Rule("b", "colour = 1")),
              ElementsAre(HasSubstr("7:1: error: [rule.2] \"b\": unreachable"),
                          HasSubstr("9:1: error: [rule.2] colour: unknown")));
}

TEST(CheckLaw, WarnsOfARuleThatAllowsMoreThanItSays) {
  EXPECT_THAT(
      Lines(Rule("claude", "tool = \"claude-code\"", "allow")),
      ElementsAre(
          "1:1: warning: [rule.1] \"claude\": allows data-generation, "
          "eval-authoring, training-code too, which terms and purpose "
          "alone would not; name `purpose` or `not_purpose` to say what "
          "is meant"));
  EXPECT_THAT(Lines(Rule("claude", "not_purpose = \"eval-authoring\"", "allow"),
                    {.trains_models = false}),
              IsEmpty());
}

TEST(CheckLaw, WarnsOfTeamsAndLabelsThatNobodyKnows) {
  LawContext context;
  context.known.emplace();
  context.known->teams = {"kernels"};
  context.known->labels = {"compiler"};
  EXPECT_THAT(Lines(Rule("a", "team = [\"kern*\", \"colour\"]") +
                        Rule("b", "prompt_contains = [\"compiler\", \"x\"]"),
                    context),
              ElementsAre(HasSubstr("warning: [rule.1] \"a\": team: nobody "
                                    "knows a team \"colour\""),
                          HasSubstr("label \"x\"")));
}

TEST(CheckLaw, WarnsOfToolsThatTheGateDoesNotTellApart) {
  LawContext context;
  context.known.emplace();
  context.known->tools = {"claude-code", "codex"};
  EXPECT_THAT(
      Lines(Rule("a", "tool = [\"claude-*\", \"claude\"]"), context),
      ElementsAre(HasSubstr("tool: no agent is called \"claude\" unless a "
                            "session key binds that name; known: claude-code, "
                            "codex")));
}

// What is called unreachable is never reached.
TEST(CheckLaw, IsRightOnDrawnLaws) {
  size_t unreachable = 0;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    LawDrawer drawer(seed);
    const std::string text = drawer.Text(60);
    auto law = Law::Parse(text, "p", {});
    ASSERT_TRUE(law.ok());
    std::vector<int> lines;
    for (const LawFinding& finding : CheckLaw(text, {})) {
      if (finding.severity == Severity::kError) lines.push_back(finding.line);
    }
    unreachable += lines.size();
    for (int i = 0; i < 3000; ++i) {
      const policy::Rule* rule = FirstOneByOne(**law, drawer.Ask());
      if (rule == nullptr) continue;
      EXPECT_THAT(lines, testing::Not(testing::Contains(rule->line))) << text;
    }
  }
  EXPECT_GT(unreachable, 0u);
}

}  // namespace
}  // namespace cofferdam::policy
