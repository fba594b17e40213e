#include "cli/code_shell.h"

#include <utility>

#include "agent/tools/bash_tool.h"
#include "base/json.h"

namespace cofferdam::cli {

CodeShell::CodeShell(agent::SandboxPolicy policy) : policy_(std::move(policy)) {
  agent::BashToolOptions options;
  options.sandbox = [this]() -> Result<agent::Sandbox*> {
    if (sandbox_ == nullptr) {
      TRY_ASSIGN(sandbox_, agent::Sandbox::Prepare(policy_));
    }
    return sandbox_.get();
  };
  tool_ = agent::MakeBashTool(std::move(options));
}

agent::ToolOutcome CodeShell::Run(const std::string& command,
                                  agent::ToolListener& listener,
                                  std::stop_token stop) {
  JsonWriter arguments;
  arguments.BeginObject().Field("command", command).EndObject();
  const Result<JsonDocument> document = JsonDocument::Parse(arguments.text());
  if (!document.ok()) {
    return {.text = document.error().message(), .failed = true};
  }
  return tool_->Run(document->root(), listener, stop);
}

}  // namespace cofferdam::cli
