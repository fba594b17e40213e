#pragma once

#include "agent/acp/acp.h"
#include "agent/conversation.h"
#include "base/result.h"

namespace cofferdam::cli {

// Serves the Agent Client Protocol on this process's stdin and stdout until the
// client goes or SIGINT, SIGTERM or SIGHUP says so (agent::RunAcp). While it
// runs, and after it, nothing else reads or writes them: stdin is empty, and
// what is written to stdout goes to stderr. Once in a process.
Status ServeAcp(agent::AcpOptions options, agent::Conversations& conversations);

}  // namespace cofferdam::cli
