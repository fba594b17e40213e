#include "agent/sandbox/clean_environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cofferdam::agent {
namespace {

using testing::Contains;
using testing::Not;

TEST(CleanEnvironmentTest, KnownNamesPassAndSecretsAndOrdersDoNot) {
  const std::vector<std::string> ours = {
      "PATH=/bin",       "LC_ALL=C",   "MODEL_API_KEY=s",  "GIT_DIR=/x",
      "LD_PRELOAD=x.so", "BASH_ENV=x", "SSH_AUTH_SOCK=/s", "DOCKER_HOST=unix:",
      "not a variable",  "MINE=1"};
  const std::vector<std::string> clean = CleanEnvironment(ours, {}, {});
  EXPECT_EQ(VariableIn(clean, "PATH"), "/bin");
  EXPECT_EQ(VariableIn(clean, "LC_ALL"), "C");
  for (const char* name : {"MODEL_API_KEY", "GIT_DIR", "LD_PRELOAD", "BASH_ENV",
                           "SSH_AUTH_SOCK", "DOCKER_HOST", "MINE"}) {
    EXPECT_EQ(VariableIn(clean, name), "") << name;
  }
  EXPECT_THAT(clean, Not(Contains("not a variable")));
  EXPECT_EQ(VariableIn(clean, "EDITOR"), "false");
  EXPECT_EQ(VariableIn(clean, "GIT_PAGER"), "cat");
}

TEST(CleanEnvironmentTest, WhatTheUserNamesPassesAndTheCallerHasTheLastWord) {
  const std::vector<std::string> ours = {"MINE=1", "PAGER=less"};
  const std::vector<std::string> also = {"MINE", "PAGER"};
  const std::pair<std::string, std::string> extra[] = {{"TERM", "xterm"}};
  const std::vector<std::string> clean = CleanEnvironment(ours, also, extra);
  EXPECT_EQ(VariableIn(clean, "MINE"), "1");
  EXPECT_EQ(VariableIn(clean, "PAGER"), "less");
  EXPECT_EQ(VariableIn(clean, "TERM"), "xterm");
  EXPECT_EQ(VariableIn(clean, "PATH"), "/usr/local/bin:/usr/bin:/bin");
}

}  // namespace
}  // namespace cofferdam::agent
