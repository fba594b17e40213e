#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cli/agent_launch.h"

// One per agent, behind PrepareLaunch, and what they share.

namespace cofferdam::cli {

// What a settings file of an agent may weigh.
inline constexpr size_t kAgentSettingsBytesMax = 4 << 20;

Result<AgentLaunch> LaunchClaude(std::vector<std::string> command,
                                 const LaunchTarget& target);
Result<AgentLaunch> LaunchCodex(std::vector<std::string> command,
                                const LaunchTarget& target);
Result<AgentLaunch> LaunchGemini(std::vector<std::string> command,
                                 const LaunchTarget& target);
Result<AgentLaunch> LaunchOpencode(std::vector<std::string> command,
                                   const LaunchTarget& target);

// The settings in `text`, which may be empty (no settings) and may hold
// // and /* comments, as agents allow. kInvalid when they are no object.
Result<JsonDocument> ParseSettings(std::string_view text);

// `under` with `over` laid on it: members of objects one by one, down to any
// depth; of anything else `over` wins. Canonical form, `under`'s order first.
std::string MergedJson(const JsonValue& under, const JsonValue& over);

// Makes the agent trust `target.ca_file` too, through the variable `name`,
// which holds one file: what it names already, or else `fallback` (may be
// empty) does, is copied into a file of this launch.
Status TrustGate(const LaunchTarget& target, const char* name,
                 const char* fallback, AgentLaunch* launch);

}  // namespace cofferdam::cli
