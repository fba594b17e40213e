#include "agent/turn/loop_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "agent/turn/turn_testing.h"

namespace cofferdam::agent {
namespace {

using testing::HasSubstr;

ToolOutcome Says(std::string text, bool failed = false) {
  ToolOutcome outcome;
  outcome.text = std::move(text);
  outcome.failed = failed;
  return outcome;
}

TEST(LoopWatchTest, TheSameCallIsToldThenRefusedThenStopped) {
  TurnStage stage;
  stage.tools["read"]->run = [](const std::string&) { return Says("x"); };
  for (int i = 0; i < 40; ++i) stage.engine->Call("read", R"({"path":"a"})");
  TurnResult result = stage.Prompt("Read");
  EXPECT_EQ(result.end, TurnEnd::kLoop);
  EXPECT_THAT(result.why, HasSubstr("same call of read"));
  EXPECT_EQ(stage.tools["read"]->runs, LoopWatch::kTellAt);
  EXPECT_EQ(stage.engine->sent.size(), static_cast<size_t>(LoopWatch::kStopAt));
  EXPECT_THAT(stage.engine->sent[3].messages.back().text,
              HasSubstr("3 times now"));
}

TEST(LoopWatchTest, TheSameCallWithAnotherResultIsNoLoop) {
  TurnStage stage;
  for (int i = 0; i < 12; ++i) stage.engine->Call("read", R"({"path":"a"})");
  EXPECT_EQ(stage.Prompt("Watch it").end, TurnEnd::kDone);
  EXPECT_EQ(stage.tools["read"]->runs, 12);
}

TEST(LoopWatchTest, CallsThatTakeTurnsAreALoop) {
  TurnStage stage;
  stage.tools["read"]->run = [](const std::string&) { return Says("x"); };
  for (int i = 0; i < 40; ++i) {
    stage.engine->Call("read", i % 2 ? R"({"path":"a"})" : R"({"path":"b"})");
  }
  EXPECT_EQ(stage.Prompt("Read").end, TurnEnd::kLoop);
  EXPECT_EQ(stage.tools["read"]->runs, 6);
}

TEST(LoopWatchTest, ALoopAcrossTurnsIsNoticedButTheFirstCallOfATurnRuns) {
  TurnStage stage;
  stage.tools["read"]->run = [](const std::string&) { return Says("x"); };
  for (int i = 0; i < 3; ++i) {
    stage.engine->Call("read", R"({"path":"a"})");
    stage.engine->Say("It says x, as I said before.");
    EXPECT_EQ(stage.Prompt("Look again").end, TurnEnd::kDone);
  }
  EXPECT_EQ(stage.tools["read"]->runs, 3);
  EXPECT_THAT(stage.conversation().history().back().text, HasSubstr("x"));
  stage.engine->Call("read", R"({"path":"a"})");
  stage.engine->Call("read", R"({"path":"a"})");
  EXPECT_EQ(stage.Prompt("Once more").end, TurnEnd::kDone);
  EXPECT_EQ(stage.tools["read"]->runs, 4);
}

TEST(LoopWatchTest, TheSameFailureOfDifferentCallsNamesAWayOutThenStops) {
  TurnStage stage;
  stage.tools["edit"]->run = [](const std::string&) {
    return Says("no such text", true);
  };
  for (int i = 0; i < 40; ++i) {
    stage.engine->Call("edit", R"({"path":")" + std::to_string(i) + "\"}");
  }
  TurnResult result = stage.Prompt("Edit");
  EXPECT_EQ(result.end, TurnEnd::kLoop);
  EXPECT_EQ(stage.tools["edit"]->runs, LoopWatch::kStopAt);
  EXPECT_THAT(stage.engine->sent[3].messages.back().text,
              HasSubstr("copy them exactly"));
}

TEST(LoopWatchTest, ATestThatFailsTheSameBetweenEditsIsWork) {
  TurnStage stage;
  stage.tools["bash"]->run = [](const std::string&) {
    return Says("1 test failed", true);
  };
  stage.tools["edit"]->run = [](const std::string& path) {
    ToolOutcome outcome = Says("edited " + path);
    outcome.changes.push_back({"/w/a", "", path});
    return outcome;
  };
  for (int i = 0; i < 12; ++i) {
    stage.engine->Call("edit", R"({"path":")" + std::to_string(i) + "\"}");
    stage.engine->Call("bash", R"({"path":"make test"})");
  }
  EXPECT_EQ(stage.Prompt("Fix it").end, TurnEnd::kDone);
  EXPECT_EQ(stage.tools["bash"]->runs, 12);
}

