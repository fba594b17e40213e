#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "agent/tools/built_in_tool_internal.h"

namespace cofferdam::agent {

// How a walk ended.
struct WalkEnd {
  int64_t files = 0;
  // Why not all were seen; empty: all were.
  std::string cut;
};

// Calls `take` with each file below `path` (or with it itself) that git does
// not ignore, in the order of their names, until it says false, the limits are
// reached, or `stop`. `shown`: as the workspace shows it; `below`: relative to
// `path`. kNotFound, kDenied.
using TakeFile =
    std::function<bool(const std::string& shown, const std::string& below)>;
Result<WalkEnd> WalkFiles(const Workspace& workspace, const ToolLimits& limits,
                          std::string_view path, std::stop_token stop,
                          const TakeFile& take);

// The path argument of a tool that searches: a folder or a file; the workspace
// when it is not given.
std::string_view SearchPath(const JsonValue& arguments);
// The intent of such a tool.
Result<Intent> PlanSearch(const Workspace& workspace,
                          const JsonValue& arguments, std::string title);

}  // namespace cofferdam::agent
