#include "cli/code_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <tuple>

namespace cofferdam::cli {
namespace {

using testing::HasSubstr;

TEST(CodeConfigTest, ReadsEverySetting) {
  auto config = ParseCodeConfig(R"toml([code]
engine = "http://127.0.0.1:8080"
api = "responses"
model = "qwen3-coder"
key = { file = "engine.key" }
ca_file = "/etc/ca.pem"
mode = "edit"
network = "on"
writable = ["/srv/builds", "../out"]
hidden = "secrets"
unix_sockets = "on"
variables = ["NPM_TOKEN", "http_proxy"]
models = "models.toml"
allow = ["bash(npm test*)"]
purpose = "product"
)toml",
                                "/home/e/.config/cofferdam/code.toml");
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_EQ(config->engine, "http://127.0.0.1:8080");
  EXPECT_EQ(config->api, agent::EngineApi::kResponses);
  EXPECT_EQ(config->model, "qwen3-coder");
  EXPECT_EQ(config->key_file, "/home/e/.config/cofferdam/engine.key");
  EXPECT_EQ(config->ca_file, "/etc/ca.pem");
  EXPECT_EQ(config->mode, agent::Mode::kEdit);
  EXPECT_EQ(config->network, true);
  EXPECT_THAT(
      config->writable,
      testing::ElementsAre("/srv/builds", "/home/e/.config/cofferdam/../out"));
  EXPECT_THAT(config->hidden,
              testing::ElementsAre("/home/e/.config/cofferdam/secrets"));
  EXPECT_EQ(config->unix_sockets, true);
  EXPECT_THAT(config->variables,
              testing::ElementsAre("NPM_TOKEN", "http_proxy"));
  EXPECT_EQ(config->models_file, "/home/e/.config/cofferdam/models.toml");
  EXPECT_EQ(config->allow, std::vector<std::string>{"bash(npm test*)"});
  EXPECT_EQ(config->purpose, "product");
}

TEST(CodeConfigTest, WhatItDoesNotKnowIsAnErrorWithItsLine) {
  for (auto [text, said] :
       {std::pair("[code]\nmodle = \"x\"\n", "2:1"),
        std::pair("[code]\nmode = \"yolo\"\n", "mode"),
        std::pair("[cod]\n", "cod"),
        std::pair("[code]\nkey = { env = \"A\", file = \"b\" }\n",
                  "one of env and file"),
        std::pair("[code]\ncommit_trailer = \"{modle}\"\n",
                  "2:1: [code] commit_trailer: must be \"Key: value\""),
        std::pair("[code]\nengine = 3\n", "engine")}) {
    auto config = ParseCodeConfig(text, "code.toml");
    ASSERT_FALSE(config.ok()) << text;
    EXPECT_THAT(config.error().message(), HasSubstr(said));
  }
}

TEST(CodeConfigTest, TheHomeFolderIsATilde) {
  const std::string home = std::getenv("HOME") == nullptr ? "" : getenv("HOME");
  setenv("HOME", "/home/of-a-test", 1);
  auto config = ParseCodeConfig(
      "[code]\nwritable = \"~/out\"\nhidden = [\"~/.env\", \"~\"]\n",
      "/etc/code.toml");
  setenv("HOME", home.c_str(), 1);
  ASSERT_TRUE(config.ok()) << config.error().message();
  EXPECT_THAT(config->writable, testing::ElementsAre("/home/of-a-test/out"));
  EXPECT_THAT(config->hidden,
              testing::ElementsAre("/home/of-a-test/.env", "/home/of-a-test"));
}

TEST(CodeConfigTest, WhatWouldUndoTheSandboxIsRefusedWhereItStands) {
  const std::string home = std::getenv("HOME") == nullptr ? "" : getenv("HOME");
  setenv("HOME", "/home/of-a-test", 1);
  for (auto [line, place, said] :
       {std::tuple("writable = \"/\"", "code.toml:2:12", "nothing would be"),
        std::tuple("writable = [\"/srv\", \"~\"]", "code.toml:2:21",
                   "the home folder is in it"),
        std::tuple("writable = [\"~/.ssh\"]", "code.toml:2:13", "holds keys"),
        std::tuple("writable = \"/usr/lib\"", "code.toml:2:12", "system"),
        std::tuple("hidden = \"/\"", "code.toml:2:10", "no command runs"),
        std::tuple("hidden = [3]", "code.toml:2", "hidden"),
        std::tuple("unix_sockets = true", "code.toml:2:1:", "unix_sockets"),
        std::tuple("variables = [\"COFFERDAM_ENGINE_KEY\"]", "code.toml:2:14",
                   "do not get it"),
        std::tuple("variables = [\"A=b\"]", "code.toml:2:14", "no name")}) {
    auto config =
        ParseCodeConfig(std::string("[code]\n") + line + "\n", "code.toml");
    ASSERT_FALSE(config.ok()) << line;
    EXPECT_THAT(config.error().message(), HasSubstr(place));
    EXPECT_THAT(config.error().message(), HasSubstr(said));
  }
  setenv("HOME", home.c_str(), 1);
}

TEST(CodeConfigTest, ThirtyTwoFoldersAreWritableAndNotOneMore) {
  for (const int count : {32, 33}) {
    std::string text = "[code]\nwritable = [";
    for (int i = 0; i < count; ++i)
      text += "\"/srv/" + std::to_string(i) + "\",";
    auto config = ParseCodeConfig(text + "]\n", "code.toml");
    EXPECT_EQ(config.ok(), count == 32);
  }
}

TEST(CodeConfigTest, AKeyThatIsNotThereIsNamedByItsPlace) {
  CodeConfig config;
  EXPECT_EQ(*EngineKeyOf(config), "");
  config.key_env = "COFFERDAM_TEST_NO_SUCH_VARIABLE";
  EXPECT_THAT(EngineKeyOf(config).error().message(),
              HasSubstr("COFFERDAM_TEST_NO_SUCH_VARIABLE"));
  config.key_env.clear();
  config.key_file = "/nowhere/engine.key";
  EXPECT_THAT(EngineKeyOf(config).error().message(),
              HasSubstr("/nowhere/engine.key"));
}

}  // namespace
}  // namespace cofferdam::cli
