#include "wire/refusal.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/json.h"

namespace cofferdam::wire {
namespace {

struct Words {
  std::string_view what;  // before the reference
  std::string_view next;  // what to do
};

Words WordsOf(Code code) {
  switch (code) {
    case Code::kInvalid:
      return {"Cofferdam refused this request",
              "Correct the request and send it again."};
    case Code::kNotFound:
      return {"Cofferdam refused this request",
              "Check the address and the name of the model."};
    case Code::kUnauthenticated:
      return {"Cofferdam refused this request",
              "Run `cofferdam login` with a valid key, or ask an "
              "administrator of Cofferdam for one."};
    case Code::kDenied:
      return {"Cofferdam refused this request",
              "Ask an administrator of Cofferdam for access."};
    case Code::kTooLarge:
      return {"Cofferdam refused this request",
              "Send less at once: compact the conversation or start a new "
              "session."};
    case Code::kConflict:
    case Code::kExhausted:
    case Code::kUnavailable:
    case Code::kDeadline:
    case Code::kCancelled:
      return {"Cofferdam could not answer this request",
              "Try again in a moment; if it fails again, give an "
              "administrator of Cofferdam the reference."};
    case Code::kCorrupt:
    case Code::kInternal:
      return {"Cofferdam could not answer this request",
              "Give an administrator of Cofferdam the reference; trying "
              "again will not help."};
  }
  return {};
}

std::string Message(const Error& error, std::string_view request_id,
                    const std::optional<std::string>& next = {}) {
  Words words = WordsOf(error.code());
  std::string_view said = error.message();
  while (said.ends_with('.') || said.ends_with(' ')) said.remove_suffix(1);
  std::string message =
      fmt::format("{} (reference {}): {}.", words.what, request_id, said);
  const std::string_view then = next ? std::string_view(*next) : words.next;
  if (!then.empty()) message.append(" ").append(then);
  return message;
}

// Text with what is no UTF-8 replaced, as JSON strings have it.
std::string Utf8(std::string_view text) {
  std::string quoted;
  AppendJsonString(text, &quoted);
  Result<JsonDocument> json = JsonDocument::Parse("[" + quoted + "]");
  CHECK(json.ok());
  return std::string(json->root().At(0).StringOrEmpty());
}

std::string_view AnthropicType(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 402:
      return "billing_error";
    case 403:
    case 451:
      return "permission_error";
    case 404:
      return "not_found_error";
    case 413:
      return "request_too_large";
    case 429:
      return "rate_limit_error";
    case 504:
      return "timeout_error";
    case 529:
      return "overloaded_error";
    default:
      return status < 500 ? "invalid_request_error" : "api_error";
  }
}

struct OpenAiNames {
  std::string_view type;
  std::string_view code;
};

OpenAiNames OpenAiNamesOf(int status) {
  switch (status) {
    case 401:
      return {"invalid_request_error", "invalid_api_key"};
    case 403:
      return {"permission_denied", "policy_refused"};
    case 404:
      return {"invalid_request_error", "not_found"};
    case 413:
      return {"invalid_request_error", "request_too_large"};
    case 429:
      return {"rate_limit_error", "rate_limit_exceeded"};
    case 503:
      return {"server_error", "service_unavailable"};
    case 504:
      return {"server_error", "timeout"};
    default:
      if (status < 500) return {"invalid_request_error", "invalid_request"};
      return {"server_error", "server_error"};
  }
}

std::string_view GeminiStatus(int status) {
  switch (status) {
    case 401:
      return "UNAUTHENTICATED";
    case 403:
      return "PERMISSION_DENIED";
    case 404:
      return "NOT_FOUND";
    case 429:
      return "RESOURCE_EXHAUSTED";
    case 503:
      return "UNAVAILABLE";
    case 504:
      return "DEADLINE_EXCEEDED";
    default:
      return status < 500 ? "INVALID_ARGUMENT" : "INTERNAL";
  }
}

std::string AnthropicBody(std::string_view message, std::string_view request_id,
                          int status) {
  JsonWriter json;
  json.BeginObject().Field("type", "error").Key("error").BeginObject();
  json.Field("type", AnthropicType(status)).Field("message", message);
  json.EndObject().Field("request_id", request_id).EndObject();
  return std::move(json).Take();
}

std::string OpenAiBody(std::string_view message, int status) {
  OpenAiNames names = OpenAiNamesOf(status);
  JsonWriter json;
  json.BeginObject().Key("error").BeginObject();
  json.Field("message", message).Field("type", names.type);
  json.Key("param").Null().Field("code", names.code);
  json.EndObject().EndObject();
  return std::move(json).Take();
}

enum class Form { kJson, kPlainText };

std::string GeminiBody(std::string_view message, int status) {
  JsonWriter json;
  json.BeginObject().Key("error").BeginObject();
  json.Field("code", status).Field("message", message);
  json.Field("status", GeminiStatus(status));
  return std::move(json.EndObject().EndObject()).Take();
}

// How an agent is told what cannot pass later, by the honest status; the first
// row that matches decides. Without one the status stands. Measured with the
// agents themselves, headless and on their screens: with another status they
// hide the message, or try again for up to four minutes.
struct ShapeRow {
  Agent agent;
  int status_min;
  int status_max;
  int shown;
  Form form;
};

constexpr ShapeRow kLastingShapes[] = {
    {Agent::kClaudeCode, 401, 401, 401, Form::kJson},
    {Agent::kClaudeCode, 429, 429, 429, Form::kJson},
    {Agent::kClaudeCode, 400, 499, 451, Form::kJson},
    {Agent::kCodex, 400, 599, 400, Form::kPlainText},
    {Agent::kGeminiCli, 400, 599, 403, Form::kJson},
    {Agent::kOpencode, 400, 599, 403, Form::kJson},
};

// A tool's name is a claim: a shape holds only where the agent would stand.
bool Speaks(Agent agent, Protocol protocol) {
  switch (agent) {
    case Agent::kClaudeCode:
      return protocol == Protocol::kAnthropicMessages;
    case Agent::kCodex:
      return protocol == Protocol::kOpenAiResponses;
    case Agent::kGeminiCli:
      return protocol == Protocol::kGemini;
    case Agent::kOpencode:
    case Agent::kOther:
      return true;
  }
  return false;
}

// How long agents are told to wait when nobody knows better: without it Codex
// gives up at a 429, and hides its message.
constexpr int64_t kRetryAfterS = 2;

// Gemini CLI passes `retry-after` over: at a 429 it tries again within seconds,
// headless ten times, in its terminal without saying why. Beyond this it is
// told at once, as what lasts.
constexpr int64_t kGeminiWaitMaxS = 10;

bool ToldAtOnce(const RefusalFor& reader, Code code) {
  return !MayPassLater(code) ||
         (reader.agent == Agent::kGeminiCli &&
          reader.retry_after_s.value_or(0) > kGeminiWaitMaxS);
}

struct Shape {
  int status = 0;
  Form form = Form::kJson;
};

Shape LastingShape(const RefusalFor& reader, int status) {
  for (const ShapeRow& row : kLastingShapes) {
    if (row.agent == reader.agent && status >= row.status_min &&
        status <= row.status_max && Speaks(reader.agent, reader.protocol)) {
      return {row.shown, row.form};
    }
  }
  return {status, Form::kJson};
}

std::string JsonBody(Protocol protocol, const Shape& shape,
                     std::string_view message, std::string_view request_id) {
  switch (protocol) {
    case Protocol::kAnthropicMessages:
      return AnthropicBody(message, request_id, shape.status);
    case Protocol::kOpenAiResponses:
    case Protocol::kOpenAiChat:
      return OpenAiBody(message, shape.status);
    case Protocol::kGemini:
      return GeminiBody(message, shape.status);
  }
  CHECK(false);
}

std::string_view RequestIdHeader(Protocol protocol) {
  switch (protocol) {
    case Protocol::kAnthropicMessages:
      return "request-id";
    case Protocol::kOpenAiResponses:
    case Protocol::kOpenAiChat:
      return "x-request-id";
    case Protocol::kGemini:
      return "";
  }
  CHECK(false);
}

// Codex shows the message of "invalid_prompt" at once and complete; any other
// code makes it try again.
std::string ResponseFailed(std::string_view message, Code code,
                           std::string_view request_id) {
  JsonWriter json;
  json.BeginObject().Field("type", "response.failed").Key("response");
  json.BeginObject().Field("id", request_id).Field("object", "response");
  json.Field("status", "failed").Key("error").BeginObject();
  json.Field("code", MayPassLater(code) ? "server_error" : "invalid_prompt");
  json.Field("message", message).EndObject().EndObject().EndObject();
  return std::move(json).Take();
}

}  // namespace

