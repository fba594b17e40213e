#include "policy/law.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "policy/glob.h"

namespace cofferdam::policy {
namespace {

std::shared_ptr<const Law> Parse(std::string_view text,
                                 const LawContext& context = {}) {
  auto law = Law::Parse(text, "policy.toml", context);
  EXPECT_TRUE(law.ok()) << (law.ok() ? "" : law.error().message());
  return law.ok() ? *law : Law::Default(context);
}

std::string IssuesOf(std::string_view text, const LawContext& context = {}) {
  auto law = Law::Parse(text, "p", context);
  EXPECT_FALSE(law.ok());
  return law.ok() ? "" : law.error().message();
}

// An engineer at work on the company's product.
Question Work() {
  return {.person_id = "01J",
          .email = "ada@example.com",
          .team = "kernels",
          .tool = "claude-code",
          .tool_version = "2.1.34",
          .provider = "anthropic",
          .model = "claude-opus-4-8",
          .contract = "anthropic",
          .repo = "github.com/acme/app",
          .path = "/v1/messages",
          .purpose = "product",
          .grade = Grade::kSession,
          .terms_class = TermsClass::kForbidCompete};
}

TEST(LawWithoutRules, AllowsOrdinaryWork) {
  const auto law = Law::Default({});
  const Decision decision = law->Decide(Work());
  EXPECT_EQ(decision.effect, Effect::kAllow);
  EXPECT_EQ(decision.by, DecidedBy::kDefault);
  EXPECT_EQ(decision.name, "fixed.allow");
  EXPECT_EQ(law->version(), "e3b0c44298fc");
}

TEST(LawWithoutRules, DeniesEvaluationItemsForEveryModel) {
  const auto law = Law::Default({.trains_models = false});
  Question question = Work();
  question.purpose = "eval-authoring";
  question.terms_class = TermsClass::kAllow;
  const Decision decision = law->Decide(question);
  EXPECT_EQ(decision.effect, Effect::kDeny);
  EXPECT_EQ(decision.by, DecidedBy::kPurpose);
  EXPECT_FALSE(decision.why.empty());
  EXPECT_FALSE(decision.ask.empty());
}

TEST(LawWithoutRules, AsksForApprovalWhereTheTermsForbidTraining) {
  const auto law = Law::Default({});
  Question question = Work();
  question.purpose = "data-generation";
  const struct {
    TermsClass terms_class;
    Effect effect;
  } kCases[] = {{TermsClass::kForbidAny, Effect::kApprove},
                {TermsClass::kUnknown, Effect::kApprove},
                {TermsClass::kForbidCompete, Effect::kApprove},
                {TermsClass::kAllowViral, Effect::kAllow},
                {TermsClass::kAllowLimited, Effect::kAllow},
                {TermsClass::kAllowNaming, Effect::kAllow},
                {TermsClass::kAllow, Effect::kAllow}};
  for (const auto& row : kCases) {
    question.terms_class = row.terms_class;
    EXPECT_EQ(law->Decide(question).effect, row.effect)
        << TermsClassName(row.terms_class);
  }
}

TEST(LawWithoutRules, LeavesTheTermsToThoseWhoTrainNoModels) {
  const auto law = Law::Default({.trains_models = false});
  Question question = Work();
  question.purpose = "data-generation";
  EXPECT_EQ(law->Decide(question).effect, Effect::kAllow);
}

TEST(Law, TheFirstRuleThatMatchesDecides) {
  const auto law = Parse(R"(
ask = "ask the platform team"
[[rule]]
name = "no-mini"
model = "*-mini"
effect = "deny"
reason = "too small"
[[rule]]
name = "kernels"
team = ["kernels", "compilers"]
effect = "pause"
reason = "the audit is running"
ask = "come back on Monday"
[[rule]]
name = "later"
team = "kernels"
effect = "allow"
)");
  const Decision decision = law->Decide(Work());
  EXPECT_EQ(decision.effect, Effect::kPause);
  EXPECT_EQ(decision.by, DecidedBy::kRule);
  EXPECT_EQ(decision.rule, law->FindRule("kernels"));
  EXPECT_EQ(decision.name, "kernels");
  EXPECT_EQ(decision.why, "the audit is running");
  EXPECT_EQ(decision.ask, "come back on Monday");
  EXPECT_EQ(law->rules()[0].ask, "ask the platform team");
  EXPECT_EQ(law->rules()[1].line, 8);
  EXPECT_EQ(law->FindRule("none"), nullptr);
}

TEST(Law, ATeamsRuleCoversTheTeamsBelowIt) {
  const auto law = Parse(R"(
[[rule]]
name = "research"
team = "research"
effect = "deny"
reason = "r"
ask = "a"
)");
  Question question = Work();
  EXPECT_EQ(law->Decide(question).effect, Effect::kAllow);
  const std::string_view teams[] = {"kernels", "research"};
  question.teams = teams;
  EXPECT_EQ(law->Decide(question).effect, Effect::kDeny);
}

TEST(Law, SaysWhenARuleOverridesTheTerms) {
  const auto law = Parse(R"(
[[rule]]
name = "reviewed"
purpose = "eval-authoring"
effect = "allow"
[[rule]]
name = "counsel"
purpose = "data-generation"
effect = "approve"
reason = "r"
ask = "a"
four_eyes = true
expires_h = 8
)");
  Question question = Work();
  question.purpose = "eval-authoring";
  EXPECT_TRUE(law->Decide(question).overrides_terms);
  question.purpose = "data-generation";
  const Decision decision = law->Decide(question);
  EXPECT_FALSE(decision.overrides_terms);
  EXPECT_EQ(decision.approval,
            (ApprovalNeeds{.four_eyes = FourEyes::kYes, .expires_h = 8}));
}

TEST(Law, AsksForLabelsOnlyWhereTheyCouldChangeTheAnswer) {
  const auto law = Parse(R"(
[[rule]]
name = "secrets"
prompt_contains = ["compiler", "kernels"]
contract = "anthropic"
effect = "deny"
reason = "r"
ask = "a"
[[rule]]
name = "claude"
tool = "claude-code"
effect = "allow"
[[rule]]
name = "late"
prompt_contains = "roadmap"
effect = "deny"
reason = "r"
ask = "a"
)");
  EXPECT_THAT(law->labels(),
              testing::ElementsAre("compiler", "kernels", "roadmap"));
  Question question = Work();
  EXPECT_EQ(law->LabelsAsked(question), 3u);
  EXPECT_EQ(law->Decide(question).name, "claude");
  question.labels = 2;
  EXPECT_EQ(law->Decide(question).name, "secrets");
  question.contract = "inhouse";
  EXPECT_EQ(law->LabelsAsked(question), 0u);
  question.tool = "codex";
  EXPECT_EQ(law->LabelsAsked(question), 4u);
}

TEST(Law, ReadsLimitsAndReroutes) {
  const auto law = Parse(R"(
[[rule]]
name = "cheap"
model = "claude-opus-*"
effect = "reroute"
to = "claude-haiku-4-5"
reason = "the month's budget is for releases"
limits = { requests_per_minute = 30, streams = 2, per = "team" }
)");
  const Rule& rule = law->rules()[0];
  EXPECT_EQ(rule.reroute_to, "claude-haiku-4-5");
  ASSERT_TRUE(rule.limits.has_value());
  EXPECT_EQ(rule.limits->requests_per_minute, 30);
  EXPECT_EQ(rule.limits->tokens_per_minute, 0);
  EXPECT_EQ(rule.limits->streams, 2);
  EXPECT_EQ(rule.limits->per, Per::kTeam);
  EXPECT_EQ(law->Decide(Work()).effect, Effect::kReroute);
}

TEST(LawIssues, AreAllListedWithLineAndColumn) {
  EXPECT_EQ(IssuesOf("[[rule]]\nname = \"a\"\neffect = \"refuse\"\n"
                     "[[rule]]\nname = \"A\"\neffect = \"deny\"\ntols = 1\n"),
            "p:3:1: [rule.1] effect: unknown \"refuse\", must be one of "
            "\"allow\", \"deny\", \"approve\", \"pause\", \"reroute\"\n"
            "p:4:1: [rule.2]: says no reason, and people will ask for it\n"
            "p:4:1: [rule.2]: does not say in `ask` what to do next; one above "
            "all rules would do for all\n"
            "p:5:1: [rule.2] name: must be 1 to 64 of a-z, 0-9 and '-', not "
            "beginning with '-'\n"
            "p:7:1: [rule.2] tols: unknown key (did you mean \"tool\"?)");
}

std::string Repeat(size_t count, std::string_view text) {
  std::string all;
  for (size_t i = 0; i < count; ++i) all += text;
  return all;
}

std::string Rules(size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    text +=
        "[[rule]]\nname = \"r" + std::to_string(i) + "\"\neffect = \"allow\"\n";
  }
  return text;
}

std::string Conditioned(const std::string& condition) {
  return "[[rule]]\nname = \"r\"\neffect = \"allow\"\n" + condition + "\n";
}

bool Parses(const std::string& text) { return Law::Parse(text, "p", {}).ok(); }

TEST(LawLimits, HoldAtNAndNotBeyond) {
  EXPECT_TRUE(Parses(Rules(kRulesMax)));
  EXPECT_FALSE(Parses(Rules(kRulesMax + 1)));
  EXPECT_TRUE(Parses(std::string(kLawBytesMax, '\n')));
  EXPECT_FALSE(Parses(std::string(kLawBytesMax + 1, '\n')));
  auto pattern = [](size_t bytes) {
    return Conditioned("model = \"" + std::string(bytes, 'm') + "\"");
  };
  EXPECT_TRUE(Parses(pattern(kPatternBytesMax)));
  EXPECT_FALSE(Parses(pattern(kPatternBytesMax + 1)));
  auto stars = [](size_t count) {
    return Conditioned("model = \"" + Repeat(count, "a*") + "\"");
  };
  EXPECT_TRUE(Parses(stars(kGlobStarsMax)));
  EXPECT_FALSE(Parses(stars(kGlobStarsMax + 1)));
  auto values = [](size_t count) {
    return Conditioned("model = [" + Repeat(count, "\"m\",") + "]");
  };
  EXPECT_TRUE(Parses(values(kPatternsOfConditionMax)));
  EXPECT_FALSE(Parses(values(kPatternsOfConditionMax + 1)));
  auto reason = [](size_t bytes) {
    return Conditioned("reason = \"" + std::string(bytes, 'r') + "\"");
  };
  EXPECT_TRUE(Parses(reason(kSentenceBytesMax)));
  EXPECT_FALSE(Parses(reason(kSentenceBytesMax + 1)));
}

TEST(LawLimits, HoldForPatternsInAllLabelsPurposesAndRepositories) {
  auto patterns = [](size_t count) {
    std::string text;
    for (size_t i = 0; i < count / 128; ++i) {
      text += "[[rule]]\nname = \"r" + std::to_string(i) +
              "\"\neffect = \"allow\"\nmodel = [" + Repeat(128, "\"m\",") +
              "]\n";
    }
    const std::string rest = Repeat(count % 128, "\"m\",");
    if (!rest.empty()) text += Conditioned("model = [" + rest + "]");
    return text;
  };
  EXPECT_TRUE(Parses(patterns(kPatternsMax)));
  EXPECT_FALSE(Parses(patterns(kPatternsMax + 1)));
  auto labels = [](size_t count) {
    std::string list;
    for (size_t i = 0; i < count; ++i) list += fmt::format("\"l{}\",", i);
    return Conditioned("prompt_contains = [" + list + "]");
  };
  EXPECT_TRUE(Parses(labels(kLabelsMax)));
  EXPECT_FALSE(Parses(labels(kLabelsMax + 1)));
  auto purposes = [](size_t count) {
    std::string text = "[purposes]\n";
    for (size_t i = 0; i < count; ++i)
      text += fmt::format("p{} = \"nothing\"\n", i);
    return text;
  };
  EXPECT_TRUE(Parses(purposes(kPurposesMax)));
  EXPECT_FALSE(Parses(purposes(kPurposesMax + 1)));
  auto repositories = [](size_t count) {
    return Repeat(count,
                  "[[repository]]\nmatch = \"h/*\"\npurposes = "
                  "\"product\"\n");
  };
  EXPECT_TRUE(Parses(repositories(kRepositoriesMax)));
  EXPECT_FALSE(Parses(repositories(kRepositoriesMax + 1)));
}

TEST(LawIssues, NameWrongTypesUnknownPurposesAndEmptyConditions) {
  for (const char* text :
       {"ask = 1\n", "time_zone = \"Berlin\"\n", "rule = 1\n", "purposes = 1\n",
        "[purposes]\neval-authoring = \"nothing\"\n",
        "[purposes]\nBig = \"nothing\"\n", "[purposes]\na = \"maybe\"\n",
        "[[repository]]\nmatch = \"h/*\"\n",
        "[[repository]]\nmatch = \"h/*\"\npurposes = \"prodct\"\n",
        "[[repository]]\nmatch = \"h/*\"\npurposes = \"\"\n"}) {
    EXPECT_FALSE(Parses(text)) << text;
  }
  for (const char* condition :
       {"model = []", "model = 1", "model = [\"a\", 2]", "purpose = \"prodct\"",
        "grade = \"good\"", "protocol = \"http\"", "terms_class = \"mild\"",
        "time = \"noon\"", "time_zone = \"UTC\"", "tool_version = \">=\"",
        "tool_version = \">2,<1\"", "prompt_contains = \"A\"", "to = \"m\"",
        "four_eyes = true", "expires_h = 1", "limits = {}",
        "limits = { streams = 0 }", "limits = { streams = 1, per = \"all\" }",
        "repo = \"no repo\""}) {
    EXPECT_FALSE(Parses(Conditioned(condition))) << condition;
  }
  EXPECT_TRUE(Parses(Conditioned("model = \"\"")));
}

}  // namespace
}  // namespace cofferdam::policy
