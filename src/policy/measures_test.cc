#include "policy/measures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "policy/store_testing.h"

namespace cofferdam::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class MeasuresTest : public StoreTest {
 protected:
  Measures& measures() { return store_->measures(); }
  Question Asked(std::string_view tool) {
    Question question;
    question.tool = tool;
    question.team = "red";
    question.now_micros = clock_.WallMicros();
    return question;
  }
  // The reason for which a request of that tool is stopped now, or empty.
  std::string Stopped(std::string_view tool) {
    auto current = measures().current();
    const Measure* measure = FindMeasure(*current, Asked(tool));
    return measure == nullptr ? "" : measure->reason;
  }
  Measure Pause(const std::string& tool, const std::string& reason) {
    auto paused = measures().Pause({.tool = tool}, reason, {}, "local");
    EXPECT_TRUE(paused.ok());
    return paused.ok() ? *paused : Measure();
  }
};

TEST_F(MeasuresTest, APauseStopsWhatItCoversAtOnceAndAfterAReopen) {
  EXPECT_EQ(Stopped("codex"), "");
  Measure paused = Pause("codex", "an incident");
  EXPECT_EQ(paused.kind, MeasureKind::kPause);
  EXPECT_EQ(paused.created_at_micros, kStart);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Stopped("codex"), "an incident");
    EXPECT_EQ(Stopped("claude-code"), "");
    Open();
  }
  Measure resumed = *measures().Resume(paused.id, "key1");
  EXPECT_EQ(resumed.resumed_by, "key1");
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Stopped("codex"), "");
    Open();
  }
}

TEST_F(MeasuresTest, AScopeResumesEveryMeasureOfItselfAndNoOther) {
  Pause("codex", "one");
  Pause("codex", "two");
  Pause("gemini-cli", "three");
  EXPECT_THAT(*measures().Resume(Scope{.tool = "codex"}, "local"),
              ::testing::SizeIs(2));
  EXPECT_EQ(Stopped("codex"), "");
  EXPECT_EQ(Stopped("gemini-cli"), "three");
  auto again = measures().Resume(Scope{.tool = "codex"}, "local");
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code(), Code::kNotFound);
  EXPECT_EQ(measures().Resume(Scope(), "local").error().code(),
            Code::kNotFound);
  EXPECT_EQ(measures().Resume("01J", "local").error().code(), Code::kNotFound);
}

TEST_F(MeasuresTest, ATimeEndsItWithoutAnybody) {
  ASSERT_TRUE(
      measures().Pause({.team = "red"}, "night", kStart + kHour, "local").ok());
  clock_.Advance(kHour - 1);
  EXPECT_EQ(Stopped("codex"), "night");
  clock_.Advance(1);
  EXPECT_EQ(Stopped("codex"), "");
  EXPECT_THAT(*measures().List(Measures::Which::kInForce), IsEmpty());
  EXPECT_EQ(measures().List(Measures::Which::kAll)->size(), 1u);
  EXPECT_FALSE(measures().Resume(Scope{.team = "red"}, "local").ok());
  Open();
  EXPECT_THAT(*measures().current(), IsEmpty());
}

TEST_F(MeasuresTest, AKillIsInForceWhenItsListenerHears) {
  std::vector<std::string> heard;
  measures().SetKillListener([&](const Measure& measure) {
    EXPECT_EQ(measure.kind, MeasureKind::kKill);
    heard.push_back(Stopped("codex"));
  });
  Pause("gemini-cli", "a pause is none");
  ASSERT_TRUE(
      measures().Kill({.tool = "codex"}, "leak", std::nullopt, "local").ok());
  EXPECT_THAT(heard, ElementsAre("leak"));
  EXPECT_FALSE(measures().Kill({.tool = "x"}, " ", {}, "local").ok());
  EXPECT_EQ(heard.size(), 1u);
  Open();
  EXPECT_EQ(measures().current()->back().kind, MeasureKind::kKill);
}

