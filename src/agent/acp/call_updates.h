#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "agent/acp/updates.h"
#include "agent/message.h"
#include "agent/observer.h"
#include "agent/tool.h"
#include "base/json.h"

// What a client is told of tool calls: the `update` of a session/update of
// version 1, as JSON, and the question whether a call may run.
namespace cofferdam::agent {

// A tool call that is to run. `workspace` is where a command would run.
struct CallShowing {
  size_t diff_bytes_max = 0;
  bool terminal = false;  // its output goes to a terminal of the client
  std::string workspace;
};
// Whether a call's output would be shown as a terminal's.
bool ShowsTerminal(const ShownCall& call, const AcpClient& client);
std::string CallUpdate(const ShownCall& call, const CallShowing& showing);
std::string CallRunningUpdate(const std::string& id);
// The whole output so far, or its end.
std::string CallOutputUpdate(const std::string& id, std::string_view output);
// Output that follows what a terminal of the client has shown.
std::string TerminalOutputUpdate(const std::string& id,
                                 std::string_view output);
std::string CallEndUpdate(const std::string& id, const ToolOutcome& outcome,
                          const CallShowing& showing);
// A call of a session that was loaded: what the history knows of it.
std::string ReplayedCallUpdate(const ToolCall& call, const Message* result,
                               const CallShowing& showing);

// The params of session/request_permission.
std::string PermissionParams(const std::string& session_id,
                             const ShownCall& call, size_t diff_bytes_max);
// What its result decides; what is none of our options rejects once.
Permission PermissionOf(const JsonValue& result);

// `text` in a code fence that nothing in it can close.
std::string Fenced(std::string_view text);

}  // namespace cofferdam::agent
