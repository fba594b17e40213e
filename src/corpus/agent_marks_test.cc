#include "corpus/agent_marks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cofferdam::corpus {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<AgentMark> InMessage(std::string_view message) {
  return FindAgentMarks(
      {"Ann", "ann@example.com", "Ann", "ann@example.com", message});
}

TEST(AgentMarks, ReadsWhatEachAgentLeaves) {
  const std::pair<std::string_view, AgentMark> cases[] = {
      {"Fix\n\nCo-Authored-By: Claude Sonnet 5 <noreply@anthropic.com>\n",
       {"claude-code", "Claude Sonnet 5"}},
      {"Fix\n\nco-authored-by: Claude Code <noreply@anthropic.com>",
       {"claude-code", ""}},
      {"Fix\r\n\r\nCo-authored-by: Codex <noreply@openai.com>\r\n",
       {"codex", ""}},
      {"Fix\n\nCo-authored-by: aider (gpt-5.5) <aider@aider.chat>",
       {"aider", "gpt-5.5"}},
      {"Fix\n\nCo-authored-by: aider (o1) <noreply@aider.chat>",
       {"aider", "o1"}},
      {"aider: Fix the thing", {"aider", ""}},
      {"Fix\n\nCo-authored-by: Cursor <cursoragent@cursor.com>",
       {"cursor", ""}},
      {"Fix\n\nCo-authored-by: Copilot "
       "<198982749+Copilot@users.noreply.github.com>",
       {"copilot", ""}},
      {"Fix\n\nAssisted-by: Claude:claude-4.5-sonnet coccinelle",
       {"claude-code", "claude-4.5-sonnet"}},
      {"Fix\n\nGenerated-by: GitHub Copilot", {"copilot", ""}},
      {"Fix\n\nAssisted-by: SomethingNew", {"other", ""}},
      {"Fix\n\nAI-Model-Used: m-1", {"other", "m-1"}},
      {"Fix\n\nAi-assisted: true", {"other", ""}},
      {"Fix\n\nClaude-Session: https://claude.ai/code/x", {"claude-code", ""}},
      {"Fix\n\n\xf0\x9f\xa4\x96 Generated with [Claude Code]"
       "(https://claude.com/claude-code)",
       {"claude-code", ""}},
      {"Fix\n\nReplit-Commit-Author: Agent", {"replit", ""}},
      {"Fix\n\nEntire-Checkpoint: 0123456789ab", {"other", ""}},
  };
  for (const auto& [message, mark] : cases) {
    EXPECT_THAT(InMessage(message), ElementsAre(mark)) << message;
  }
}

TEST(AgentMarks, ReadsAuthorsAndCommitters) {
  EXPECT_THAT(FindAgentMarks({"copilot-swe-agent[bot]",
                              "198982749+copilot@users.noreply.github.com",
                              "GitHub", "noreply@github.com", "Fix"}),
              ElementsAre(AgentMark{"copilot", ""}));
  EXPECT_THAT(FindAgentMarks({"Ann (aider)", "a@b.c", "Ann", "a@b.c", "Fix"}),
              ElementsAre(AgentMark{"aider", ""}));
  EXPECT_THAT(
      FindAgentMarks({"devin-ai-integration[bot]",
                      "158243242+devin-ai-integration[bot]@users.noreply."
                      "github.com",
                      "a", "a@b.c", "Fix"}),
      ElementsAre(AgentMark{"devin", ""}));
}

TEST(AgentMarks, NamesEachToolOnce) {
  EXPECT_THAT(
      InMessage("Fix\n\n"
                "Co-Authored-By: Claude Code <noreply@anthropic.com>\n"
                "Co-Authored-By: Claude Opus 5 <noreply@anthropic.com>\n"
                "Co-authored-by: Codex <noreply@openai.com>\n"),
      ElementsAre(AgentMark{"claude-code", "Claude Opus 5"},
                  AgentMark{"codex", ""}));
}

TEST(AgentMarks, PeopleAndWordsAboutAgentsAreNone) {
  for (std::string_view message :
       {"", "Fix", "Teach the parser about Claude", ":",
        "Co-authored-by:", "Co-authored-by: Claude Monet <claude@example.com>",
        "Ai-assisted: false", "Replit-Commit-Author: Deployer",
        "Generated-by:", "Signed-off-by: Ann <ann@example.com>"}) {
    EXPECT_THAT(InMessage(message), IsEmpty()) << message;
  }
}

TEST(AgentMarks, LooksNoFurtherThanItsLimits) {
  const std::string mark = "Ai-assisted: true";
  std::string lines(kMarkLinesMax - 1, '\n');
  EXPECT_THAT(InMessage(lines + mark), ElementsAre(AgentMark{"other", ""}));
  EXPECT_THAT(InMessage(lines + "\n" + mark), IsEmpty());
  const std::string wide(kMarkLineBytesMax - mark.size(), ' ');
  EXPECT_THAT(InMessage(wide + mark), ElementsAre(AgentMark{"other", ""}));
  EXPECT_THAT(InMessage(wide + " " + mark), IsEmpty());
}

}  // namespace
}  // namespace cofferdam::corpus
