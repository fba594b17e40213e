#include <array>
#include <string_view>

#include "cli/agent_launchers.h"

namespace cofferdam::cli {
namespace {

// The gate speaks what these providers' adapters speak; ours is for models
// that speak Chat Completions.
constexpr std::string_view kOwn = "cofferdam";
constexpr std::array<std::string_view, 3> kProviders = {"anthropic", "openai",
                                                        kOwn};

// The models named on the command line as PROVIDER/MODEL for `provider`; one
// that opencode's catalogue lacks has to stand in the configuration.
std::vector<std::string> ModelsOf(const std::vector<std::string>& command,
                                  std::string_view provider) {
  std::vector<std::string> found;
  std::string_view before;
  for (std::string_view word : command) {
    std::string_view value = before == "-m" || before == "--model" ? word : "";
    if (word.starts_with("--model=")) value = word.substr(8);
    if (value.starts_with(provider) && value.size() > provider.size() + 1 &&
        value[provider.size()] == '/') {
      found.emplace_back(value.substr(provider.size() + 1));
    }
    before = word;
  }
  return found;
}

std::string Configuration(const std::vector<std::string>& command,
                          const LaunchTarget& target) {
  JsonWriter json;
  json.BeginObject().Key("enabled_providers").BeginArray();
  for (std::string_view provider : kProviders) json.String(provider);
  json.EndArray().Key("provider").BeginObject();
  for (std::string_view provider : kProviders) {
    json.Key(provider).BeginObject();
    if (provider == kOwn) {
      json.Field("npm", "@ai-sdk/openai-compatible").Field("name", "Cofferdam");
    }
    json.Key("options")
        .BeginObject()
        .Field("baseURL", target.url + "/v1")
        .Field("apiKey", "{env:COFFERDAM_SESSION_KEY}")
        .EndObject();
    json.Key("models").BeginObject();
    for (const std::string& model : ModelsOf(command, provider)) {
      json.Key(model).BeginObject().EndObject();
    }
    json.EndObject().EndObject();
  }
  json.EndObject().EndObject();
  return std::move(json).Take();
}

}  // namespace

// The variable beats every file of the user's and of the project's.
Result<AgentLaunch> LaunchOpencode(std::vector<std::string> command,
                                   const LaunchTarget& target) {
  AgentLaunch launch;
  auto own = ParseSettings(target.variable("OPENCODE_CONFIG_CONTENT"));
  if (!own.ok()) {
    return std::move(own).error().Within("OPENCODE_CONFIG_CONTENT");
  }
  TRY_ASSIGN(JsonDocument ours,
             JsonDocument::Parse(Configuration(command, target)));
  launch.environment = {
      {"OPENCODE_CONFIG_CONTENT", MergedJson(own->root(), ours.root())},
      {"COFFERDAM_SESSION_KEY", target.secret},
      // They log in to providers by addresses of their own.
      {"OPENCODE_DISABLE_DEFAULT_PLUGINS", "true"}};
  TRY(TrustGate(target, "NODE_EXTRA_CA_CERTS", "", &launch));
  launch.command = std::move(command);
  launch.words = "COFFERDAM_SESSION_KEY, OPENCODE_CONFIG_CONTENT";
  return launch;
}

}  // namespace cofferdam::cli