TEST(LoopWatchTest, FailuresInARowStopAtTheirLimit) {
  TurnStage stage;
  stage.tools["edit"]->run = [](const std::string& path) {
    return Says("no such text in " + path, true);
  };
  for (int i = 0; i < 40; ++i) {
    stage.engine->Call("edit", R"({"path":")" + std::to_string(i) + "\"}");
  }
  EXPECT_EQ(stage.Prompt("Edit").end, TurnEnd::kLoop);
  EXPECT_EQ(stage.tools["edit"]->runs, LoopWatch::kFailuresInARowMax);
}

TEST(LoopWatchTest, AWayOfEditingThatKeepsFailingGivesWayToTheNext) {
  TurnStage stage;
  stage.parts.model.profile = "default";
  stage.parts.model.edit_formats = {EditFormat::kSearchReplace,
                                    EditFormat::kWholeFile};
  stage.tools["edit"]->run = [](const std::string& path) {
    return Says("no such text in " + path, true);
  };
  for (int i = 0; i < LoopWatch::kOtherEditsAt; ++i) {
    stage.engine->Call("edit", R"({"path":")" + std::to_string(i) + "\"}");
  }
  EXPECT_EQ(stage.Prompt("Edit").end, TurnEnd::kDone);
  EXPECT_THAT(stage.observer.notices.back(), HasSubstr("whole_file"));
  size_t last = stage.engine->sent.size() - 1;
  EXPECT_EQ(stage.engine->sent[last - 1].tools, 4u);
  EXPECT_EQ(stage.engine->sent[last].tools, 3u);
}

TEST(LoopWatchTest, TheSameWordsWithNothingNewAreALoop) {
  LoopWatch watch;
  watch.BeginTurn();
  std::string words = "Let me try that in another way.";
  for (int i = 1; i < LoopWatch::kTellAt; ++i) {
    EXPECT_EQ(watch.AfterText(words), "");
  }
  for (int i = LoopWatch::kTellAt; i <= LoopWatch::kStopAt; ++i) {
    EXPECT_EQ(watch.stop(), "");
    EXPECT_NE(watch.AfterText(words), "");
  }
  EXPECT_NE(watch.stop(), "");
}

TEST(LoopWatchTest, TheSameWordsBeforeNewResultsAreNoLoop) {
  LoopWatch watch;
  watch.BeginTurn();
  for (int i = 0; i < 20; ++i) {
    std::string path = std::to_string(i);
    watch.After({"read", path, "text of " + path});
    EXPECT_EQ(watch.AfterText("Let me look at the next file."), "");
  }
}

TEST(LoopWatchTest, RunsAwayOnlyWhenAllOfTheEndRepeats) {
  std::string text;
  while (text.size() < kRunawayBytes) text += "over and over ";
  EXPECT_TRUE(RunsAway(text));
  EXPECT_FALSE(RunsAway(text.substr(0, kRunawayBytes - 1)));
  text[text.size() / 2] = '!';
  EXPECT_FALSE(RunsAway(text));
  std::string counted;
  for (int i = 0; counted.size() < kRunawayBytes; ++i) {
    counted += "line " + std::to_string(i) + "\n";
  }
  EXPECT_FALSE(RunsAway(counted));
}

}  // namespace
}  // namespace cofferdam::agent
