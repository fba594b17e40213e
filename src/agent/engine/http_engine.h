#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/engine.h"
#include "base/result.h"

namespace cofferdam::agent {

enum class EngineApi { kChat, kResponses };
// "chat", "responses".
std::string_view EngineApiName(EngineApi api);
std::optional<EngineApi> ParseEngineApi(std::string_view name);

// How the model's reasoning goes back to it with the history.
enum class ReasoningReplay {
  kNone,
  // `reasoning_content` of its message; of Responses an item `reasoning`.
  kField,
  // Before the text, between <think> and </think>.
  kTags,
};

// Where the system prompt stands.
enum class SystemPlace {
  kOwn,        // a message of role system; of Responses `instructions`
  kFirstUser,  // before the first user's words: templates without a system role
};

enum class OutputLimitName { kMaxTokens, kMaxCompletionTokens };

// What an engine or model wants different in a request. Of a conversation
// always the same, or its prefix changes.
struct EngineQuirks {
  SystemPlace system = SystemPlace::kOwn;
  ReasoningReplay reasoning = ReasoningReplay::kField;
  OutputLimitName output_limit = OutputLimitName::kMaxTokens;
  // Whether several calls may come in one answer; none: as the engine has it.
  std::optional<bool> parallel_calls;
  // More members of the request: a JSON object
  // ({"chat_template_kwargs":{"enable_thinking":true}}); empty: none.
  std::string extra;

  bool operator==(const EngineQuirks&) const = default;
};

struct EngineOptions {
  // "http://host:8080": the API stands under /v1. With a path
  // ("https://host/openai/v1") it stands right there.
  std::string url;
  EngineApi api = EngineApi::kChat;
  // Empty: the first that the engine lists, which is asked before the first
  // request.
  std::string model;
  // Sent as a bearer's token; empty: none. Never in a message.
  std::string key;
  std::vector<std::pair<std::string, std::string>> headers;
  // PEM of the authorities for https; empty: the system's.
  std::string ca_file;
  EngineQuirks quirks;
  int64_t connect_timeout_ms = 10'000;
  // To the head of the answer: an engine reads a long prompt before it.
  int64_t first_byte_timeout_ms = 1'800'000;
  // Between two pieces of an answer.
  int64_t idle_timeout_ms = 300'000;
  // For all questions of Facts together.
  int64_t facts_timeout_ms = 2'000;
};

// Limits of one answer; beyond them it is a fault, kBadAnswer.
inline constexpr size_t kAnswerBytesMax = size_t{16} << 20;  // text and calls
inline constexpr size_t kAnswerCallsMax = 256;
inline constexpr size_t kAnswerEventBytesMax = size_t{8} << 20;
// Of an answer that is an error; what follows is not read.
inline constexpr size_t kErrorBytesMax = size_t{64} << 10;
// A longer request is not sent: kContextTooLong.
inline constexpr size_t kRequestBytesMax = size_t{64} << 20;

// An engine over HTTP. Opens nothing yet: thread and connection come with the
// first request. kInvalid when the URL, a header, `extra` or `ca_file` cannot
// be used, kDenied for an address that no engine may have (http/client.h).
//
// Complete and Facts: one at a time, any thread. A session of n messages costs
// memory for their JSON once, and a request costs time for the new messages
// and one hash over the old.
Result<std::unique_ptr<Engine>> MakeEngine(const EngineOptions& options);

}  // namespace cofferdam::agent