bool MayPassLater(Code code) {
  switch (code) {
    case Code::kConflict:
    case Code::kExhausted:
    case Code::kUnavailable:
    case Code::kDeadline:
    case Code::kCancelled:
      return true;
    case Code::kInvalid:
    case Code::kNotFound:
    case Code::kUnauthenticated:
    case Code::kDenied:
    case Code::kTooLarge:
    case Code::kCorrupt:
    case Code::kInternal:
      return false;
  }
  return false;
}

Agent AgentOf(std::string_view tool) {
  constexpr std::pair<std::string_view, Agent> kAgents[] = {
      {"claude-code", Agent::kClaudeCode},
      {"codex", Agent::kCodex},
      {"gemini-cli", Agent::kGeminiCli},
      {"opencode", Agent::kOpencode},
  };
  for (const auto& [name, agent] : kAgents) {
    if (tool == name) return agent;
  }
  return Agent::kOther;
}

Refusal MakeRefusal(const RefusalFor& reader, const Error& error,
                    std::string_view request_id) {
  return MakeRefusal(reader, error, request_id, HttpStatus(error.code()));
}

Refusal MakeRefusal(const RefusalFor& reader, const Error& error,
                    std::string_view request_id, int status) {
  const bool lasts = ToldAtOnce(reader, error.code());
  const Shape shape =
      lasts ? LastingShape(reader, status) : Shape{status, Form::kJson};
  const std::string message = Message(error, request_id, reader.next);
  Refusal refusal;
  refusal.status = shape.status;
  if (shape.form == Form::kPlainText) {
    refusal.content_type = "text/plain; charset=utf-8";
    refusal.body = Utf8(message);
  } else {
    refusal.content_type = "application/json";
    refusal.body = JsonBody(reader.protocol, shape, message, request_id);
  }
  const std::string_view id_header = RequestIdHeader(reader.protocol);
  if (!id_header.empty()) refusal.headers.emplace_back(id_header, request_id);
  if (lasts) {
    refusal.headers.emplace_back("x-should-retry", "false");
  } else if (reader.agent != Agent::kGeminiCli &&
             (reader.retry_after_s || status == 429)) {
    // Gemini CLI passes it over.
    refusal.headers.emplace_back(
        "retry-after", std::to_string(std::max<int64_t>(
                           1, reader.retry_after_s.value_or(kRetryAfterS))));
  }
  return refusal;
}

std::string ErrorEvent(Protocol protocol, const Error& error,
                       std::string_view request_id, StreamState state,
                       const std::optional<std::string>& next) {
  std::string message = Message(error, request_id, next);
  std::string_view before = state == StreamState::kMidEvent ? "\n\n" : "";
  switch (protocol) {
    case Protocol::kAnthropicMessages:
      return fmt::format(
          "{}event: error\ndata: {}\n\n", before,
          AnthropicBody(message, request_id, HttpStatus(error.code())));
    case Protocol::kOpenAiResponses:
      return fmt::format("{}event: response.failed\ndata: {}\n\n", before,
                         ResponseFailed(message, error.code(), request_id));
    case Protocol::kOpenAiChat:
      return fmt::format("{}data: {}\n\n", before,
                         OpenAiBody(message, HttpStatus(error.code())));
    case Protocol::kGemini:
      return fmt::format("{}data: {}\n\n", before,
                         GeminiBody(message, HttpStatus(error.code())));
  }
  return {};
}

}  // namespace cofferdam::wire
