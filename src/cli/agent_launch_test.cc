#include "cli/agent_launch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "base/json.h"
#include "cli/agent_launchers.h"

namespace cofferdam::cli {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;

class AgentLaunchTest : public testing::Test {
 protected:
  AgentLaunchTest() {
    std::filesystem::create_directories(home_ + "/.gemini");
    std::filesystem::create_directories(root_ + "/desk/.gemini");
    target_.url = "http://127.0.0.1:8787";
    target_.secret = "cfs_secret";
    target_.folder = root_ + "/launch";
    target_.work_folder = root_ + "/desk";
    target_.variable = [this](const char* name) { return environment_[name]; };
    // What this machine's own says is not to be read.
    environment_["GEMINI_CLI_SYSTEM_SETTINGS_PATH"] = root_ + "/system.json";
  }
  ~AgentLaunchTest() override { std::filesystem::remove_all(root_); }

  std::string Write(const std::string& name, std::string_view text) {
    std::ofstream(root_ + "/" + name) << text;
    return root_ + "/" + name;
  }

  std::string root_ =
      testing::TempDir() + "agent_launch_test." +
      testing::UnitTest::GetInstance()->current_test_info()->name();
  std::string home_ = root_ + "/home";
  std::map<std::string, std::string> environment_ = {{"HOME", home_}};
  LaunchTarget target_;
};

std::string ValueOf(const AgentLaunch& launch, const std::string& name) {
  for (const auto& [key, value] : launch.environment) {
    if (key == name) return value;
  }
  return "";
}

TEST_F(AgentLaunchTest, KnowsAgentsByTheirProgramsName) {
  EXPECT_EQ(*ToolOfAgent("claude"), "claude-code");
  EXPECT_EQ(*ToolOfAgent("/opt/bin/codex"), "codex");
  EXPECT_EQ(*ToolOfAgent("gemini"), "gemini-cli");
  EXPECT_EQ(*ToolOfAgent("./opencode"), "opencode");
  auto unknown = ToolOfAgent("emacs");
  ASSERT_FALSE(unknown.ok());
  for (const char* word : {"emacs", "claude", "codex", "gemini", "opencode"}) {
    EXPECT_THAT(unknown.error().message(), HasSubstr(word));
  }
}

TEST_F(AgentLaunchTest, NoAgentGetsTheSecretOnItsCommandLine) {
  for (const char* agent : {"claude", "codex", "gemini", "opencode"}) {
    auto launch = PrepareLaunch({agent, "hello"}, target_);
    ASSERT_TRUE(launch.ok()) << agent;
    EXPECT_EQ(launch->command.front(), agent);
    EXPECT_EQ(launch->command.back(), "hello");
    for (const std::string& word : launch->command) {
      EXPECT_THAT(word, Not(HasSubstr("cfs_"))) << agent;
    }
    EXPECT_THAT(launch->words, Not(HasSubstr("cfs_"))) << agent;
  }
}

TEST_F(AgentLaunchTest, ClaudeGetsASettingsFileThatBeatsTheUsersOwn) {
  auto launch = PrepareLaunch({"claude", "-p", "hello"}, target_);
  ASSERT_TRUE(launch.ok());
  std::string path = target_.folder + "/settings.json";
  EXPECT_THAT(launch->command,
              ElementsAre("claude", "--settings", path, "-p", "hello"));
  ASSERT_EQ(launch->files.size(), 1u);
  EXPECT_EQ(launch->files[0].path, path);
  auto settings = JsonDocument::Parse(launch->files[0].text);
  ASSERT_TRUE(settings.ok());
  JsonValue env = (*settings)["env"];
  EXPECT_EQ(env["ANTHROPIC_BASE_URL"].StringOrEmpty(), target_.url);
  EXPECT_EQ(env["ANTHROPIC_AUTH_TOKEN"].StringOrEmpty(), "cfs_secret");
  EXPECT_EQ(env["ANTHROPIC_API_KEY"].String(), "");
  EXPECT_EQ(env["CLAUDE_CODE_USE_BEDROCK"].String(), "");
  EXPECT_EQ((*settings)["apiKeyHelper"].String(), "");
  EXPECT_THAT(launch->unset, Contains("ANTHROPIC_API_KEY"));
  EXPECT_THAT(launch->unset, Contains("CLAUDE_CODE_USE_VERTEX"));
}

TEST_F(AgentLaunchTest, TheUsersOwnSettingsFlagIsMerged) {
  auto launch = PrepareLaunch(
      {"claude", "--settings",
       R"({"model":"opus","env":{"A":"1","ANTHROPIC_BASE_URL":"x"}})", "-p"},
      target_);
  ASSERT_TRUE(launch.ok());
  EXPECT_THAT(launch->command,
              ElementsAre("claude", "--settings", launch->files[0].path, "-p"));
  auto settings = JsonDocument::Parse(launch->files[0].text);
  ASSERT_TRUE(settings.ok());
  EXPECT_EQ((*settings)["model"].StringOrEmpty(), "opus");
  EXPECT_EQ((*settings)["env"]["A"].StringOrEmpty(), "1");
  EXPECT_EQ((*settings)["env"]["ANTHROPIC_BASE_URL"].StringOrEmpty(),
            target_.url);
}

TEST_F(AgentLaunchTest, SettingsThatCannotBeReadAreNamed) {
  auto launch = PrepareLaunch({"claude", "--settings=/no/such/file"}, target_);
  ASSERT_FALSE(launch.ok());
  EXPECT_THAT(launch.error().message(), HasSubstr("/no/such/file"));
  launch = PrepareLaunch({"claude", "--settings", "{broken"}, target_);
  ASSERT_FALSE(launch.ok());
  EXPECT_THAT(launch.error().message(), HasSubstr("--settings"));
}

TEST_F(AgentLaunchTest, CodexGetsAProvider) {
  auto launch = PrepareLaunch({"codex", "exec", "hello"}, target_);
  ASSERT_TRUE(launch.ok());
  EXPECT_THAT(launch->command, Contains("model_provider=\"cofferdam\""));
  EXPECT_THAT(launch->command,
              Contains(HasSubstr("base_url=\"http://127.0.0.1:8787/v1\"")));
  EXPECT_THAT(launch->environment,
              ElementsAre(Pair("COFFERDAM_SESSION_KEY", "cfs_secret")));
  EXPECT_TRUE(launch->files.empty());
}

TEST_F(AgentLaunchTest, GeminiGetsItsHomeWithAnotherLogin) {
  Write("home/.gemini/settings.json", R"({
    // The user's own.
    "security": {"auth": {"selectedType": "oauth-personal", "x": 1}},
    "ui": {"theme": "a // b"} /* and
    this */
  })");
  auto launch = PrepareLaunch({"gemini", "-p", "hello"}, target_);
  ASSERT_TRUE(launch.ok()) << launch.error().message();
  EXPECT_EQ(ValueOf(*launch, "GEMINI_CLI_HOME"), target_.folder);
  EXPECT_EQ(ValueOf(*launch, "GOOGLE_GEMINI_BASE_URL"), target_.url);
  EXPECT_EQ(ValueOf(*launch, "GEMINI_API_KEY"), "cfs_secret");
  EXPECT_THAT(launch->unset, Contains("GOOGLE_GENAI_USE_VERTEXAI"));
  ASSERT_TRUE(launch->mirror);
  EXPECT_EQ(launch->mirror->of, home_ + "/.gemini");
  ASSERT_EQ(launch->files.size(), 1u);
  EXPECT_EQ(launch->files[0].path, launch->mirror->at + "/settings.json");
  EXPECT_EQ(launch->files[0].text,
            R"({"security":{"auth":{"selectedType":"gemini-api-key","x":1,)"
            R"("enforcedType":"gemini-api-key"}},"ui":{"theme":"a // b"}})");
}

TEST_F(AgentLaunchTest, SettingsThatLeadGeminiAroundTheGateAreNamed) {
  const char* elsewhere =
      R"({"security":{"auth":{"selectedType":"vertex-ai"}}})";
  const char* forced =
      R"({"security":{"auth":{"enforcedType":"oauth-personal"}}})";
  for (const char* name : {"system.json", "desk/.gemini/settings.json"}) {
    for (const char* text : {elsewhere, forced}) {
      std::string path = Write(name, text);
      auto launch = PrepareLaunch({"gemini"}, target_);
      ASSERT_FALSE(launch.ok()) << name << text;
      EXPECT_THAT(launch.error().message(), HasSubstr(path));
    }
    std::string same = Write(
        name, R"({"security":{"auth":{"selectedType":"gemini-api-key"}}})");
    EXPECT_TRUE(PrepareLaunch({"gemini"}, target_).ok()) << same;
  }
}

TEST_F(AgentLaunchTest, BrokenSettingsOfGeminiAreNamed) {
  std::string path = Write("home/.gemini/settings.json", "[1]");
  auto launch = PrepareLaunch({"gemini"}, target_);
  ASSERT_FALSE(launch.ok());
  EXPECT_THAT(launch.error().message(), HasSubstr(path));
}

TEST_F(AgentLaunchTest, OpencodeReachesNoProviderButTheGate) {
  environment_["OPENCODE_CONFIG_CONTENT"] =
      R"({"theme":"a","enabled_providers":["own"],"provider":{"openai":)"
      R"({"options":{"baseURL":"http://own","timeout":5}},"own":{}}})";
  auto launch = PrepareLaunch(
      {"opencode", "run", "-m", "cofferdam/m1", "--model=openai/gpt-9"},
      target_);
  ASSERT_TRUE(launch.ok());
  auto config =
      JsonDocument::Parse(ValueOf(*launch, "OPENCODE_CONFIG_CONTENT"));
  ASSERT_TRUE(config.ok());
  EXPECT_EQ((*config)["theme"].StringOrEmpty(), "a");
  std::vector<std::string> enabled;
  for (JsonValue name : (*config)["enabled_providers"].Elements()) {
    enabled.emplace_back(name.StringOrEmpty());
  }
  EXPECT_THAT(enabled, ElementsAre("anthropic", "openai", "cofferdam"));
  JsonValue providers = (*config)["provider"];
  for (const std::string& name : enabled) {
    EXPECT_EQ(providers[name]["options"]["baseURL"].StringOrEmpty(),
              "http://127.0.0.1:8787/v1");
    EXPECT_EQ(providers[name]["options"]["apiKey"].StringOrEmpty(),
              "{env:COFFERDAM_SESSION_KEY}");
  }
  EXPECT_EQ(providers["openai"]["options"]["timeout"].Int(), 5);
  EXPECT_TRUE(providers["openai"]["models"]["gpt-9"].is_object());
  EXPECT_TRUE(providers["cofferdam"]["models"]["m1"].is_object());
  EXPECT_FALSE(providers["openai"]["models"]["m1"].present());
  EXPECT_EQ(ValueOf(*launch, "COFFERDAM_SESSION_KEY"), "cfs_secret");
}

TEST_F(AgentLaunchTest, AModelFlagWithoutAModelNamesNone) {
  for (const char* word : {"cofferdam", "cofferdam/", "-m"}) {
    auto launch = PrepareLaunch({"opencode", "-m", word}, target_);
    ASSERT_TRUE(launch.ok());
    EXPECT_THAT(ValueOf(*launch, "OPENCODE_CONFIG_CONTENT"),
                HasSubstr(R"("models":{}}}})"))
        << word;
  }
}

TEST_F(AgentLaunchTest, ABrokenConfigurationOfOpencodeIsNamed) {
  environment_["OPENCODE_CONFIG_CONTENT"] = "{";
  auto launch = PrepareLaunch({"opencode"}, target_);
  ASSERT_FALSE(launch.ok());
  EXPECT_THAT(launch.error().message(), HasSubstr("OPENCODE_CONFIG_CONTENT"));
}

TEST_F(AgentLaunchTest, AgentsTrustTheGatesAuthorityThroughTheirVariable) {
  target_.ca_file = Write("gate.pem", "GATE");
  for (const auto& [agent, variable] : std::map<std::string, std::string>{
           {"claude", "NODE_EXTRA_CA_CERTS"},
           {"codex", "CODEX_CA_CERTIFICATE"},
           {"gemini", "NODE_EXTRA_CA_CERTS"},
           {"opencode", "NODE_EXTRA_CA_CERTS"}}) {
    auto launch = PrepareLaunch({agent}, target_);
    ASSERT_TRUE(launch.ok());
    EXPECT_EQ(ValueOf(*launch, variable), target_.ca_file) << agent;
  }
}

TEST_F(AgentLaunchTest, AuthoritiesOfTheUsersOwnStayTrusted) {
  target_.ca_file = Write("gate.pem", "GATE");
  environment_["SSL_CERT_FILE"] = Write("own.pem", "OWN");
  auto launch = PrepareLaunch({"codex"}, target_);
  ASSERT_TRUE(launch.ok());
  ASSERT_EQ(launch->files.size(), 1u);
  EXPECT_EQ(launch->files[0].text, "OWN\nGATE");
  EXPECT_EQ(ValueOf(*launch, "CODEX_CA_CERTIFICATE"), launch->files[0].path);

  environment_["CODEX_CA_CERTIFICATE"] = root_ + "/none.pem";
  launch = PrepareLaunch({"codex"}, target_);
  ASSERT_TRUE(launch.ok());
  EXPECT_EQ(ValueOf(*launch, "CODEX_CA_CERTIFICATE"), target_.ca_file);
}

TEST_F(AgentLaunchTest, CommentsAreNoSettings) {
  auto empty = ParseSettings(" // nothing\n/* at\nall */ ");
  ASSERT_TRUE(empty.ok());
  EXPECT_TRUE(empty->root().Members().empty());
  auto some = ParseSettings(R"({"a":"\"// no",/*x*/"b":"/* no */"}//)");
  ASSERT_TRUE(some.ok()) << some.error().message();
  EXPECT_EQ((*some)["a"].StringOrEmpty(), "\"// no");
  EXPECT_EQ((*some)["b"].StringOrEmpty(), "/* no */");
  EXPECT_FALSE(ParseSettings("[]").ok());
  EXPECT_FALSE(ParseSettings("{/*").ok());
}

}  // namespace
}  // namespace cofferdam::cli
