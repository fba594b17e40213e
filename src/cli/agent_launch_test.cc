#include "cli/agent_launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace cofferdam::cli {
namespace {

using testing::ElementsAre;

const LaunchTarget kTarget = {"http://127.0.0.1:8787", "cfs_secret",
                              "/tmp/settings.json"};

TEST(AgentLaunch, KnowsAgentsByTheirProgramsName) {
  EXPECT_EQ(*ToolOfAgent("claude"), "claude-code");
  EXPECT_EQ(*ToolOfAgent("/opt/bin/codex"), "codex");
  auto unknown = ToolOfAgent("emacs");
  ASSERT_FALSE(unknown.ok());
  EXPECT_THAT(unknown.error().message(), testing::HasSubstr("emacs"));
}

TEST(AgentLaunch, ClaudeGetsASettingsFileThatBeatsTheUsersOwn) {
  auto launch = PrepareLaunch({"claude", "-p", "hello"}, kTarget);
  ASSERT_TRUE(launch.ok());
  EXPECT_THAT(
      launch->command,
      ElementsAre("claude", "--settings", "/tmp/settings.json", "-p", "hello"));
  auto settings = JsonDocument::Parse(launch->file_text);
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ((*settings)["env"]["ANTHROPIC_BASE_URL"].StringOrEmpty(),
            kTarget.url);
  EXPECT_EQ((*settings)["env"]["ANTHROPIC_AUTH_TOKEN"].StringOrEmpty(),
            kTarget.secret);
  EXPECT_THAT(launch->unset, ElementsAre("ANTHROPIC_API_KEY"));
}

TEST(AgentLaunch, TheUsersOwnSettingsFlagIsMerged) {
  auto launch = PrepareLaunch(
      {"claude", "--settings",
       R"({"model":"opus","env":{"A":"1","ANTHROPIC_BASE_URL":"x"}})", "-p"},
      kTarget);
  ASSERT_TRUE(launch.ok());
  EXPECT_THAT(launch->command,
              ElementsAre("claude", "--settings", "/tmp/settings.json", "-p"));
  EXPECT_EQ(launch->file_text,
            R"({"model":"opus","env":{"A":"1",)"
            R"("ANTHROPIC_BASE_URL":"http://127.0.0.1:8787",)"
            R"("ANTHROPIC_AUTH_TOKEN":"cfs_secret"}})");
}

TEST(AgentLaunch, SettingsThatCannotBeReadAreNamed) {
  auto launch = PrepareLaunch({"claude", "--settings=/no/such/file"}, kTarget);
  ASSERT_FALSE(launch.ok());
  EXPECT_THAT(launch.error().message(), testing::HasSubstr("/no/such/file"));
  EXPECT_FALSE(
      PrepareLaunch({"claude", "--settings", "{broken"}, kTarget).ok());
}

TEST(AgentLaunch, CodexGetsAProviderAndNoSecretOnItsCommandLine) {
  auto launch = PrepareLaunch({"codex", "exec", "hello"}, kTarget);
  ASSERT_TRUE(launch.ok());
  EXPECT_EQ(launch->command.back(), "hello");
  for (const std::string& word : launch->command) {
    EXPECT_THAT(word, testing::Not(testing::HasSubstr("cfs_")));
  }
  EXPECT_THAT(launch->environment, ElementsAre(testing::Pair(
                                       "COFFERDAM_SESSION_KEY", "cfs_secret")));
}

}  // namespace
}  // namespace cofferdam::cli
