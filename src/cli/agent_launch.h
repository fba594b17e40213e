#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace cofferdam::cli {

// How one coding agent is told to use the gate, without touching the user's
// own settings files.
struct AgentLaunch {
  std::string tool;  // the name in records: "claude-code"
  std::vector<std::string> command;
  std::vector<std::pair<std::string, std::string>> environment;
  std::vector<std::string> unset;
  // A file for the agent, to be written with mode 0600 before the start and
  // removed after the end; its path stands in `command` already.
  std::string file_path;
  std::string file_text;
  // What was set, for the one line that `run` prints.
  std::string words;
};

// "claude-code", "codex": by the program's name (a path is fine). kInvalid
// with the known agents for any other.
Result<std::string> ToolOfAgent(const std::string& program);

// Where the gate is, and the session key.
struct LaunchTarget {
  std::string url;
  std::string secret;
  std::string file_path;  // where a file for the agent may be written
};

// `command` as the user typed it, changed so that the agent speaks to the
// gate. kInvalid when the user's own --settings cannot be read.
Result<AgentLaunch> PrepareLaunch(const std::vector<std::string>& command,
                                  const LaunchTarget& target);

}  // namespace cofferdam::cli
