#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "agent/acp/acp.h"
#include "agent/acp/client_calls.h"
#include "agent/acp/json_rpc.h"
#include "agent/acp/outbox.h"
#include "agent/conversation.h"
#include "base/json.h"

namespace cofferdam::agent {

// What all parts of one connection use, whatever version it speaks.
struct AcpConnection {
  const AcpOptions& options;
  Conversations& conversations;
  // Held while `conversations` is used.
  std::mutex conversations_mutex;
  Outbox& outbox;
  ClientCalls& calls;
};

// One version of the protocol, chosen by the client's initialize: everything
// that follows is its own. Called on the thread that reads.
class AcpVersion {
 public:
  virtual ~AcpVersion() = default;
  // The result of initialize, as JSON.
  virtual std::string InitializeResult() const = 0;
  // Answers through the outbox, now or later, once.
  virtual void OnRequest(const RpcRequest& request) = 0;
  virtual void OnNotification(const RpcNotification& notification) = 0;
  // Ends every turn and returns when nothing runs any more.
  virtual void Stop() = 0;
};

// The version to speak with a client that asked for `wanted`: that one where
// it is known, else the newest. `params` are those of initialize.
std::unique_ptr<AcpVersion> MakeAcpVersion(int64_t wanted,
                                           const JsonValue& params,
                                           AcpConnection& connection);

}  // namespace cofferdam::agent
