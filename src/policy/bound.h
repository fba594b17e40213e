#pragma once

#include <cstdint>
#include <string>

#include "policy/money.h"
#include "policy/prices.h"
#include "wire/request.h"

// The most that a request can cost, known before it is sent: what budgets
// hold for it.
namespace cofferdam::policy {

// Tokens that a provider adds on its own, for tools and for each request.
inline constexpr int64_t kAddedTokens = 1'024;
// The most tokens of one image, and of one sound beyond its bytes.
inline constexpr int64_t kSmallMediumTokens = 6'000;
// Output of a model whose limit nobody knows, where neither the request nor
// the contract has one.
inline constexpr int64_t kOutputTokensDefault = 131'072;
// What a web search may cost in one request, runs and tokens together, where
// the contract does not say: $1. And the tokens that any server tool may use.
inline constexpr int64_t kWebSearchMicroDollars = 1'000'000;
inline constexpr int64_t kServerToolTokens = 200'000;

struct RequestBound {
  // To be held. Of a request without a bound: what is known of it.
  Amount amount;
  int64_t input_tokens = 0;
  int64_t output_tokens = 0;
  // Why it has no bound, and what the one who asked or the operator can do;
  // empty: it has one. Under any cap such a request is refused, else let go.
  std::string unbounded;
  // The bound is the contract's reserve, not computed.
  bool from_reserve = false;
};

// Input: the plain body's bytes as tokens (none is shorter), and what `head`
// says stands for more: media in it at kSmallMediumTokens; media by reference,
// documents and films at the contract's media_tokens each, else the model's
// whole context; stored context at the model's whole context. Output: the
// smallest of the request's, the model's and the contract's limits. All at the
// dearest rate that may apply. A tool that the provider runs adds the
// contract's server_tool_micro_dollars, a web search without it
// kWebSearchMicroDollars. What none of that bounds is bounded by the
// contract's reserve, else not at all.
RequestBound BoundOf(const wire::RequestHead& head, uint64_t body_bytes,
                     const Quote& quote, const RateCard& card);

}  // namespace cofferdam::policy
