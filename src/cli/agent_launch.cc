#include "cli/agent_launch.h"

#include <fmt/format.h>

#include <string_view>

#include "base/file.h"
#include "base/json.h"

namespace cofferdam::cli {
namespace {

constexpr size_t kSettingsBytesMax = 4 << 20;

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
  auto text = ReadFile(value, kSettingsBytesMax);
  if (!text.ok()) return std::move(text).error().Within("--settings");
  return text;
}

// `settings` with the two variables put into its "env", which beats both the
// process environment and the user's settings.json.
Result<std::string> WithEnvironment(const std::string& settings,
                                    const LaunchTarget& target) {
  auto document = JsonDocument::Parse(settings.empty() ? "{}" : settings);
  if (!document.ok()) return std::move(document).error().Within("--settings");
  JsonWriter json;
  json.BeginObject();
  for (const auto& [name, value] : document->root().Members()) {
    if (name != "env") json.Key(name).Value(value);
  }
  json.Key("env").BeginObject();
  for (const auto& [name, value] : (*document)["env"].Members()) {
    if (name == "ANTHROPIC_BASE_URL" || name == "ANTHROPIC_AUTH_TOKEN" ||
        name == "ANTHROPIC_API_KEY") {
      continue;
    }
    json.Key(name).Value(value);
  }
  json.Field("ANTHROPIC_BASE_URL", target.url)
      .Field("ANTHROPIC_AUTH_TOKEN", target.secret)
      .EndObject()
      .EndObject();
  return std::move(json).Take();
}

Result<AgentLaunch> LaunchClaude(std::vector<std::string> command,
                                 const LaunchTarget& target) {
  AgentLaunch launch;
  TRY_ASSIGN(std::string settings, TakeSettings(&command));
  TRY_ASSIGN(launch.file_text, WithEnvironment(settings, target));
  launch.file_path = target.file_path;
  launch.environment = {{"ANTHROPIC_BASE_URL", target.url},
                        {"ANTHROPIC_AUTH_TOKEN", target.secret}};
  // A key of the user's own would be sent beside the session key.
  launch.unset = {"ANTHROPIC_API_KEY"};
  command.insert(command.begin() + 1, {"--settings", target.file_path});
  launch.command = std::move(command);
  launch.words = "ANTHROPIC_BASE_URL, ANTHROPIC_AUTH_TOKEN, --settings";
  return launch;
}

Result<AgentLaunch> LaunchCodex(std::vector<std::string> command,
                                const LaunchTarget& target) {
  AgentLaunch launch;
  std::string provider = fmt::format(
      "model_providers.cofferdam={{name=\"Cofferdam\",base_url=\"{}/v1\","
      "wire_api=\"responses\",env_key=\"COFFERDAM_SESSION_KEY\"}}",
      target.url);
  command.insert(command.begin() + 1,
                 {"-c", "model_provider=\"cofferdam\"", "-c", provider});
  launch.command = std::move(command);
  launch.environment = {{"COFFERDAM_SESSION_KEY", target.secret}};
  launch.words = "COFFERDAM_SESSION_KEY, -c model_provider";
  return launch;
}

struct Agent {
  std::string_view program;
  std::string_view tool;
  Result<AgentLaunch> (*launch)(std::vector<std::string>, const LaunchTarget&);
};

constexpr Agent kAgents[] = {
    {"claude", "claude-code", LaunchClaude},
    {"codex", "codex", LaunchCodex},
};

Result<const Agent*> FindAgent(std::string_view program) {
  std::string_view name = program.substr(program.rfind('/') + 1);
  for (const Agent& agent : kAgents) {
    if (agent.program == name) return &agent;
  }
  return Error(Code::kInvalid,
               fmt::format("run: does not know how to start \"{}\" through the "
                           "gate; it knows claude and codex",
                           program));
}

}  // namespace

Result<std::string> ToolOfAgent(const std::string& program) {
  TRY_ASSIGN(const Agent* agent, FindAgent(program));
  return std::string(agent->tool);
}

Result<AgentLaunch> PrepareLaunch(const std::vector<std::string>& command,
                                  const LaunchTarget& target) {
  TRY_ASSIGN(const Agent* agent, FindAgent(command.front()));
  TRY_ASSIGN(AgentLaunch launch, agent->launch(command, target));
  launch.tool = agent->tool;
  return launch;
}

}  // namespace cofferdam::cli
