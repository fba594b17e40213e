#include "agent/turn/tool_ground.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "agent/sandbox/protected_names.h"
#include "agent/tools/bash_tool.h"
#include "agent/tools/tool_set.h"
#include "base/file.h"

namespace cofferdam::agent {

Result<std::shared_ptr<ToolGround>> ToolGround::Make(
    ToolGroundOptions options) {
  TRY(MakeFolder(options.outputs_folder, 0700));
  WorkspaceOptions files;
  files.root = options.workspace;
  files.hidden = options.sandbox.hidden;
  if (const char* home = getenv("HOME"); home != nullptr && home[0] == '/') {
    for (std::string& path : SecretPaths(home)) {
      files.hidden.push_back(std::move(path));
    }
  }
  files.extra.push_back({options.outputs_folder, FolderAccess::kRead});
  std::shared_ptr<ToolGround> ground(new ToolGround(std::move(options)));
  TRY_ASSIGN(ground->workspace_, Workspace::Open(std::move(files)));
  return ground;
}

ToolGround::~ToolGround() {
  // Most sessions have no long output; the folder goes if it is empty.
  rmdir(options_.outputs_folder.c_str());
}

Result<Sandbox*> ToolGround::Walls() {
  if (sandbox_ == nullptr) {
    SandboxPolicy policy = options_.sandbox;
    policy.workspace = options_.workspace;
    TRY_ASSIGN(sandbox_, Sandbox::Prepare(std::move(policy)));
  }
  return sandbox_.get();
}

std::vector<std::unique_ptr<Tool>> ToolGround::MakeToolsOnIt() {
  BashToolOptions bash;
  bash.sandbox = [this] { return Walls(); };
  bash.outputs = &outputs_;
  bash.variables = options_.variables;
  ToolSetOptions tools;
  tools.workspace = workspace_.get();
  tools.outputs = &outputs_;
  tools.mode = [mode = options_.mode] { return mode->load(); };
  tools.bash = MakeBashTool(std::move(bash));
  return MakeTools(std::move(tools));
}

std::vector<std::string> ToolGround::SandboxNotes() {
  auto walls = Walls();
  if (!walls.ok()) return {walls.error().message()};
  std::vector<std::string> notes = (*walls)->notes();
  notes.insert(
      notes.begin(),
      "commands run in: " +
          std::string(ConfinementName((*walls)->confinement())) +
          (options_.sandbox.network == Network::kOn ? ", network on"
                                                    : ", network off"));
  return notes;
}

}  // namespace cofferdam::agent
