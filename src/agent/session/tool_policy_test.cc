#include "agent/session/tool_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cofferdam::agent {
namespace {

using policy::ForbiddenPaths;
using policy::ScanPurpose;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<ForbiddenPaths> Law() {
  return {{.paths = {"training/", "**/sft/**"},
           .purpose = ScanPurpose::kTraining,
           .why = "nobody says what its outputs may be used for",
           .ask = "ask data@example.com"},
          {.paths = {"evals/"},
           .purpose = ScanPurpose::kEvaluation,
           .why = "no output may test a model",
           .ask = ""}};
}

TEST(ToolPolicyTest, AWriteIntoAForbiddenPathIsRefusedWithTheLawsWords) {
  const ToolPolicy policy("/r", Law());
  Intent intent;
  intent.writes = {"/r/src/a.cc", "/r/training/deep/a.jsonl"};
  const std::string why = policy.Refuses(intent);
  EXPECT_THAT(why, HasSubstr("training/deep/a.jsonl may not be written"));
  EXPECT_THAT(why, HasSubstr("nobody says"));
  EXPECT_THAT(why, HasSubstr("ask data@example.com"));
  EXPECT_NE(policy.RefusesPath("/r/data/sft/x"), "");
  EXPECT_NE(policy.RefusesPath("/r/evals/x"), "");
}

TEST(ToolPolicyTest, EverythingElseMayBeWrittenAndRead) {
  const ToolPolicy policy("/r", Law());
  Intent intent;
  intent.reads = {"/r/training/a"};
  intent.writes = {"/r/src/training.cc", "/elsewhere/training/a", "/r"};
  EXPECT_EQ(policy.Refuses(intent), "");
  EXPECT_EQ(ToolPolicy().RefusesPath("/r/training/a"), "");
  EXPECT_TRUE(ToolPolicy().empty());
}

TEST(ToolPolicyTest, WhatACommandWroteThereIsFound) {
  const ToolPolicy policy("/r", Law());
  const FileChange changes[] = {{"/r/a", "1", "2"},
                                {"/r/evals/b", std::nullopt, "made"}};
  const auto forbidden = policy.Forbidden(changes);
  ASSERT_EQ(forbidden.size(), 1u);
  EXPECT_EQ(forbidden[0].path, "/r/evals/b");
}

TEST(ToolPolicyTest, ListsComeBackAsTheyWereWritten) {
  auto json = JsonDocument::Parse(WriteForbiddenPaths(Law()));
  ASSERT_TRUE(json.ok());
  EXPECT_EQ(*ReadForbiddenPaths(json->root()), Law());
  EXPECT_TRUE(ReadForbiddenPaths(JsonValue())->empty());
  for (const char* bad :
       {R"({"paths":[]})", R"([{"paths":["a"],"purpose":"fun"}])",
        R"([{"paths":[1],"purpose":"training"}])"}) {
    EXPECT_FALSE(ReadForbiddenPaths(JsonDocument::Parse(bad)->root()).ok())
        << bad;
  }
}

TEST(ToolPolicyTest, ListsHaveALimit) {
  std::vector<ForbiddenPaths> all(policy::kProtectionsMax, Law()[1]);
  const auto parse = [&] {
    auto json = JsonDocument::Parse(WriteForbiddenPaths(all));
    return ReadForbiddenPaths(json->root()).ok();
  };
  EXPECT_TRUE(parse());
  all.push_back(Law()[1]);
  EXPECT_FALSE(parse());
}

TEST(ToolPolicyTest, TellsEachPlaceInALine) {
  EXPECT_THAT(
      ToolPolicy("/r", Law()).Lines(),
      ElementsAre(HasSubstr("training/, **/sft/**"), HasSubstr("evals/")));
}

}  // namespace
}  // namespace cofferdam::agent
