#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "agent/engine/profiles.h"
#include "agent/observer.h"
#include "agent/tool.h"
#include "agent/tools/output_cap.h"
#include "agent/tools/tool_limits.h"
#include "agent/tools/workspace.h"

namespace cofferdam::agent {

// What tools work on. All of it outlives them.
struct ToolSetOptions {
  Workspace* workspace = nullptr;
  // Where long outputs are kept; null: they are cut and not kept. The
  // workspace has the folder among its extra ones, readable.
  OutputFolder* outputs = nullptr;
  // Asked at each call; in plan mode tools that change anything refuse.
  std::function<Mode()> mode;
  // The shell; null: there is none.
  std::unique_ptr<Tool> bash;
  ToolLimits limits;
};

// The tools of a conversation, always in this order: read, list, glob, grep,
// edit, write, patch, bash, todo, plan. Nothing is read or walked here.
std::vector<std::unique_ptr<Tool>> MakeTools(ToolSetOptions options);

// Whether a model that edits in this format is offered the tool of that name:
// edit, write and patch are for some, all others for all. Which tools are
// offered changes with the profile alone.
bool IsOffered(EditFormat format, std::string_view tool);

}  // namespace cofferdam::agent
