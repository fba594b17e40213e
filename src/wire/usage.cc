#include "wire/usage.h"

#include <algorithm>
#include <cmath>

#include "wire/proto_json.h"

namespace cofferdam::wire {
namespace {

void Take(const JsonValue& value, std::optional<int64_t>* count) {
  if (auto reported = TokenCount(value)) *count = reported;
}

int64_t CountOr0(const JsonValue& value) {
  return TokenCount(value).value_or(0);
}

// Input of which some was read from a cache and some written to one.
Usage OfInput(int64_t input, int64_t cached, int64_t written) {
  Usage usage;
  usage.cache_read_tokens = std::min(cached, input);
  usage.cache_write_5m_tokens =
      std::min(written, input - usage.cache_read_tokens);
  usage.input_tokens =
      input - usage.cache_read_tokens - usage.cache_write_5m_tokens;
  return usage;
}

void SetOutput(int64_t output, int64_t reasoning, Usage* usage) {
  usage->output_tokens = output;
  usage->reasoning_tokens = std::min(reasoning, output);
}

}  // namespace

std::optional<int64_t> TokenCount(const JsonValue& value) {
  std::optional<int64_t> count = value.Int();
  if (!count) {
    // Some proxies write 12.0.
    std::optional<double> number = value.Double();
    if (number && *number >= 0 && *number <= 1e15 &&
        std::trunc(*number) == *number) {
      count = static_cast<int64_t>(*number);
    }
  }
  if (!count || *count < 0 || *count > kTokensMax) return std::nullopt;
  return count;
}

void AnthropicUsage::Merge(const JsonValue& usage) {
  Take(usage["input_tokens"], &input_);
  Take(usage["cache_read_input_tokens"], &cache_read_);
  Take(usage["cache_creation_input_tokens"], &cache_write_);
  JsonValue split = usage["cache_creation"];
  Take(split["ephemeral_5m_input_tokens"], &cache_write_5m_);
  Take(split["ephemeral_1h_input_tokens"], &cache_write_1h_);
  Take(usage["output_tokens"], &output_);
  JsonValue details = usage["output_tokens_details"];
  Take(details["thinking_tokens"], &reasoning_);
  Take(details["reasoning_tokens"], &reasoning_);
}

Usage AnthropicUsage::ToUsage() const {
  Usage usage;
  usage.input_tokens = input_.value_or(0);
  usage.cache_read_tokens = cache_read_.value_or(0);
  usage.output_tokens = output_.value_or(0);
  usage.reasoning_tokens =
      std::min(reasoning_.value_or(0), usage.output_tokens);
  int64_t split_5m = cache_write_5m_.value_or(0);
  int64_t split_1h = cache_write_1h_.value_or(0);
  int64_t total = cache_write_.value_or(split_5m + split_1h);
  // The total is the later word: what exceeds the split is of the default
  // lifetime, what the split has too much is taken off it first.
  usage.cache_write_1h_tokens = std::min(split_1h, total);
  usage.cache_write_5m_tokens = total - usage.cache_write_1h_tokens;
  return usage;
}

std::optional<Usage> ResponsesUsage(const JsonValue& usage) {
  std::optional<int64_t> input = TokenCount(usage["input_tokens"]);
  std::optional<int64_t> output = TokenCount(usage["output_tokens"]);
  if (!input || !output) return std::nullopt;
  JsonValue details = usage["input_tokens_details"];
  Usage result = OfInput(*input, CountOr0(details["cached_tokens"]),
                         CountOr0(details["cache_write_tokens"]));
  SetOutput(*output,
            CountOr0(usage["output_tokens_details"]["reasoning_tokens"]),
            &result);
  return result;
}

std::optional<Usage> ChatUsage(const JsonValue& usage) {
  std::optional<int64_t> input = TokenCount(usage["prompt_tokens"]);
  if (!input) return std::nullopt;
  // Left out where nothing was written.
  const int64_t completion = CountOr0(usage["completion_tokens"]);
  JsonValue details = usage["prompt_tokens_details"];
  int64_t cached = CountOr0(details["cached_tokens"]);
  if (cached == 0) cached = CountOr0(usage["prompt_cache_hit_tokens"]);
  Usage result =
      OfInput(*input, cached, CountOr0(details["cache_write_tokens"]));
  const int64_t reasoning =
      CountOr0(usage["completion_tokens_details"]["reasoning_tokens"]);
  const bool is_beside =
      TokenCount(usage["total_tokens"]) == *input + completion + reasoning;
  SetOutput(is_beside ? completion + reasoning : completion, reasoning,
            &result);
  return result;
}

std::optional<Usage> GeminiUsage(const JsonValue& usage) {
  const auto count = [&](std::string_view name) {
    return TokenCount(EitherOf(usage, name));
  };
  const std::optional<int64_t> prompt = count("promptTokenCount");
  const std::optional<int64_t> candidates = count("candidatesTokenCount");
  const std::optional<int64_t> thoughts = count("thoughtsTokenCount");
  const std::optional<int64_t> total = count("totalTokenCount");
  if (!prompt && !candidates && !thoughts && !total) return std::nullopt;
  const int64_t of_tools = count("toolUsePromptTokenCount").value_or(0);
  const int64_t input = prompt.value_or(0) + of_tools;
  Usage result =
      OfInput(input, count("cachedContentTokenCount").value_or(0), 0);
  const int64_t output = candidates.value_or(0) + thoughts.value_or(0);
  SetOutput(std::max(output, total.value_or(0) - input), thoughts.value_or(0),
            &result);
  return result;
}

}  // namespace cofferdam::wire
