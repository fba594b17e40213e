#include "policy/cost.h"

#include <algorithm>
#include <utility>

namespace cofferdam::policy {
namespace {

constexpr int64_t kPerMillion = 1'000'000;

}  // namespace

int64_t InputTokens(const wire::Usage& usage) {
  return usage.input_tokens + usage.cache_read_tokens +
         usage.cache_write_5m_tokens + usage.cache_write_1h_tokens;
}

int64_t TotalTokens(const wire::Usage& usage) {
  return InputTokens(usage) + usage.output_tokens;
}

int64_t CostAt(const wire::Usage& usage, const Rates& rates) {
  const int64_t reasoning =
      std::min(usage.reasoning_tokens, usage.output_tokens);
  const std::pair<int64_t, int64_t> lines[] = {
      {usage.input_tokens, rates.input},
      {usage.cache_read_tokens, rates.cache_read},
      {usage.cache_write_5m_tokens, rates.cache_write_5m},
      {usage.cache_write_1h_tokens, rates.cache_write_1h},
      {usage.output_tokens - reasoning, rates.output},
      {reasoning, rates.reasoning},
  };
  // Whole micro-dollars and the rest apart, so that nothing overflows: a line
  // is at most 2^50 * 10^9 / 10^6 whole, and its rest below 10^6.
  int64_t whole = 0;
  int64_t rest = 0;
  for (const auto& [tokens, rate] : lines) {
    const int64_t millions = tokens / kPerMillion;
    const int64_t others = tokens % kPerMillion * rate;  // below 10^15
    whole = AddAmounts(whole, millions * rate);          // below 2^60.2
    whole = AddAmounts(whole, others / kPerMillion);
    rest += others % kPerMillion;
  }
  return AddAmounts(whole, (rest + kPerMillion - 1) / kPerMillion);
}

Amount Cost(const wire::Usage& usage, const Quote& quote,
            int64_t server_tool_runs) {
  const int64_t runs =
      std::min(server_tool_runs, kAmountMax / kServerToolRunMicroDollars);
  return {AddAmounts(CostAt(usage, quote.For(InputTokens(usage))),
                     runs * kServerToolRunMicroDollars),
          TotalTokens(usage)};
}

}  // namespace cofferdam::policy
