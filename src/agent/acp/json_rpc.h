#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/json.h"
#include "base/result.h"

// JSON-RPC 2.0 (jsonrpc.org/specification) as the Agent Client Protocol uses
// it: no batches, ids are strings, integers or null.
namespace cofferdam::agent {

// What went wrong with a request, in the words of the protocol.
struct RpcError {
  enum class Code {
    kParse = -32700,
    kInvalidRequest = -32600,
    kMethodNotFound = -32601,
    kInvalidParams = -32602,
    kInternal = -32603,
    kAuthRequired = -32000,
    kNotFound = -32002,
  };
  Code code = Code::kInternal;
  std::string message;  // one sentence
};
// The code that says what can be done about `error`, with its message.
RpcError RpcErrorOf(const Error& error);

struct RpcRequest {
  std::string id;  // as JSON
  std::string_view method;
  JsonValue params;
};
struct RpcNotification {
  std::string_view method;
  JsonValue params;
};
struct RpcResponse {
  std::string id;  // as JSON
  JsonValue result;
  JsonValue error;  // exactly one of both is present
};
// A message that asks for an answer but cannot be acted on.
struct RpcBadMessage {
  std::string id = "null";  // as JSON, where it has one
  RpcError error;
};
// Nothing to act on and nothing to answer: a response that is none.
struct RpcNothing {};

using RpcMessage = std::variant<RpcRequest, RpcNotification, RpcResponse,
                                RpcBadMessage, RpcNothing>;

// A line and what it says; views point into the document, which lasts as long
// as this.
struct RpcLine {
  std::optional<JsonDocument> document;
  RpcMessage message;
};
RpcLine ReadRpcLine(std::string_view line);

// Messages as lines, without their end. `result` and `params` are JSON.
std::string RpcResultLine(std::string_view id, std::string_view result);
std::string RpcErrorLine(std::string_view id, const RpcError& error);
std::string RpcRequestLine(std::string_view id, std::string_view method,
                           std::string_view params);
std::string RpcNotificationLine(std::string_view method,
                                std::string_view params);

}  // namespace cofferdam::agent
