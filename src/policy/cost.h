#pragma once

#include <cstdint>

#include "policy/money.h"
#include "policy/prices.h"
#include "wire/types.h"

// What an exchange cost: its tokens at the prices of its day. Tokens are the
// truth; a cost can be computed again whenever prices are corrected.
namespace cofferdam::policy {

// All that the provider counted: input, fresh and cached, and output.
// Reasoning is a part of the output.
int64_t TotalTokens(const wire::Usage& usage);
// Input alone, fresh and cached: what a price's tiers go by.
int64_t InputTokens(const wire::Usage& usage);

// Micro-dollars, rounded up once for the whole usage; at most kAmountMax.
// Counts are as wire reads them: 0 to wire::kTokensMax.
int64_t CostAt(const wire::Usage& usage, const Rates& rates);

// The fee of one run of a tool at the provider (a web search …), which no
// count of tokens shows: the dearest of those that providers list.
inline constexpr int64_t kServerToolRunMicroDollars = 35'000;

// The usage at the tier it falls under, and the fees, with its tokens.
Amount Cost(const wire::Usage& usage, const Quote& quote,
            int64_t server_tool_runs = 0);

}  // namespace cofferdam::policy
