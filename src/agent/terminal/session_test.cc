#include "agent/terminal/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>
#include <string>
#include <vector>

#include "agent/terminal/scripted_conversation_testing.h"
#include "agent/terminal/session_commands.h"
#include "base/file.h"

namespace cofferdam::agent {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// Keeps what it is shown as lines.
class ListPage : public SessionPage {
 public:
  void Print(const StyledLine& line) override {
    lines.push_back(PlainText(line));
  }
  void PrintChange(const FileChange& change) override {
    lines.push_back("change " + change.path);
  }
  void PrintMarkdown(std::string_view text) override {
    lines.push_back("markdown " + std::string(text));
  }
  void ShowPrompt(const std::string& text) override {
    lines.push_back("prompt " + text);
  }
  void Show(const Heard& heard) override {
    if (const auto* text = std::get_if<HeardText>(&heard)) {
      lines.push_back("text " + text->piece);
    }
  }
  void Ask(const ShownCall& call) override {
    lines.push_back("ask " + call.name);
  }
  void Rest() override { ++rests; }
  void set_thinking(Thinking thinking) override {
    lines.push_back(thinking == Thinking::kWhole ? "whole" : "folded");
  }

  std::vector<std::string> lines;
  int rests = 0;
};

class TerminalSessionTest : public testing::Test {
 protected:
  TerminalSessionTest() { options_.request.workspace = testing::TempDir(); }

