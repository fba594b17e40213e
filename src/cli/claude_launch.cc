#include <string_view>

#include "base/file.h"
#include "cli/agent_launchers.h"

namespace cofferdam::cli {
namespace {

// Each of these would send Claude Code to a cloud's own address.
constexpr const char* kClouds[] = {
    "CLAUDE_CODE_USE_BEDROCK",       "CLAUDE_CODE_USE_VERTEX",
    "CLAUDE_CODE_USE_FOUNDRY",       "CLAUDE_CODE_USE_MANTLE",
    "CLAUDE_CODE_USE_ANTHROPIC_AWS", "CLAUDE_CODE_USE_ANTHROPIC_GOOGLE_CLOUD",
};

// The user's --settings, taken out of the command: JSON text or a file.
Result<std::string> TakeSettings(std::vector<std::string>* command) {
  std::string value;
  std::vector<std::string> rest;
  for (size_t i = 0; i < command->size(); ++i) {
    std::string& word = (*command)[i];
    if (word == "--settings" && i + 1 < command->size()) {
      value = (*command)[++i];
    } else if (word.starts_with("--settings=")) {
      value = word.substr(std::string_view("--settings=").size());
    } else {
      rest.push_back(word);
    }
  }
  *command = std::move(rest);
  if (value.empty() || value.front() == '{') return value;
  auto text = ReadFile(value, kAgentSettingsBytesMax);
  if (!text.ok()) return std::move(text).error().Within("--settings");
  return text;
}

// Settings given on the command line beat the user's settings.json, whose
// "env" in turn beats the process environment. A key or a key helper of the
// user's own would be sent beside the session key.
std::string Settings(const LaunchTarget& target) {
  JsonWriter json;
  json.BeginObject().Field("apiKeyHelper", "").Key("env").BeginObject();
  json.Field("ANTHROPIC_BASE_URL", target.url)
      .Field("ANTHROPIC_AUTH_TOKEN", target.secret)
      .Field("ANTHROPIC_API_KEY", "");
  for (const char* cloud : kClouds) json.Field(cloud, "");
  json.EndObject().EndObject();
  return std::move(json).Take();
}

}  // namespace

Result<AgentLaunch> LaunchClaude(std::vector<std::string> command,
                                 const LaunchTarget& target) {
  AgentLaunch launch;
  TRY_ASSIGN(std::string own, TakeSettings(&command));
  auto settings = ParseSettings(own);
  if (!settings.ok()) return std::move(settings).error().Within("--settings");
  TRY_ASSIGN(JsonDocument ours, JsonDocument::Parse(Settings(target)));
  std::string path = target.folder + "/settings.json";
  launch.files.push_back({path, MergedJson(settings->root(), ours.root())});
  launch.environment = {{"ANTHROPIC_BASE_URL", target.url},
                        {"ANTHROPIC_AUTH_TOKEN", target.secret}};
  launch.unset = {"ANTHROPIC_API_KEY"};
  launch.unset.insert(launch.unset.end(), std::begin(kClouds),
                      std::end(kClouds));
  TRY(TrustGate(target, "NODE_EXTRA_CA_CERTS", "", &launch));
  command.insert(command.begin() + 1, {"--settings", path});
  launch.command = std::move(command);
  launch.words = "ANTHROPIC_BASE_URL, ANTHROPIC_AUTH_TOKEN, --settings";
  return launch;
}

}  // namespace cofferdam::cli
