#include "corpus/agent_marks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

namespace cofferdam::corpus {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<AgentMark> InMessage(std::string_view message) {
  return FindAgentMarks(
      {"Ann", "ann@example.com", "Ann", "ann@example.com", message});
}

// Tool and model, as most marks have no more.
MATCHER_P2(Says, tool, model, "") {
  return arg.tool == tool && arg.model == model;
}

TEST(AgentMarks, ReadsWhatEachAgentLeaves) {
  struct Case {
    std::string_view message;
    std::string_view tool;
    std::string_view model;
    MarkKind kind;
  };
  const Case cases[] = {
      {"Co-Authored-By: Claude Sonnet 5 <noreply@anthropic.com>\n",
       "claude-code", "Claude Sonnet 5", MarkKind::kCoAuthor},
      {"co-authored-by: Claude Code <noreply@anthropic.com>", "claude-code", "",
       MarkKind::kCoAuthor},
      {"Co-authored-by: Codex <noreply@openai.com>\r\n", "codex", "",
       MarkKind::kCoAuthor},
      {"Co-authored-by: aider (gpt-5.5) <aider@aider.chat>", "aider", "gpt-5.5",
       MarkKind::kCoAuthor},
      {"Co-authored-by: aider (o1) <noreply@aider.chat>", "aider", "o1",
       MarkKind::kCoAuthor},
      {"Co-authored-by: Cursor <cursoragent@cursor.com>", "cursor", "",
       MarkKind::kCoAuthor},
      {"Co-authored-by: Copilot <198982749+Copilot@users.noreply.github.com>",
       "copilot", "", MarkKind::kCoAuthor},
      {"Co-authored-by: Copilot <copilot@github.com>", "copilot", "",
       MarkKind::kCoAuthor},
      {"Co-authored-by: google-labs-jules[bot] "
       "<161369871+google-labs-jules[bot]@users.noreply.github.com>",
       "jules", "", MarkKind::kCoAuthor},
      {"    Co-authored-by: opencode <noreply@opencode.ai>", "opencode", "",
       MarkKind::kCoAuthor},
      {"Assisted-by: Claude:claude-4.5-sonnet coccinelle [sparse]",
       "claude-code", "claude-4.5-sonnet", MarkKind::kAssisted},
      {"Assisted-by: NewAgent:model-1 [checkpatch]", "other", "model-1",
       MarkKind::kAssisted},
      {"Assisted-by: Claude Code (claude-opus-5)", "claude-code",
       "claude-opus-5", MarkKind::kAssisted},
      {"Assisted-by: cofferdam-code (qwen3-coder:30b)", "cofferdam-code",
       "qwen3-coder:30b", MarkKind::kAssisted},
      {"Assisted-by: Codex <noreply@openai.com>", "codex", "",
       MarkKind::kAssisted},
      {"Assisted-by: SomethingNew", "other", "", MarkKind::kAssisted},
      {"Generated-by: GitHub Copilot", "copilot", "", MarkKind::kGenerated},
      {"Generated-by: Claude Opus 4.5", "claude-code", "Claude Opus 4.5",
       MarkKind::kGenerated},
      {"Generated-by: https://claude.ai/code", "", "", MarkKind::kGenerated},
      {"AI-Model-Used: m-1", "other", "m-1", MarkKind::kAssisted},
      {"Ai-assisted: true", "other", "", MarkKind::kAssisted},
      {"\xf0\x9f\xa4\x96 Generated with [Claude Code]"
       "(https://claude.com/claude-code)",
       "claude-code", "", MarkKind::kFooter},
      {"Generated with Claude Code", "claude-code", "", MarkKind::kFooter},
      {"Replit-Commit-Author: Agent", "replit", "", MarkKind::kSession},
      {"Replit-Commit-Author: Assistant", "replit", "", MarkKind::kSession},
      {"Entire-Metadata: x", "other", "", MarkKind::kSession},
      {"Entire-Agent: Claude Code", "claude-code", "", MarkKind::kSession},
  };
  for (const Case& one : cases) {
    const auto found = InMessage("Fix\n\n" + std::string(one.message));
    if (one.tool.empty()) {
      EXPECT_THAT(found, IsEmpty()) << one.message;
      continue;
    }
    ASSERT_THAT(found, ElementsAre(Says(one.tool, one.model))) << one.message;
    EXPECT_EQ(found[0].kind, one.kind) << one.message;
  }
  EXPECT_THAT(InMessage("aider: Fix the thing"),
              ElementsAre(Says("aider", "")));
}

TEST(AgentMarks, KeepsWhatNamesTheSession) {
  const std::pair<std::string_view, AgentMark> cases[] = {
      {"Claude-Session: https://example.com/code/x",
       {"claude-code", "", MarkKind::kSession, "https://example.com/code/x"}},
      {"Replit-Commit-Author: Agent\nReplit-Commit-Session-Id: 12-ab",
       {"replit", "", MarkKind::kSession, "12-ab"}},
      {"Entire-Checkpoint: 0123456789ab",
       {"other", "", MarkKind::kSession, "0123456789ab"}},
      {"Entire-Session: s1\nEntire-Agent: Gemini CLI",
       {"gemini-cli", "", MarkKind::kSession, "s1"}},
  };
  for (const auto& [message, mark] : cases) {
    EXPECT_THAT(InMessage("Fix\n\n" + std::string(message)), ElementsAre(mark))
        << message;
  }
}

TEST(AgentMarks, WhatIsSaidOfNobodyIsSaidOfTheOneThatIsNamed) {
  const std::string codex = "Co-authored-by: Codex <noreply@openai.com>\n";
  EXPECT_THAT(
      InMessage(codex + "AI-Model-Used: gpt-5.5"),
      ElementsAre(AgentMark{"codex", "gpt-5.5", MarkKind::kCoAuthor, ""}));
  EXPECT_THAT(InMessage(codex + "Ai-assisted: true\nAssisted-by: Claude:opus\n"
                                "AI-Model-Used: m"),
              ElementsAre(Says("claude-code", "opus"), Says("codex", "")));
}

TEST(AgentMarks, ReadsAuthorsAndCommitters) {
  const auto by = [](std::string_view name, std::string_view mail) {
    return FindAgentMarks({name, mail, "GitHub", "noreply@github.com", "Fix"});
  };
  for (const auto& [name, mail, tool] :
       {std::tuple("copilot-swe-agent[bot]",
                   "198982749+copilot@users.noreply.github.com", "copilot"),
        std::tuple("Ann (aider)", "a@b.c", "aider"),
        std::tuple("devin-ai-integration[bot]",
                   "158243242+devin-ai-integration[bot]@users.noreply."
                   "github.com",
                   "devin"),
        std::tuple("claude[bot]",
                   "209825114+claude[bot]@users.noreply.github.com",
                   "claude-code"),
        std::tuple("Cursor Agent", "cursoragent@cursor.com", "cursor"),
        std::tuple("Claude", "noreply@anthropic.com", "claude-code"),
        std::tuple("cursor[bot]", "x@example.com", "cursor")}) {
    EXPECT_THAT(by(name, mail), ElementsAre(Says(tool, ""))) << name;
    EXPECT_EQ(by(name, mail)[0].kind, MarkKind::kAuthor);
  }
  const std::string both = "Claude <noreply@anthropic.com>";
  EXPECT_THAT(by(both, both), ElementsAre(Says("claude-code", "")));
  const auto committed = FindAgentMarks(
      {"Ann", "ann@example.com", "Codex", "noreply@openai.com", "Fix"});
  EXPECT_THAT(committed,
              ElementsAre(AgentMark{"codex", "", MarkKind::kCoAuthor, ""}));
}

TEST(AgentMarks, TheMostTellingKindOfAToolCounts) {
  const auto found = FindAgentMarks(
      {"Claude", "noreply@anthropic.com", "Ann", "ann@example.com",
       "Fix\n\nCo-authored-by: Claude Opus 5 <noreply@anthropic.com>"});
  EXPECT_THAT(found, ElementsAre(AgentMark{"claude-code", "Claude Opus 5",
                                           MarkKind::kAuthor, ""}));
}

TEST(AgentMarks, NamesEachToolOnce) {
  EXPECT_THAT(
      InMessage("Fix\n\n"
                "Co-Authored-By: Claude Code <noreply@anthropic.com>\n"
                "Co-Authored-By: Claude Opus 5 <noreply@anthropic.com>\n"
                "Co-authored-by: Codex <noreply@openai.com>\n"),
      ElementsAre(Says("claude-code", "Claude Opus 5"), Says("codex", "")));
}

TEST(AgentMarks, PeopleAndWordsAboutAgentsAreNone) {
  for (std::string_view message :
       {"",
        "Fix",
        "Teach the parser about Claude",
        ":",
        "Co-authored-by:",
        "Co-authored-by: Claude Monet <claude@example.com>",
        "Co-authored-by: Devin Smith <devin@example.com>",
        "Co-authored-by: Claude <noreply@anthropic.com.example.com>",
        "Co-authored-by: X <not-noreply@anthropic.com>",
        "Co-authored-by: Claude <claude@users.noreply.github.com>",
        "Co-authored-by: C <1+cursor@users.noreply.github.com>",
        "Co-authored-by: dependabot[bot] "
        "<49699333+dependabot[bot]@users.noreply.github.com>",
        "Co-authored-by: GitHub <noreply@github.com>",
        "> Co-authored-by: Codex <noreply@openai.com>",
        "No more Co-authored-by: Codex <noreply@openai.com>",
        "Assisted-by: Claude Dupont <claude@example.com>",
        "Generated-by: protoc 3.21",
        "Generated-by: ./configure",
        "Generated-by: Cursory 2",
        "Ai-assisted: false",
        "AI-Model-Used:",
        "Replit-Commit-Author: Deployer",
        "Replit-Commit-Session-Id: 12",
        "Entirely: new",
        "Generated-by:",
        "Explain why commits say Generated with [Claude Code]",
        "Generated with care",
        "Signed-off-by: Ann <ann@example.com>"}) {
    EXPECT_THAT(InMessage(message), IsEmpty()) << message;
  }
  for (const auto& [name, mail] :
       {std::pair("Claude Shannon", "claude@example.com"),
        std::pair("dependabot[bot]",
                  "49699333+dependabot[bot]@users.noreply.github.com"),
        std::pair("github-actions[bot]", "actions@github.com"),
        std::pair("Devin", "81+devin@users.noreply.github.com")}) {
    EXPECT_THAT(FindAgentMarks({name, mail, "Ann", "ann@example.com", "Fix"}),
                IsEmpty())
        << name;
  }
}

TEST(AgentMarks, NamesAreWholeWords) {
  EXPECT_EQ(AgentOfName("Claude Code"), "claude-code");
  EXPECT_EQ(AgentOfName("claude-sonnet-4"), "claude-code");
  EXPECT_EQ(AgentOfName(" github-copilot "), "copilot");
  for (const std::string_view name :
       {"", "Claudette", "cursory", "amplifier", "my claude", "unknown"}) {
    EXPECT_EQ(AgentOfName(name), std::nullopt) << name;
  }
}

TEST(AgentMarks, BranchesHintByTheirPrefix) {
  EXPECT_EQ(AgentOfBranch("codex/fix-it"), "codex");
  EXPECT_EQ(AgentOfBranch("Claude/issue-3"), "claude-code");
  for (const std::string_view branch :
       {"", "main", "codex", "codex/", "fix/codex/", "claudette/x"}) {
    EXPECT_EQ(AgentOfBranch(branch), std::nullopt) << branch;
  }
}

TEST(AgentMarks, LooksNoFurtherThanItsLimits) {
  const std::string mark = "Ai-assisted: true";
  std::string lines(kMarkLinesMax - 1, '\n');
  EXPECT_THAT(InMessage(lines + mark), ElementsAre(Says("other", "")));
  EXPECT_THAT(InMessage(lines + "\n" + mark), IsEmpty());
  const std::string wide(kMarkLineBytesMax - mark.size(), ' ');
  EXPECT_THAT(InMessage(wide + mark), ElementsAre(Says("other", "")));
  EXPECT_THAT(InMessage(wide + " " + mark), IsEmpty());
}

}  // namespace
}  // namespace cofferdam::corpus