TEST_F(MeasuresTest, RefusesWhatCannotBeMeant) {
  const auto message = [&](const Scope& scope, const std::string& reason,
                           std::optional<int64_t> until) {
    auto paused = measures().Pause(scope, reason, until, "local");
    return paused.ok() ? "" : paused.error().message();
  };
  EXPECT_THAT(message({.team = "R d"}, "r", {}), HasSubstr("team: "));
  EXPECT_THAT(message({.team = "red"}, "", {}), HasSubstr("reason: "));
  EXPECT_THAT(message({.team = "red"}, std::string(501, 'r'), {}),
              HasSubstr("reason: "));
  EXPECT_THAT(message({.team = "red"}, "r", kStart), HasSubstr("until: "));
  EXPECT_THAT(*measures().current(), IsEmpty());
  EXPECT_EQ(Count("audit"), 0);
  EXPECT_EQ(message({.team = "red"}, std::string(500, 'r'), kStart + 1), "");
}

TEST_F(MeasuresTest, TheAuditSaysWhoWhatAndWhy) {
  Measure paused = *measures().Pause({.person = "01P", .repo = "a.b/c"}, "why",
                                     kStart + kHour, "key1");
  ASSERT_TRUE(measures().Resume(paused.id, "key2").ok());
  std::vector<AuditRow> rows = *store_->ListAudit(10);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].action, "measure.pause");
  EXPECT_EQ(rows[0].actor, "key1");
  EXPECT_EQ(rows[0].subject, paused.id);
  EXPECT_EQ(rows[0].detail, R"({"person":"01P","repo":"a.b/c","reason":"why",)"
                            R"("until_micros":1763686800000000})");
  EXPECT_EQ(rows[1].action, "measure.resume");
  EXPECT_EQ(rows[1].actor, "key2");
}

TEST_F(MeasuresTest, AThousandAreInForceAndNotOneMore) {
  for (size_t i = 0; i < Measures::kInForceMax; ++i) {
    ASSERT_TRUE(measures()
                    .Pause({.tool = "t" + std::to_string(i)}, "r",
                           kStart + kHour, "local")
                    .ok());
  }
  auto more = measures().Pause({.tool = "more"}, "r", {}, "local");
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().code(), Code::kExhausted);
  clock_.Advance(kHour);
  EXPECT_TRUE(measures().Pause({.tool = "more"}, "r", {}, "local").ok());
  EXPECT_EQ(measures().current()->size(), 1u);
}

// Pauses, kills and resumes until the disk fails at one step after the other;
// memory is what was acknowledged, and the file that or one change more.
TEST_F(MeasuresTest, WhereverTheDiskFailsItIsAllOrNothing) {
  for (auto fault :
       {SqliteFaults::Fault::kIoError, SqliteFaults::Fault::kDiskFull}) {
    bool survived = false;
    int64_t step = 0;
    for (; !survived; ++step) {
      ASSERT_LT(step, 300);
      SCOPED_TRACE(step);
      store_.reset();
      std::filesystem::remove_all(folder_);
      ASSERT_NO_FATAL_FAILURE(Open());
      faults_.FailAfter(step, fault);
      std::string expected;
      survived = [&] {
        auto paused = measures().Pause({.tool = "codex"}, "one", {}, "local");
        if (!paused.ok()) return false;
        expected = "one";
        if (!measures().Resume(paused->id, "local").ok()) return false;
        expected = "";
        if (!measures().Kill({.team = "red"}, "two", {}, "local").ok()) {
          return false;
        }
        expected = "two";
        return true;
      }();
      EXPECT_EQ(Stopped("codex"), expected);
      store_.reset();
      faults_.Heal();
      ASSERT_NO_FATAL_FAILURE(Open());
      if (survived) EXPECT_EQ(Stopped("codex"), "two");
      EXPECT_EQ(Count("audit WHERE action IN ('measure.pause',"
                      " 'measure.kill')"),
                Count("measure"));
      EXPECT_EQ(Count("audit WHERE action = 'measure.resume'"),
                Count("measure WHERE resumed IS NOT NULL"));
    }
    EXPECT_GT(step, 10);
  }
}

}  // namespace
}  // namespace cofferdam::policy
