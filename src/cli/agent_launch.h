#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace cofferdam::cli {

// How one coding agent is told to use the gate, without touching the user's
// own settings files.
struct AgentLaunch {
  struct File {
    std::string path;
    std::string text;
  };
  // A folder of the agent's own that it sees at another path, with a `File` in
  // place of its settings.
  struct Mirror {
    std::string of;
    std::string at;
  };
  struct Link {
    std::string path;
    std::string target;
  };

  std::string tool;  // the name in records: "claude-code"
  std::vector<std::string> command;
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<std::string> unset;
  // What AgentPlace makes before the start and takes away after the end.
  std::vector<File> files;
  std::vector<Link> links;
  std::optional<Mirror> mirror;
  // What was set, for the one line that `run` prints.
  std::string words;
};

// "claude-code", "codex", "gemini-cli", "opencode": by the program's name (a
// path is fine). kInvalid with the known agents for any other.
Result<std::string> ToolOfAgent(const std::string& program);

// Where the gate is, the session key, and what an agent finds around it.
struct LaunchTarget {
  std::string url;
  std::string secret;
  // Certificates (PEM) that the gate's own is to be checked against, beside
  // those that the agent trusts anyway. Empty: none.
  std::string ca_file;
  // A folder of this launch alone, not made yet.
  std::string folder;
  // Where the agent starts.
  std::string work_folder;
  // The value of an environment variable, empty when it is not set.
  std::function<std::string(const char* name)> variable;
};

// `command` as the user typed it, changed so that the agent speaks to the gate
// whatever the user's settings say. Reads those settings; writes nothing.
// kInvalid when they cannot be read, or lead around the gate in a way that
// only their owner can change.
Result<AgentLaunch> PrepareLaunch(const std::vector<std::string>& command,
                                  const LaunchTarget& target);

}  // namespace cofferdam::cli
