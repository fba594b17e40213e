#pragma once

#include <cstdint>
#include <optional>

#include "base/json.h"
#include "wire/types.h"

namespace cofferdam::wire {

// Anthropic's usage as it grows: message_start gives all fields, message_delta
// repeats some with totals so far. A field that a later report lacks keeps its
// value; an explicit 0 is a value.
class AnthropicUsage {
 public:
  // Takes over what `usage` reports; anything but counts is passed over.
  void Merge(const JsonValue& usage);
  bool has_input() const { return input_.has_value(); }
  bool has_output() const { return output_.has_value(); }
  Usage ToUsage() const;

 private:
  std::optional<int64_t> input_;
  std::optional<int64_t> cache_read_;
  // Total of cache writes, and how it splits by lifetime; message_delta has no
  // split.
  std::optional<int64_t> cache_write_;
  std::optional<int64_t> cache_write_5m_;
  std::optional<int64_t> cache_write_1h_;
  std::optional<int64_t> output_;
  std::optional<int64_t> reasoning_;
};

// Counts beyond this are nonsense, and would overflow sums.
inline constexpr int64_t kTokensMax = int64_t{1} << 50;

// A count of tokens as providers and clients write it: not negative, at most
// kTokensMax, a float only where it is whole. None for anything else.
std::optional<int64_t> TokenCount(const JsonValue& value);

// OpenAI's usage, in which cached and reasoning tokens are subsets; none when
// it lacks the totals.
std::optional<Usage> ResponsesUsage(const JsonValue& usage);

// The same for Chat Completions, cached tokens also where DeepSeek puts them.
// xAI counts reasoning beside the completion; its total tells.
std::optional<Usage> ChatUsage(const JsonValue& usage);

// Gemini's usageMetadata, in which zeros are left out: cached tokens are a
// subset of the prompt, thoughts come on top of the candidates, prompts of
// tools on top of the prompt. What the total has beyond the sum counts as
// output. None when it is no object or has no count at all.
std::optional<Usage> GeminiUsage(const JsonValue& usage);

}  // namespace cofferdam::wire
