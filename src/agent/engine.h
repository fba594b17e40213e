#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "agent/message.h"
#include "wire/types.h"

namespace cofferdam::agent {

// What a model is told of a tool. The schema is a JSON object (JSON Schema,
// type object), byte for byte the same in every request of a conversation.
struct ToolSpec {
  std::string name;
  std::string description;
  std::string schema;
};

// How the model picks its words; none: as the engine has it.
struct Sampling {
  std::optional<double> temperature;
  std::optional<double> top_p;
  std::optional<int64_t> top_k;
  std::optional<double> min_p;
  std::optional<double> repetition_penalty;
};

// One question to a model. Views live until Complete returns.
struct EngineRequest {
  std::string_view system;
  std::span<const Message> messages;
  std::span<const ToolSpec> tools;
  Sampling sampling;
  std::optional<int64_t> output_tokens_max;
  // Whether the model may call tools in this answer, or must.
  enum class ToolChoice { kAuto, kNone, kRequired };
  ToolChoice tool_choice = ToolChoice::kAuto;
  // A JSON Schema that the answer must meet, where the engine can hold it to
  // one; empty: none.
  std::string_view answer_schema;
};

// A call as the engine handed it over: nothing here can be trusted to be JSON,
// to name a tool, or to have an id. An engine that sent arguments as an object
// has them here as that object's JSON.
struct RawCall {
  std::string id;
  std::string name;
  std::string arguments;
};

// Why the model stopped, in the engine's words; engines say kStop where they
// mean kToolCalls and the other way round, so nothing may hang on it alone.
enum class Finish { kStop, kToolCalls, kLength, kFiltered, kUnknown };

// A whole answer, or what came of it before a fault.
struct EngineAnswer {
  std::string text;
  std::string thinking;
  std::vector<RawCall> calls;
  Finish finish = Finish::kUnknown;
  wire::Usage usage;
  wire::UsageSource usage_source = wire::UsageSource::kNone;
  std::string response_id;  // the engine's, may be empty
  std::string exchange;     // x-cofferdam-exchange, behind a gate
  std::string model;        // that answered
};

// What an engine or the way to it got wrong, by what can be done about it.
struct EngineFault {
  enum class Kind {
    kCancelled,       // by the stop token
    kUnreachable,     // no connection, or none of ours
    kDropped,         // the stream ended before the answer did
    kStalled,         // nothing came for too long
    kUnparsable,      // HTTP 500: the engine could not read its model's output
    kContextTooLong,  // HTTP 400 (413, 500): more tokens than the context
    kRateLimited,     // 429, or 503 with Retry-After
    kOverloaded,      // 500 to 504 without a better reason
    kRefused,         // 401, 403, and the gate's refusals (policy, budget)
    kBadRequest,      // another 4xx: asking again the same way is of no use
    kBadAnswer,       // not the protocol
  };
  Kind kind = Kind::kUnreachable;
  std::string message;  // the engine's own words, bounded, fit to be shown
  int status = 0;       // HTTP; 0: none
  int64_t retry_after_ms = 0;
  // Of kContextTooLong, where the engine says it.
  std::optional<int64_t> context_tokens;
};

// Hears an answer as it comes, in order, on the thread that called Complete.
class AnswerListener {
 public:
  virtual ~AnswerListener() = default;
  virtual void OnText(std::string_view piece) = 0;
  virtual void OnThinking(std::string_view piece) = 0;
  // A call has begun; its arguments come with the answer. `name` may be empty.
  virtual void OnCall(std::string_view name) = 0;
};

// What an engine says of itself and its model.
struct EngineFacts {
  std::string
      engine;  // "llama.cpp", "vllm", "ollama", "sglang"; empty: unknown
  std::string model;
  std::optional<int64_t> context_tokens;
};

inline constexpr size_t kEngineModelsMax = 200;

// A model behind OpenAI Chat Completions or Responses. One request at a time.
class Engine {
 public:
  struct Reply {
    // As far as it came, also with a fault.
    EngineAnswer answer;
    std::optional<EngineFault> fault;
  };

  virtual ~Engine() = default;
  // Blocks until the answer is whole, a fault, or `stop` is asked to stop,
  // which closes the connection, so that the engine stops generating. Asks
  // once: who retries, and how, is for the turn to decide. The bytes of the
  // body begin with those of the request before as long as the request only
  // grew (docs/formats/code-requests.md).
  virtual Reply Complete(const EngineRequest& request, AnswerListener& listener,
                         std::stop_token stop) = 0;
  // What the engine tells of itself; asked once, kept. Never fails: what it
  // does not tell is unknown.
  // Names of the models that it lists, at most kEngineModelsMax; empty where it
  // does not tell. Asks it each time.
  virtual std::vector<std::string> Models(std::stop_token stop) = 0;
  virtual const EngineFacts& Facts(std::stop_token stop) = 0;
};

}  // namespace cofferdam::agent
