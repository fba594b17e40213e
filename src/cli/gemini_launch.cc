#include <fmt/format.h>

#include <string_view>

#include "base/file.h"
#include "cli/agent_launchers.h"

namespace cofferdam::cli {
namespace {

constexpr std::string_view kLogin = "gemini-api-key";
constexpr const char* kSystemSettings = "/etc/gemini-cli/settings.json";

// The settings in a file, empty ones when there is none.
Result<JsonDocument> SettingsAt(const std::string& path) {
  auto text = ReadFile(path, kAgentSettingsBytesMax);
  if (!text.ok() && text.error().code() != Code::kNotFound) {
    return std::move(text).error();
  }
  auto settings = ParseSettings(text.ok() ? *text : "");
  if (!settings.ok()) return std::move(settings).error().Within(path);
  return settings;
}

// These beat the user's settings, and with them ours.
Status CheckLoginAt(const std::string& path) {
  TRY_ASSIGN(JsonDocument settings, SettingsAt(path));
  JsonValue auth = settings["security"]["auth"];
  for (const char* name : {"selectedType", "enforcedType"}) {
    std::string_view login = auth[name].StringOrEmpty();
    if (!login.empty() && login != kLogin) {
      return Error(Code::kInvalid,
                   fmt::format("{}: security.auth.{} is \"{}\", which leads "
                               "around the gate; make it \"{}\" or remove it",
                               path, name, login, kLogin));
    }
  }
  return {};
}

std::string SystemSettings(const LaunchTarget& target) {
  std::string path = target.variable("GEMINI_CLI_SYSTEM_SETTINGS_PATH");
  return path.empty() ? kSystemSettings : path;
}

}  // namespace

// Gemini CLI takes its login from settings alone. Only root may put system
// settings where it reads them, so it gets a home whose .gemini holds all of
// the user's own but for settings.json, which names the login.
Result<AgentLaunch> LaunchGemini(std::vector<std::string> command,
                                 const LaunchTarget& target) {
  std::string home = target.variable("GEMINI_CLI_HOME");
  if (home.empty()) home = target.variable("HOME");
  if (home.empty()) {
    return Error(Code::kInvalid, "HOME does not say where .gemini is");
  }
  TRY(CheckLoginAt(SystemSettings(target)));
  TRY(CheckLoginAt(target.work_folder + "/.gemini/settings.json"));

  AgentLaunch launch;
  TRY_ASSIGN(JsonDocument own, SettingsAt(home + "/.gemini/settings.json"));
  TRY_ASSIGN(JsonDocument ours,
             JsonDocument::Parse(
                 fmt::format(R"({{"security":{{"auth":{{"selectedType":"{0}",)"
                             R"("enforcedType":"{0}"}}}}}})",
                             kLogin)));
  launch.mirror = {home + "/.gemini", target.folder + "/.gemini"};
  launch.files.push_back({target.folder + "/.gemini/settings.json",
                          MergedJson(own.root(), ours.root())});
  for (const char* name : {".agents", ".env"}) {
    launch.links.push_back({fmt::format("{}/{}", target.folder, name),
                            fmt::format("{}/{}", home, name)});
  }
  launch.environment = {{"GEMINI_CLI_HOME", target.folder},
                        {"GOOGLE_GEMINI_BASE_URL", target.url},
                        {"GEMINI_API_KEY", target.secret}};
  launch.unset = {"GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI",
                  "GOOGLE_GENAI_USE_GCA"};
  TRY(TrustGate(target, "NODE_EXTRA_CA_CERTS", "", &launch));
  launch.command = std::move(command);
  launch.words = "GEMINI_CLI_HOME, GOOGLE_GEMINI_BASE_URL, GEMINI_API_KEY";
  return launch;
}

}  // namespace cofferdam::cli
