#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "agent/sandbox/sandbox.h"
#include "agent/tool.h"

namespace cofferdam::cli {

// The shell of a person in `cofferdam code`: `!command` runs behind the same
// walls as the commands of a model. They are put up when the first one comes.
class CodeShell {
 public:
  explicit CodeShell(agent::SandboxPolicy policy);

  // As the bash tool has it. For one thread.
  agent::ToolOutcome Run(const std::string& command,
                         agent::ToolListener& listener, std::stop_token stop);

 private:
  const agent::SandboxPolicy policy_;
  // Before the tool, which uses it.
  std::unique_ptr<agent::Sandbox> sandbox_;
  std::unique_ptr<agent::Tool> tool_;
};

}  // namespace cofferdam::cli
