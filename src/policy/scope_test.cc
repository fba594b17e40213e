#include "policy/scope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <vector>

#include "policy/names.h"

namespace cofferdam::policy {
namespace {

using ::testing::HasSubstr;

constexpr std::array<std::string_view, 3> kTeams = {"red", "research", "lab"};

Question Asked() {
  Question question;
  question.person_id = "01P";
  question.team = "red";
  question.teams = kTeams;
  question.tool = "codex";
  question.provider = "openai";
  question.model = "gpt-5.5-mini";
  question.contract = "openai-api";
  question.repo = "github.com/acme/engine";
  question.purpose = "product";
  return question;
}

TEST(Scope, WithoutMembersCoversEverything) {
  EXPECT_TRUE(Matches(Scope(), Asked()));
  EXPECT_TRUE(Matches(Scope(), Question()));
  EXPECT_TRUE(Scope().empty());
  EXPECT_EQ(ScopeText(Scope()), "everything");
}

// Each member, right and wrong, and all of them at once.
TEST(Scope, CoversWhatFitsEveryMember) {
  const struct {
    std::string Scope::* member;
    std::string fits;
    std::string fits_not;
  } rows[] = {
      {&Scope::person, "01P", "01Q"},
      {&Scope::team, "lab", "blue"},
      {&Scope::tool, "codex", "claude-code"},
      {&Scope::provider, "openai", "openai2"},
      {&Scope::model, "gpt-*-mini", "gpt-5.5"},
      {&Scope::contract, "openai-api", "other"},
      {&Scope::repo, "github.com/acme/*", "github.com/acme/"},
      {&Scope::purpose, "product", "research"},
  };
  Scope all;
  for (const auto& row : rows) {
    Scope scope;
    scope.*row.member = row.fits;
    EXPECT_TRUE(Matches(scope, Asked())) << row.fits;
    EXPECT_FALSE(Matches(scope, Question())) << row.fits;
    EXPECT_FALSE(scope.empty());
    all.*row.member = row.fits;
    EXPECT_TRUE(Matches(all, Asked())) << row.fits;
    scope.*row.member = row.fits_not;
    EXPECT_FALSE(Matches(scope, Asked())) << row.fits_not;
    Scope spoilt = all;
    spoilt.*row.member = row.fits_not;
    EXPECT_FALSE(Matches(spoilt, Asked())) << row.fits_not;
  }
}

TEST(Scope, ATeamCoversTheTeamsBelowItAndNotThoseAbove) {
  for (std::string_view team : kTeams) EXPECT_TRUE(InTeam(Asked(), team));
  EXPECT_FALSE(InTeam(Asked(), "re"));
  Question above = Asked();
  above.team = "lab";
  above.teams = std::span(kTeams).subspan(2);
  EXPECT_FALSE(InTeam(above, "red"));
  // Where nobody filled in the chain, the team itself still counts.
  above.teams = {};
  EXPECT_TRUE(InTeam(above, "lab"));
}

TEST(Scope, IsCheckedMemberByMember) {
  const auto error = [](Scope scope) {
    Result<Scope> checked = CheckScope(std::move(scope));
    return checked.ok() ? "" : checked.error().message();
  };
  EXPECT_THAT(error({.team = "R d"}), HasSubstr("team: "));
  EXPECT_THAT(error({.tool = "a b"}), HasSubstr("tool: "));
  EXPECT_THAT(error({.provider = "open ai"}), HasSubstr("provider: "));
  EXPECT_THAT(error({.provider = std::string(kNameBytesMax + 1, 'a')}),
              HasSubstr("provider: "));
  EXPECT_EQ(error({.provider = std::string(kNameBytesMax, 'a')}), "");
  EXPECT_THAT(error({.contract = "a\nb"}), HasSubstr("contract: "));
  EXPECT_THAT(error({.model = std::string(kModelBytesMax + 1, 'a')}),
              HasSubstr("model: "));
  EXPECT_EQ(error({.model = std::string(kModelBytesMax, 'a')}), "");
  EXPECT_EQ(error({.model = "********"}), "");
  EXPECT_THAT(error({.model = "*********"}), HasSubstr("at most 8 stars"));
  EXPECT_THAT(error({.repo = "acme"}), HasSubstr("repository: "));
  EXPECT_THAT(error({.purpose = "Product"}), HasSubstr("purpose: "));
}

TEST(Scope, ARepositoryIsBroughtIntoItsOneForm) {
  EXPECT_EQ(CheckScope({.repo = "git@GitHub.com:acme/engine.git"})->repo,
            "github.com/acme/engine");
  EXPECT_EQ(*CheckRepoGlob("github.com/acme/*"), "github.com/acme/*");
  EXPECT_EQ(*CheckRepoGlob("*"), "*");
  for (const char* text :
       {"https://github.com/acme/*", "git@github.com:acme/*", "a b*"}) {
    EXPECT_FALSE(CheckRepoGlob(text).ok()) << text;
  }
}

TEST(Scope, IsToldInWords) {
  EXPECT_EQ(ScopeText({.person = "01P", .team = "red", .tool = "codex"}),
            "one person, team red, tool codex");
  EXPECT_EQ(ScopeText({.repo = "github.com/acme/*", .purpose = "product"}),
            "repository github.com/acme/*, purpose product");
}

}  // namespace
}  // namespace cofferdam::policy
