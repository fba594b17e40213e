#include "cli/agent_launch.h"

#include <fmt/format.h>

#include <string_view>

#include "cli/agent_launchers.h"

namespace cofferdam::cli {
namespace {

struct Agent {
  std::string_view program;
  std::string_view tool;
  Result<AgentLaunch> (*launch)(std::vector<std::string>, const LaunchTarget&);
};

constexpr Agent kAgents[] = {
    {"claude", "claude-code", LaunchClaude},
    {"codex", "codex", LaunchCodex},
    {"gemini", "gemini-cli", LaunchGemini},
    {"opencode", "opencode", LaunchOpencode},
};

Result<const Agent*> FindAgent(std::string_view program) {
  std::string_view name = program.substr(program.rfind('/') + 1);
  for (const Agent& agent : kAgents) {
    if (agent.program == name) return &agent;
  }
  return Error(Code::kInvalid,
               fmt::format("run: does not know how to start \"{}\" through the "
                           "gate; it knows claude, codex, gemini and opencode",
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
