#include "policy/grants.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "base/random.h"

namespace cofferdam::policy {
namespace {

constexpr std::array<std::string_view, 2> kTeams = {"red", "lab"};

Question Asked() {
  Question question;
  question.person_id = "01P";
  question.team = "red";
  question.teams = kTeams;
  question.tool = "codex";
  question.provider = "openai";
  question.contract = "openai-api";
  question.repo = "github.com/acme/engine";
  question.purpose = "training-code";
  question.now_micros = 99;
  return question;
}

Grant Exact() {
  return {.id = "1",
          .rule = "ask-first",
          .person = "01P",
          .tool = "codex",
          .provider = "openai",
          .contract = "openai-api",
          .repo = "github.com/acme/engine",
          .purpose = "training-code",
          .until_micros = 100};
}

const Grant* FindIn(const Grant& grant, const Question& question,
                    std::string_view rule = "ask-first") {
  static Grants grants;
  grants = Grants({std::make_shared<const Grant>(grant)});
  return grants.Find(question, rule);
}

TEST(Grants, CoverWhatTheyNameAndNothingElse) {
  EXPECT_NE(FindIn(Exact(), Asked()), nullptr);
  EXPECT_EQ(FindIn(Exact(), Asked(), "another-rule"), nullptr);
  Question question = Asked();
  question.person_id = "01Q";
  EXPECT_EQ(FindIn(Exact(), question), nullptr);
  for (std::string_view Question::* member :
       {&Question::tool, &Question::provider, &Question::contract,
        &Question::repo, &Question::purpose}) {
    question = Asked();
    question.*member = "other";
    EXPECT_EQ(FindIn(Exact(), question), nullptr);
    question.*member = "";
    EXPECT_EQ(FindIn(Exact(), question), nullptr);
  }
}

TEST(Grants, EndAtTheirTime) {
  Question question = Asked();
  question.now_micros = 100;
  EXPECT_EQ(FindIn(Exact(), question), nullptr);
}

TEST(Grants, OfATeamCoverTheTeamsBelowIt) {
  Grant grant = Exact();
  grant.person = "01X";
  for (const char* team : {"red", "lab"}) {
    grant.team = team;
    EXPECT_NE(FindIn(grant, Asked()), nullptr) << team;
  }
  grant.team = "blue";
  EXPECT_EQ(FindIn(grant, Asked()), nullptr);
  // Who asked keeps it in another team.
  grant.person = "01P";
  EXPECT_NE(FindIn(grant, Asked()), nullptr);
}

TEST(Grants, WithoutAMemberCoverAny) {
  Grant grant = Exact();
  grant.tool.reset();
  grant.provider.reset();
  grant.contract.reset();
  grant.repo_glob = "*";
  Question question = Asked();
  question.tool = "claude-code";
  question.provider = question.contract = "anthropic";
  question.repo = "";
  EXPECT_NE(FindIn(grant, question), nullptr);
  question.purpose = "evaluation";
  EXPECT_EQ(FindIn(grant, question), nullptr);
}

// Work outside of any repository, or with an unknown tool.
TEST(Grants, WithAnEmptyMemberCoverOnlyWhereItIsNotKnown) {
  Grant grant = Exact();
  grant.repo = "";
  grant.tool = "";
  EXPECT_EQ(FindIn(grant, Asked()), nullptr);
  Question question = Asked();
  question.repo = question.tool = "";
  EXPECT_NE(FindIn(grant, question), nullptr);
}

// A remote's name may hold a star; it is no glob when nobody meant one.
TEST(Grants, AStarInTheNameOfARepositoryIsNoGlob) {
  Grant grant = Exact();
  grant.repo = "github.com/acme/*";
  EXPECT_EQ(FindIn(grant, Asked()), nullptr);
  grant.repo_glob = "github.com/acme/*";
  EXPECT_NE(FindIn(grant, Asked()), nullptr);
}

TEST(Grants, FindTheSameAsLookingThroughAllOfThem) {
  SeededRandom random(5);
  const std::string persons[] = {"p0", "p1", "p2"};
  const std::string names[] = {"a", "b"};
  for (int round = 0; round < 200; ++round) {
    std::vector<std::shared_ptr<const Grant>> all;
    for (int i = 0; i < 6; ++i) {
      Grant grant{.id = std::to_string(i), .rule = names[random.Below(2)]};
      grant.person = persons[random.Below(3)];
      if (random.Below(2)) grant.team = random.Below(2) ? "red" : "lab";
      if (random.Below(2)) grant.tool = names[random.Below(2)];
      grant.until_micros = static_cast<int64_t>(random.Below(3));
      all.push_back(std::make_shared<const Grant>(grant));
    }
    Grants grants(all);
    Question question;
    question.person_id = persons[1 + random.Below(2)];
    question.team = random.Below(2) ? "red" : "lab";
    if (question.team == "red" && random.Below(2)) question.teams = kTeams;
    question.tool = names[random.Below(2)];
    question.now_micros = 1;
    bool expected = false;
    for (const auto& grant : all) expected |= grant->Covers(question, "a");
    const Grant* found = grants.Find(question, "a");
    ASSERT_EQ(found != nullptr, expected);
    if (found != nullptr) ASSERT_TRUE(found->Covers(question, "a"));
  }
}

}  // namespace
}  // namespace cofferdam::policy
