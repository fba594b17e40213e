#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/sandbox/sandbox.h"
#include "agent/tool.h"
#include "agent/tools/output_cap.h"
#include "base/result.h"

namespace cofferdam::agent {

struct BashLimits {
  int64_t timeout_s_default = 120;
  int64_t timeout_s_max = 3600;
  // What a command may write before it is killed, and what of it is shown to
  // whoever watches as it comes.
  uint64_t output_bytes_max = uint64_t{256} << 20;
  uint64_t streamed_bytes_max = uint64_t{1} << 20;
  // How long a look at a job waits for something new.
  int64_t job_wait_ms = 2000;
};

struct BashToolOptions {
  // The walls, asked for when the first command comes; the sandbox outlives
  // the tool. An error is what the model gets.
  std::function<Result<Sandbox*>()> sandbox;
  // On top of the clean environment, asked for each command; empty: nothing.
  std::function<std::vector<std::pair<std::string, std::string>>()> variables;
  // Where long outputs are kept; null: they are cut and not kept.
  OutputFolder* outputs = nullptr;
  OutputLimits shown;
  BashLimits limits;
};

// The shell: runs a command in the sandbox, in the foreground or as a job, and
// reads or ends jobs. Every command begins in the workspace; what lasts from
// one to the next are files and the loopback network. Its end ends what it
// started, but for jobs, which end with the tool. Exit code and time stand
// last in what the model gets.
std::unique_ptr<Tool> MakeBashTool(BashToolOptions options);

// What a command may write of a repository: its history when it is made of git
// commands that write there, and of some that only read; see
// docs/decisions/code-sandbox.md.
GitAccess GitAccessOf(std::string_view command);

}  // namespace cofferdam::agent
