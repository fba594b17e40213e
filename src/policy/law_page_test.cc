#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/file.h"
#include "policy/law_case.h"
#include "policy/law_check.h"

namespace cofferdam::policy {
namespace {

// The page's examples, in order.
std::vector<std::string> Examples() {
  Result<std::string> page = ReadFile(COFFERDAM_POLICY_PAGE, 1 << 20);
  EXPECT_TRUE(page.ok());
  std::vector<std::string> examples;
  constexpr std::string_view kBegin = "```toml\n";
  size_t at = page.ok() ? page->find(kBegin) : std::string::npos;
  while (at != std::string::npos) {
    const size_t begin = at + kBegin.size();
    const size_t end = page->find("```\n", begin);
    examples.push_back(page->substr(begin, end - begin));
    at = page->find(kBegin, end);
  }
  return examples;
}

LawContext Company() {
  LawContext context;
  context.known.emplace();
  context.known->contracts = {"anthropic", "openai", "inhouse"};
  context.known->upstreams = {{.name = "a",
                               .provider = "anthropic",
                               .contract = "anthropic",
                               .protocol = wire::Protocol::kAnthropicMessages,
                               .models = {"claude-*"}},
                              {.name = "o",
                               .provider = "openai",
                               .contract = "openai",
                               .protocol = wire::Protocol::kOpenAiResponses,
                               .models = {"gpt-*"}}};
  return context;
}

TEST(PolicyPage, ItsLawIsOneAndItsCasesHold) {
  const std::vector<std::string> examples = Examples();
  ASSERT_EQ(examples.size(), 2u);
  auto law = Law::Parse(examples[0], "policy.toml", Company());
  ASSERT_TRUE(law.ok()) << law.error().message();
  EXPECT_EQ((*law)->rules().size(), 5u);
  EXPECT_EQ((*law)->protections().size(), 2u);
  EXPECT_EQ((*law)->commit_trailer(), "Assisted-by: {tool} ({model})");
  for (const LawFinding& finding : CheckLaw(examples[0], Company())) {
    EXPECT_EQ(finding.severity, Severity::kWarning) << finding.message;
  }
  auto cases = ParseLawCases(examples[1], "policy.test.toml");
  ASSERT_TRUE(cases.ok()) << cases.error().message();
  ASSERT_EQ(cases->size(), 3u);
  for (const LawCase& row : *cases) {
    auto asked = SituationQuestion::Make(row.situation, **law, 0);
    ASSERT_TRUE(asked.ok());
    const Decision decision = (*law)->Decide((*asked)->question());
    EXPECT_EQ(decision.effect, row.expect) << row.name;
    if (!row.rule.empty()) EXPECT_EQ(decision.name, row.rule) << row.name;
  }
}

TEST(PolicyPage, ARerouteThatCouldLeaveItsProtocolIsRefused) {
  auto law = Law::Parse(
      "[[rule]]\nname = \"a\"\neffect = \"reroute\"\nreason = \"r\"\n"
      "to = \"claude-haiku-4-5\"\n",
      "p", Company());
  ASSERT_FALSE(law.ok());
  EXPECT_EQ(law.error().message(),
            "p:5:1: [rule.1] to: leaves its protocol: requests to [upstream.o] "
            "speak openai-responses, in which no upstream serves "
            "\"claude-haiku-4-5\"; name only requests of anthropic-messages in "
            "this rule");
}

}  // namespace
}  // namespace cofferdam::policy
