#include "policy/protection.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "policy/law.h"

namespace cofferdam::policy {
namespace {

Result<std::shared_ptr<const Law>> Read(std::string_view text) {
  return Law::Parse(text, "policy.toml", LawContext());
}

TEST(Protection, IsReadFromTheLaw) {
  const auto law = Read(
      "ask = \"ask us\"\n"
      "[[protect]]\nrepo = \"https://github.com/Acme/models.git\"\n"
      "paths = [\"training/\", \"**/sft/**\"]\npurpose = \"training\"\n"
      "[[protect]]\npaths = \"evals/*\"\npurpose = \"evaluation\"\n"
      "ask = \"write items yourself\"\n");
  ASSERT_TRUE(law.ok()) << law.error().message();
  const std::vector<Protection>& protections = (*law)->protections();
  ASSERT_EQ(protections.size(), 2u);
  EXPECT_EQ(protections[0], (Protection{{"github.com/Acme/models"},
                                        {"training/", "**/sft/**"},
                                        ScanPurpose::kTraining,
                                        "ask us"}));
  EXPECT_EQ(
      protections[1],
      (Protection{
          {}, {"evals/*"}, ScanPurpose::kEvaluation, "write items yourself"}));
}

TEST(Protection, MatchesPathsAndRepositories) {
  const Protection one{{"h/a*"}, {"training/", "**/sft/**", "x.txt"}};
  for (const std::string_view path :
       {"training/a", "training/b/c", "sft/a", "deep/er/sft/a/b", "x.txt"})
    EXPECT_TRUE(Protects(one, path)) << path;
  for (const std::string_view path :
       {"", "training", "src/training/a", "sft", "x.txt2", "a/x.txt"})
    EXPECT_FALSE(Protects(one, path)) << path;
  EXPECT_TRUE(Concerns(one, "h/ab"));
  EXPECT_FALSE(Concerns(one, ""));
  EXPECT_TRUE(Concerns(Protection{{}, {"x"}}, ""));
}

TEST(Protection, WhatIsMissingOrUnknownIsAnIssueWithItsPlace) {
  for (const auto& [text, words] :
       {std::pair("[[protect]]\npurpose = \"training\"\n", "paths"),
        std::pair("[[protect]]\npaths = \"a\"\n", "purpose"),
        std::pair("[[protect]]\npaths = \"a\"\npurpose = \"product\"\n",
                  "policy.toml:3:"),
        std::pair("[[protect]]\npaths = \"\"\npurpose = \"training\"\n",
                  "must not be empty"),
        std::pair("[[protect]]\npaths = \"/a\"\npurpose = \"training\"\n",
                  "without a slash"),
        std::pair("[[protect]]\npath = \"a\"\n", "path")}) {
    const auto law = Read(text);
    ASSERT_FALSE(law.ok()) << text;
    EXPECT_NE(law.error().message().find(words), std::string::npos)
        << law.error().message();
  }
}

TEST(Protection, ThereIsALimitOnThem) {
  std::string text;
  for (size_t i = 0; i < kProtectionsMax; ++i)
    text += "[[protect]]\npaths = \"a\"\npurpose = \"training\"\n";
  EXPECT_TRUE(Read(text).ok());
  text += "[[protect]]\npaths = \"a\"\npurpose = \"training\"\n";
  EXPECT_FALSE(Read(text).ok());
}

}  // namespace
}  // namespace cofferdam::policy
