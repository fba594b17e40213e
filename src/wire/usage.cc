#include "wire/usage.h"

#include <algorithm>
#include <cmath>

namespace cofferdam::wire {
namespace {

void Take(const JsonValue& value, std::optional<int64_t>* count) {
  if (auto reported = TokenCount(value)) *count = reported;
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
  int64_t cached = TokenCount(details["cached_tokens"]).value_or(0);
  int64_t written = TokenCount(details["cache_write_tokens"]).value_or(0);
  Usage result;
  result.cache_read_tokens = std::min(cached, *input);
  result.cache_write_5m_tokens =
      std::min(written, *input - result.cache_read_tokens);
  result.input_tokens =
      *input - result.cache_read_tokens - result.cache_write_5m_tokens;
  result.output_tokens = *output;
  int64_t reasoning =
      TokenCount(usage["output_tokens_details"]["reasoning_tokens"])
          .value_or(0);
  result.reasoning_tokens = std::min(reasoning, *output);
  return result;
}

}  // namespace cofferdam::wire
