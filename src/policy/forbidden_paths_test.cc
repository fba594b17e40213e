#include "policy/forbidden_paths.h"

#include <gtest/gtest.h>

namespace cofferdam::policy {
namespace {

TEST(ForbiddenPaths, AreWhatTheTermsForbidForThePurposeOfThePath) {
  const std::vector<Protection> law = {
      {.repos = {"git.example.com/lab/*"}, .paths = {"training/"}},
      {.repos = {},
       .paths = {"evals/"},
       .purpose = ScanPurpose::kEvaluation,
       .ask = "write it yourself"}};
  const auto paths = [&](std::string_view repo, TermsClass terms) {
    std::string all;
    for (const ForbiddenPaths& one : ForbiddenTo(law, repo, terms, true)) {
      EXPECT_FALSE(one.why.empty());
      all += one.paths[0] + " " + one.ask + ";";
    }
    return all;
  };
  EXPECT_EQ(paths("git.example.com/lab/a", TermsClass::kUnknown),
            "training/ ;evals/ write it yourself;");
  EXPECT_EQ(paths("git.example.com/lab/a", TermsClass::kAllow),
            "evals/ write it yourself;");
  EXPECT_EQ(paths("git.example.com/other", TermsClass::kUnknown),
            "evals/ write it yourself;");
  EXPECT_TRUE(Forbids({.paths = {"evals/"}}, "evals/deep/a"));
  EXPECT_FALSE(Forbids({.paths = {"evals/"}}, "src/evals.cc"));
}

}  // namespace
}  // namespace cofferdam::policy
