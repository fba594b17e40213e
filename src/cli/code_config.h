#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/engine/http_engine.h"
#include "agent/observer.h"
#include "agent/terminal/terminal.h"
#include "base/result.h"

namespace cofferdam::cli {

// [code] of $XDG_CONFIG_HOME/cofferdam/code.toml (docs/CODE.md).
struct CodeConfig {
  std::string engine;  // a URL; empty: the gate of `cofferdam login`
  std::optional<agent::EngineApi> api;
  std::string model;
  // Where the engine's key is; both empty: it takes none.
  std::string key_env;
  std::string key_file;
  std::string ca_file;
  std::optional<agent::Mode> mode;
  std::optional<bool> network;
  // Of the sandbox: further folders that commands may write, paths that no tool
  // may read, whether sockets with names may be made, names of variables of
  // ours that commands get. Paths are absolute.
  std::vector<std::string> writable;
  std::vector<std::string> hidden;
  std::optional<bool> unix_sockets;
  std::vector<std::string> variables;
  std::string models_file;
  std::vector<std::string> allow;
  std::string purpose;
  agent::PromptKeys keys = agent::PromptKeys::kUsual;
  // What commits of its sessions carry where the policy asks for nothing
  // (policy/commit_trailer.h); empty: nothing.
  std::string commit_trailer;
};

inline constexpr size_t kCodeConfigBytesMax = size_t{256} << 10;
inline constexpr size_t kCodeKeyBytesMax = size_t{16} << 10;

// "$XDG_CONFIG_HOME/cofferdam/code.toml", else "$HOME/.config/…".
Result<std::string> CodeConfigPath();
// What the file says; the defaults where there is none. kInvalid with every
// issue, its line and column. Paths in it are relative to its folder; those of
// the sandbox may begin with "~/".
Result<CodeConfig> ReadCodeConfig(const std::string& path);
Result<CodeConfig> ParseCodeConfig(std::string_view text,
                                   const std::string& path);
// The key that it names; empty: none. Errors name the variable or the file,
// never what is in them.
Result<std::string> EngineKeyOf(const CodeConfig& config);

}  // namespace cofferdam::cli