  // Hears until nothing runs, or there is a question.
  static void Settle(Session& session) {
    while (session.busy() && !session.asking() && !session.leaving()) {
      pollfd ready{session.wake_fd(), POLLIN, 0};
      ASSERT_GT(::poll(&ready, 1, 20'000), 0);
      session.Hear();
    }
  }

  static TurnResult Echo(ScriptedConversation&, const std::string& text,
                         Observer& observer) {
    observer.OnText("heard " + text);
    observer.OnAnswerEnd();
    return {.text = "heard " + text};
  }

  TerminalOptions options_;
  ListPage page_;
};

TEST_F(TerminalSessionTest, AMessageBecomesATurn) {
  ScriptedConversations fakes(Echo);
  Session session(options_, fakes, page_);
  session.Begin();
  Settle(session);
  EXPECT_EQ(session.state().model, "fake-model");
  session.Submit("  hello\n");
  Settle(session);
  EXPECT_THAT(page_.lines, ElementsAre("prompt hello", "text heard hello"));
  EXPECT_EQ(page_.rests, 2);
}

TEST_F(TerminalSessionTest, WhatIsTypedMeanwhileWaitsForTheTurnsEnd) {
  ScriptedConversations fakes(Echo);
  options_.first_prompt = "first";
  Session session(options_, fakes, page_);
  session.Begin();
  EXPECT_THAT(session.queue(), ElementsAre("first"));  // until it is opened
  session.Submit("second");
  Settle(session);
  EXPECT_THAT(page_.lines, ElementsAre("prompt first", "text heard first",
                                       "prompt second", "text heard second"));
}

TEST_F(TerminalSessionTest, MoreMessagesThanTheQueueHoldsAreRefusedAloud) {
  ScriptedConversations fakes(Echo);
  Session session(options_, fakes, page_);
  session.Begin();
  for (size_t i = 0; i < kQueuedMessagesMax; ++i) session.Submit("m");
  EXPECT_TRUE(page_.lines.empty());
  session.Submit("one too many");
  EXPECT_EQ(session.queue().size(), kQueuedMessagesMax);
  EXPECT_THAT(page_.lines, Contains(HasSubstr("wait already")));
  session.TakeQueue();
  Settle(session);
}

TEST_F(TerminalSessionTest, AnInterruptedTurnEndsAndTheNextOneRuns) {
  ScriptedConversations fakes(
      [](ScriptedConversation& self, const std::string& text, Observer&) {
        TurnResult result;
        if (text == "wait" && self.WaitForInterrupt(20'000)) {
          result.end = TurnEnd::kInterrupted;
        }
        return result;
      });
  Session session(options_, fakes, page_);
  session.Begin();
  Settle(session);
  session.Submit("wait");
  session.Interrupt();
  Settle(session);
  EXPECT_THAT(page_.lines, ElementsAre("prompt wait", "interrupted"));
  session.Submit("go");
  Settle(session);
  EXPECT_THAT(page_.lines, Contains("prompt go"));
}

TurnResult AskOnce(ScriptedConversation&, const std::string&,
                   Observer& observer) {
  ShownCall call{.id = "c1", .name = "write"};
  observer.OnCall(call);
  const Permission answer = observer.Ask(call);
  observer.OnText(answer == Permission::kAllowOnce     ? "once"
                  : answer == Permission::kAllowAlways ? "always"
                  : answer == Permission::kRejectOnce  ? "no"
                                                       : "cancelled");
  return {};
}

TEST_F(TerminalSessionTest, AnswersReachTheTurnThatAsked) {
  ScriptedConversations fakes(AskOnce);
  Session session(options_, fakes, page_);
  session.Begin();
  Settle(session);
  for (const auto& [permission, words] :
       {std::pair{Permission::kAllowOnce, "text once"},
        {Permission::kAllowAlways, "text always"},
        {Permission::kRejectOnce, "text no"}}) {
    session.Submit("do it");
    Settle(session);
    ASSERT_TRUE(session.asking());
    session.Answer(permission, "");
    Settle(session);
    EXPECT_EQ(page_.lines.back(), words);
  }
}

TEST_F(TerminalSessionTest, WordsInPlaceOfAYesEndTheTurnAndComeNext) {
  ScriptedConversations fakes(AskOnce);
  Session session(options_, fakes, page_);
  session.Begin();
  Settle(session);
  session.Submit("do it");
  Settle(session);
  session.Answer(Permission::kRejectOnce, "use another file");
  Settle(session);  // the next turn asks again
  EXPECT_THAT(page_.lines, Contains("text cancelled"));
  EXPECT_THAT(page_.lines, Contains("prompt use another file"));
  EXPECT_TRUE(session.asking());
  session.Interrupt();
  Settle(session);
}

TEST_F(TerminalSessionTest, ASessionThatCannotBeOpenedEndsWithTwo) {
  ScriptedConversations fakes(Echo);
  fakes.failure = "no session 01X";
  Session session(options_, fakes, page_);
  session.Begin();
  Settle(session);
  EXPECT_TRUE(session.leaving());
  EXPECT_EQ(session.exit_code(), 2);
  EXPECT_THAT(page_.lines, ElementsAre("no session 01X"));
}

TEST_F(TerminalSessionTest, AShellCommandsOutputGoesAlongWhenAsked) {
  std::string sent;
  ScriptedConversations fakes(
      [&sent](ScriptedConversation&, const std::string& text, Observer&) {
        sent = text;
        return TurnResult();
      });
  options_.run_command = [](const std::string& command, ToolListener& listener,
                            std::stop_token) {
    listener.OnOutput("some ");
    return ToolOutcome{.text = "output of " + command};
  };
  Session session(options_, fakes, page_);
  session.Begin();
  Settle(session);
  session.Submit("!make test");
  Settle(session);
  session.Submit("/add");
  session.Submit("why?");
  Settle(session);
  EXPECT_THAT(sent, HasSubstr("why?\n\nI ran this command:\nmake test\n"));
  EXPECT_THAT(sent, HasSubstr("output of make test"));
  session.Submit("again");
  Settle(session);
  EXPECT_EQ(sent, "again");  // once only
}

TEST_F(TerminalSessionTest, PathsThatBeginWithASlashAreMessages) {
  ScriptedConversations fakes(Echo);
  Session session(options_, fakes, page_);
  session.Begin();
  Settle(session);
  session.Submit("/usr/bin/env is missing");
  Settle(session);
  EXPECT_THAT(page_.lines, Contains("prompt /usr/bin/env is missing"));
}

TEST_F(TerminalSessionTest, AnUnknownCommandNamesTheNearest) {
  ScriptedConversations fakes(Echo);
  Session session(options_, fakes, page_);
  session.Begin();
  Settle(session);
  session.Submit("/staus x");
  EXPECT_THAT(page_.lines.back(), HasSubstr("did you mean /status?"));
}

TEST_F(TerminalSessionTest, CommandsReachTheConversation) {
  ScriptedConversations fakes(Echo);
  fakes.sessions = {{.id = "01OLD", .title = "old one"}};
  Session session(options_, fakes, page_);
  session.Begin();
  Settle(session);
  const auto run = [&](const std::string& line) {
    page_.lines.clear();
    session.Submit(line);
    Settle(session);
  };
  run("/mode edit");
  EXPECT_EQ(session.state().mode, Mode::kEdit);
  run("/mode fast");
  EXPECT_THAT(page_.lines, ElementsAre(HasSubstr("plan, ask, edit, auto")));
  run("/plan");
  EXPECT_EQ(session.state().mode, Mode::kPlan);
  run("/model other");
  EXPECT_EQ(session.state().model, "other");
  run("/model none");
  EXPECT_THAT(page_.lines, ElementsAre("no model \"none\""));
  run("hello");
  run("/rewind");
  EXPECT_THAT(page_.lines, Contains(HasSubstr("hello")));
  run("/rewind 1 files");
  EXPECT_THAT(page_.lines, ElementsAre("back to just before turn 1"));
  run("/rewind 1 nothing");
  EXPECT_THAT(page_.lines, ElementsAre(HasSubstr("say: /rewind")));
  run(std::string(ScriptedConversation::kTurnWithOthers));
  run("/rewind 1");
  EXPECT_THAT(page_.lines,
              ElementsAre(HasSubstr("somebody else has changed a.py"),
                          HasSubstr("/rewind 1 both force")));
  run("/rewind 1 files by-force");
  EXPECT_THAT(page_.lines, ElementsAre(HasSubstr("say: /rewind")));
  run("/rewind 1 force");
  EXPECT_THAT(page_.lines, ElementsAre("back to just before turn 1"));
  run("/sandbox");
  EXPECT_THAT(page_.lines, ElementsAre(HasSubstr("Landlock")));
  run("/resume");
  EXPECT_THAT(page_.lines, Contains(HasSubstr("old one")));
  run("/resume 1");
  EXPECT_EQ(session.state().id, "01OLD");
  EXPECT_THAT(page_.lines, Contains("markdown the **last** answer"));
  run("/fork");
  EXPECT_TRUE(fakes.opened.back().fork);
  EXPECT_EQ(fakes.opened.back().session_id, "01OLD");
  run("/clear");
  EXPECT_EQ(fakes.opened.back().session_id, "");
  run("/export " + testing::TempDir() + "/exported.md");
  const auto exported =
      ReadFile(testing::TempDir() + "/exported.md", size_t{1} << 20);
  ASSERT_TRUE(exported.ok());
  EXPECT_THAT(*exported, HasSubstr("# Session"));
  run("/quit");
  EXPECT_TRUE(session.leaving());
}

TEST_F(TerminalSessionTest, DiffShowsWhatIsDifferentNow) {
  const std::string path = testing::TempDir() + "/changed.txt";
  ASSERT_TRUE(WriteFileAtomically(path, "after\n", 0600).ok());
  ScriptedConversations fakes(
      [path](ScriptedConversation&, const std::string&, Observer& observer) {
        ShownCall call{.id = "c1", .name = "write"};
        observer.OnCall(call);
        ToolOutcome outcome;
        outcome.changes = {{path, "before\n", "after\n"}};
        observer.OnCallEnd("c1", outcome);
        return TurnResult();
      });
  Session session(options_, fakes, page_);
  session.Begin();
  Settle(session);
  session.Submit("/diff");
  EXPECT_THAT(page_.lines.back(), HasSubstr("no file is different"));
  session.Submit("go");
  Settle(session);
  session.Submit("/diff");
  EXPECT_EQ(page_.lines.back(), "change " + path);
  ASSERT_TRUE(WriteFileAtomically(path, "before\n", 0600).ok());
  session.Submit("/diff");
  EXPECT_THAT(page_.lines.back(), HasSubstr("no file is different"));
}

TEST(MeterLine, SaysWhatIsKnown) {
  TerminalState state{.model = "qwen", .mode = Mode::kAuto};
  EXPECT_EQ(MeterLine(state), "auto · qwen");
  state.meter = {.context_used = 12'400,
                 .context_size = 131'072,
                 .input_tokens = 900,
                 .output_tokens = 120'000,
                 .cost_micros = 2'345'678};
  EXPECT_EQ(MeterLine(state),
            "auto · qwen · 12.4k of 131k (9 %) · 900 in, 120k out · $2.35");
}

}  // namespace
}  // namespace cofferdam::agent
