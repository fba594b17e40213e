#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/sandbox/sandbox.h"
#include "agent/tool.h"
#include "agent/tools/output_cap.h"
#include "agent/tools/workspace.h"
#include "agent/turn/conversation_parts.h"
#include "base/result.h"

namespace cofferdam::agent {

struct ToolGroundOptions {
  std::string workspace;       // canonical
  std::string outputs_folder;  // of this session
  std::shared_ptr<std::atomic<Mode>> mode;
  // The walls around commands; their workspace is this one. What they hide is
  // hidden from all tools.
  SandboxPolicy sandbox;
  // On top of what commands get as their environment; asked for each.
  std::function<std::vector<std::pair<std::string, std::string>>()> variables;
};

// What the tools of one conversation work on: the files of its workspace, the
// folder of long outputs, the walls around commands. The walls are put up with
// the first command.
class ToolGround {
 public:
  static Result<std::shared_ptr<ToolGround>> Make(ToolGroundOptions options);
  ~ToolGround();
  ToolGround(const ToolGround&) = delete;
  ToolGround& operator=(const ToolGround&) = delete;

  // Once. The ground must outlive them.
  std::vector<std::unique_ptr<Tool>> MakeToolsOnIt();
  // What the sandbox can and cannot do here.
  std::vector<std::string> SandboxNotes();

 private:
  explicit ToolGround(ToolGroundOptions options)
      : options_(std::move(options)), outputs_(options_.outputs_folder) {}

  Result<Sandbox*> Walls();

  ToolGroundOptions options_;
  OutputFolder outputs_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<Sandbox> sandbox_;
};

}  // namespace cofferdam::agent
