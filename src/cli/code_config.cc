#include "cli/code_config.h"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "agent/sandbox/sandbox.h"
#include "agent/sandbox/writable_folders.h"
#include "base/file.h"
#include "base/toml.h"
#include "cli/gate_client.h"
#include "policy/commit_trailer.h"

namespace cofferdam::cli {
namespace {

std::string Beside(const std::string& path, std::string name) {
  if (name.empty() || name.front() == '/') return name;
  return path.substr(0, path.rfind('/') + 1) + name;
}

std::string Trimmed(std::string_view text) {
  size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  size_t end = text.find_last_not_of(" \t\r\n");
  return std::string(text.substr(begin, end - begin + 1));
}

void ReadKey(TomlTable* code, const std::string& path, CodeConfig* config) {
  auto key = code->Table("key");
  if (!key.has_value()) return;
  config->key_env = key->String("env").value_or("");
  config->key_file = Beside(path, key->String("file").value_or(""));
  if (config->key_env.empty() == config->key_file.empty()) {
    key->Complain("", "needs one of env and file");
  }
  key->Finish();
}

std::string HomeFolder() {
  const char* home = std::getenv("HOME");
  return home == nullptr ? "" : home;
}

// A path of the sandbox; empty: it was complained of.
std::string SandboxPath(TomlTable* code, std::string_view key,
                        const TomlText& text, const std::string& path) {
  if (text.text.empty()) {
    code->ComplainOf(text, key, "an empty path");
    return {};
  }
  if (text.text != "~" && !text.text.starts_with("~/")) {
    return Beside(path, text.text);
  }
  const std::string home = HomeFolder();
  if (!home.starts_with('/')) {
    code->ComplainOf(text, key, "$HOME is not set, which ~ stands for");
    return {};
  }
  return home + text.text.substr(1);
}

std::vector<TomlText> SandboxTexts(TomlTable* code, std::string_view key,
                                   size_t texts_max) {
  std::vector<TomlText> texts =
      code->Texts(key).value_or(std::vector<TomlText>());
  if (texts.size() > texts_max) {
    code->Complain(
        key, fmt::format("{} of them, at most {}", texts.size(), texts_max));
    texts.clear();
  }
  return texts;
}

// What commands may do besides; never what would undo the walls.
void ReadSandbox(TomlTable* code, const std::string& path, CodeConfig* config) {
  using Policy = agent::SandboxPolicy;
  for (const TomlText& text :
       SandboxTexts(code, "writable", Policy::kWritableMax)) {
    std::string folder = SandboxPath(code, "writable", text, path);
    if (folder.empty()) continue;
    const Status good = agent::CheckWritableFolder(folder, HomeFolder());
    if (!good.ok()) code->ComplainOf(text, "writable", good.error().message());
    config->writable.push_back(std::move(folder));
  }
  for (const TomlText& text :
       SandboxTexts(code, "hidden", Policy::kHiddenMax)) {
    std::string hidden = SandboxPath(code, "hidden", text, path);
    if (hidden.empty()) continue;
    if (hidden.find_first_not_of("/.") == std::string::npos) {
      code->ComplainOf(text, "hidden", "without / no command runs");
    }
    config->hidden.push_back(std::move(hidden));
  }
  if (auto sockets = code->OneOf("unix_sockets", {"on", "off"})) {
    config->unix_sockets = *sockets == "on";
  }
  for (const TomlText& text :
       SandboxTexts(code, "variables", Policy::kVariablesMax)) {
    const Status good = agent::CheckPassedVariable(text.text);
    if (!good.ok()) code->ComplainOf(text, "variables", good.error().message());
    config->variables.push_back(text.text);
  }
}

void ReadCode(TomlTable* code, const std::string& path, CodeConfig* config) {
  config->engine = code->String("engine").value_or("");
  if (auto api = code->OneOf("api", {"chat", "responses"})) {
    config->api = agent::ParseEngineApi(*api);
  }
  config->model = code->String("model").value_or("");
  ReadKey(code, path, config);
  config->ca_file = Beside(path, code->String("ca_file").value_or(""));
  if (auto mode = code->OneOf("mode", {"plan", "ask", "edit", "auto"})) {
    config->mode = agent::ParseMode(*mode);
  }
  if (auto network = code->OneOf("network", {"on", "off"})) {
    config->network = *network == "on";
  }
  ReadSandbox(code, path, config);
  config->models_file = Beside(path, code->String("models").value_or(""));
  if (auto allow = code->Strings("allow")) config->allow = *std::move(allow);
  config->purpose = code->String("purpose").value_or("");
  if (code->OneOf("keys", {"usual", "vim"}) == "vim") {
    config->keys = agent::PromptKeys::kVim;
  }
  if (auto trailer = code->String("commit_trailer")) {
    const std::string wrong = policy::WrongTrailer(*trailer);
    if (!wrong.empty()) code->Complain("commit_trailer", wrong);
    config->commit_trailer = *std::move(trailer);
  }
  code->Finish();
}

}  // namespace

Result<std::string> CodeConfigPath() {
  TRY_ASSIGN(std::string login, LoginPath());
  return login.substr(0, login.rfind('/')) + "/code.toml";
}

Result<CodeConfig> ParseCodeConfig(std::string_view text,
                                   const std::string& path) {
  CodeConfig config;
  TomlDocument document = TomlDocument::Parse(text);
  TomlTable root = document.root();
  if (auto code = root.Table("code")) ReadCode(&*code, path, &config);
  root.Finish();
  if (document.issues().empty()) return config;
  return Error(Code::kInvalid, FormatIssues(path, document.issues()));
}

Result<CodeConfig> ReadCodeConfig(const std::string& path) {
  auto text = ReadFile(path, kCodeConfigBytesMax);
  if (!text.ok()) {
    if (text.error().code() == Code::kNotFound) return CodeConfig();
    return std::move(text).error();
  }
  return ParseCodeConfig(*text, path);
}

Result<std::string> EngineKeyOf(const CodeConfig& config) {
  if (!config.key_env.empty()) {
    const char* value = std::getenv(config.key_env.c_str());
    if (value == nullptr || *value == '\0') {
      return Error(Code::kInvalid,
                   fmt::format("the engine's key is to be in ${}, which is not "
                               "set",
                               config.key_env));
    }
    return std::string(value);
  }
  if (config.key_file.empty()) return std::string();
  auto text = ReadFile(config.key_file, kCodeKeyBytesMax);
  if (!text.ok()) return std::move(text).error().Within("the engine's key");
  std::string key = Trimmed(*text);
  if (key.empty()) {
    return Error(Code::kInvalid,
                 fmt::format("the engine's key: {} is empty", config.key_file));
  }
  return key;
}

}  // namespace cofferdam::cli
