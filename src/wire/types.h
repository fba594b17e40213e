#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The nouns that every provider protocol is read into.
namespace cofferdam::wire {

enum class Protocol {
  kAnthropicMessages,
  kOpenAiResponses,
  kOpenAiChat,
  kGemini
};

// "anthropic-messages", "openai-responses", "openai-chat", "gemini": as in the
// configuration.
std::string_view ProtocolName(Protocol protocol);
std::optional<Protocol> ParseProtocol(std::string_view name);

// What a request asks for, by its path.
enum class Operation {
  kGenerate,
  kCountTokens,
  kPass,  // a path beside the protocol, let through by the configuration
};

// Token counts of one exchange, all additive: the request's total is
// input + cache_read + cache_write_5m + cache_write_1h. Protocols that report
// cached tokens as a subset of the input are converted. Reasoning is a subset
// of the output.
struct Usage {
  int64_t input_tokens = 0;
  int64_t cache_read_tokens = 0;
  int64_t cache_write_5m_tokens = 0;
  int64_t cache_write_1h_tokens = 0;
  int64_t output_tokens = 0;
  int64_t reasoning_tokens = 0;

  bool operator==(const Usage&) const = default;
};

// Whether the provider said the usage, or we had to bound it ourselves.
enum class UsageSource { kNone, kReported, kEstimated };
std::string_view UsageSourceName(UsageSource source);

// Half-open range of bytes.
struct ByteRange {
  size_t begin = 0;
  size_t end = 0;

  bool operator==(const ByteRange&) const = default;
};

enum class PartKind {
  kText,       // words to the reader
  kThinking,   // reasoning that was sent in clear
  kToolInput,  // a tool call that writes no code: canonical JSON
  kFile,       // a whole file written to `path`
  kEdit,       // a replacement inside `path`
  kPatch,      // lines added to `path` by a patch
  kCommand,    // a shell command
};
std::string_view PartKindName(PartKind kind);
std::optional<PartKind> ParsePartKind(std::string_view name);

// One piece of an output.
struct Part {
  PartKind kind = PartKind::kText;
  // Tool name and the call's id, as the provider sent them; empty for text.
  std::string tool;
  std::string call_id;
  // Where the text was written to, as the model named it; empty if nowhere.
  std::string path;
  // What the model wrote: UTF-8, unescaped.
  std::string text;
  // Lines of `text` that the model took over from the text it replaced; sorted
  // and disjoint. Nobody's evidence.
  std::vector<ByteRange> kept;

  bool operator==(const Part&) const = default;
};

}  // namespace cofferdam::wire
