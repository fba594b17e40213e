#include "agent/acp/json_rpc.h"

#include <optional>
#include <utility>

namespace cofferdam::agent {
namespace {

using ErrorCode = RpcError::Code;

// The id as JSON; none if it is of a kind that the protocol has not.
std::optional<std::string> IdOf(const JsonValue& id) {
  const bool known = id.type() == JsonValue::Type::kNull || id.is_string() ||
                     id.Int().has_value();
  if (!known) return std::nullopt;
  return std::move(JsonWriter().Value(id)).Take();
}

RpcBadMessage Bad(ErrorCode code, std::string message) {
  return {"null", {code, std::move(message)}};
}

// A text that is no object or array: a scalar, or no JSON at all.
RpcBadMessage Unreadable(std::string_view line, const Error& error) {
  const auto wrapped = JsonDocument::Parse("[" + std::string(line) + "]");
  if (wrapped.ok() && wrapped->root().Elements().size() == 1)
    return Bad(ErrorCode::kInvalidRequest, "a message is an object");
  return Bad(ErrorCode::kParse, error.message());
}

RpcMessage ReadResponse(const JsonValue& root) {
  const auto id = IdOf(root["id"]);
  RpcResponse response{id.value_or(""), root["result"], root["error"]};
  if (!id || response.result.present() == response.error.present())
    return RpcNothing{};
  return response;
}

RpcMessage ReadMessage(const JsonValue& root) {
  if (root.is_array()) {
    return Bad(ErrorCode::kInvalidRequest,
               "batches of messages are not part of the protocol");
  }
  const JsonValue method = root["method"];
  const JsonValue id = root["id"];
  const bool answers =
      id.present() || root["result"].present() || root["error"].present();
  if (!method.present() && answers) return ReadResponse(root);
  if (!id.present() && method.is_string() &&
      root["jsonrpc"].StringOrEmpty() == "2.0") {
    return RpcNotification{*method.String(), root["params"]};
  }
  const auto id_json = id.present() ? IdOf(id) : "null";
  RpcBadMessage bad = Bad(ErrorCode::kInvalidRequest, "");
  if (!id_json) {
    bad.error.message = "\"id\" is a string, an integer or null";
    return bad;
  }
  bad.id = *id_json;
  if (root["jsonrpc"].StringOrEmpty() != "2.0") {
    bad.error.message = "\"jsonrpc\" is not \"2.0\"";
    return bad;
  }
  if (!method.is_string()) {
    bad.error.message = "\"method\" is not a string";
    return bad;
  }
  return RpcRequest{*id_json, *method.String(), root["params"]};
}

}  // namespace

RpcError RpcErrorOf(const Error& error) {
  switch (error.code()) {
    case Code::kInvalid:
    case Code::kTooLarge:
      return {ErrorCode::kInvalidParams, error.message()};
    case Code::kNotFound:
      return {ErrorCode::kNotFound, error.message()};
    case Code::kUnauthenticated:
      return {ErrorCode::kAuthRequired, error.message()};
    default:
      return {ErrorCode::kInternal, error.message()};
  }
}

RpcLine ReadRpcLine(std::string_view line) {
  auto document = JsonDocument::Parse(line);
  if (!document.ok()) return {std::nullopt, Unreadable(line, document.error())};
  RpcLine read{*std::move(document), RpcNothing{}};
  read.message = ReadMessage(read.document->root());
  return read;
}

std::string RpcResultLine(std::string_view id, std::string_view result) {
  JsonWriter json;
  json.BeginObject().Field("jsonrpc", "2.0").Key("id").Raw(id);
  json.Key("result").Raw(result).EndObject();
  return std::move(json).Take();
}

std::string RpcErrorLine(std::string_view id, const RpcError& error) {
  JsonWriter json;
  json.BeginObject().Field("jsonrpc", "2.0").Key("id").Raw(id);
  json.Key("error").BeginObject();
  json.Field("code", static_cast<int>(error.code));
  json.Field("message", error.message).EndObject().EndObject();
  return std::move(json).Take();
}

std::string RpcRequestLine(std::string_view id, std::string_view method,
                           std::string_view params) {
  JsonWriter json;
  json.BeginObject().Field("jsonrpc", "2.0").Key("id").Raw(id);
  json.Field("method", method).Key("params").Raw(params).EndObject();
  return std::move(json).Take();
}

std::string RpcNotificationLine(std::string_view method,
                                std::string_view params) {
  JsonWriter json;
  json.BeginObject().Field("jsonrpc", "2.0").Field("method", method);
  json.Key("params").Raw(params).EndObject();
  return std::move(json).Take();
}

}  // namespace cofferdam::agent
