#include "policy/bound.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "policy/cost.h"
#include "wire/usage.h"

namespace cofferdam::policy {
namespace {

int64_t AddTokens(int64_t a, int64_t b) {
  return std::min(a + b, wire::kTokensMax);
}

int64_t TimesTokens(int64_t tokens, int64_t times) {
  if (times > 0 && tokens > wire::kTokensMax / times) return wire::kTokensMax;
  return tokens * times;
}

// The dearest that one token of input can be: which of it the provider reads
// from a cache or writes to one is not known before.
int64_t DearestInput(const Rates& rates, bool caches_1h) {
  const int64_t rate =
      std::max({rates.input, rates.cache_read, rates.cache_write_5m});
  return caches_1h ? std::max(rate, rates.cache_write_1h) : rate;
}

// At the dearest tier that so much input can fall under.
int64_t DearestCost(int64_t input, int64_t output, const Quote& quote,
                    bool caches_1h) {
  Rates dearest = quote.rates;
  for (const PriceTier& tier : quote.tiers) {
    if (input > tier.above_input_tokens) dearest = Dearer(dearest, tier.rates);
  }
  dearest.input = DearestInput(dearest, caches_1h);
  dearest.output = std::max(dearest.output, dearest.reasoning);
  wire::Usage usage;
  usage.input_tokens = input;
  usage.output_tokens = output;
  return CostAt(usage, dearest);
}

int64_t OutputBound(const wire::RequestHead& head, const Quote& quote,
                    const RateCard& card) {
  // A limit of the model or contract is one of each answer.
  std::optional<int64_t> limit;
  const auto narrow = [&](std::optional<int64_t> other) {
    if (other && (!limit || *other < *limit)) limit = other;
  };
  if (quote.output_tokens_max) {
    narrow(TimesTokens(*quote.output_tokens_max, head.answers));
  }
  if (card.output_tokens_max) {
    narrow(TimesTokens(*card.output_tokens_max, head.answers));
  }
  narrow(head.output_tokens_max);
  return limit.value_or(TimesTokens(kOutputTokensDefault, head.answers));
}

// Why the input has no bound; empty when `input` has become one.
std::string BoundInput(const wire::RequestMedia& media, const Quote& quote,
                       const RateCard& card, int64_t* input) {
  const int64_t large = AddTokens(media.inline_large, media.referenced);
  *input =
      AddTokens(*input, TimesTokens(kSmallMediumTokens, media.inline_small));
  if (large > 0 && card.media_tokens) {
    *input = AddTokens(*input, TimesTokens(*card.media_tokens, large));
  }
  const bool whole =
      media.stored_context > 0 || (large > 0 && !card.media_tokens);
  if (!whole) return {};
  // However much is referred to, a model takes no more than its context.
  if (quote.context_tokens) {
    *input = std::max(*input, *quote.context_tokens);
    return {};
  }
  if (media.stored_context > 0) {
    return "it goes on from context that the provider keeps, and how much a "
           "model of this name takes is not known; send the whole "
           "conversation instead";
  }
  return "it holds or names documents or media of unknown size, and how much "
         "a model of this name takes is not known; send their text instead";
}

// The same for tools that the provider runs, beside the tokens.
std::string BoundTools(const wire::RequestMedia& media, const RateCard& card,
                       Amount* tools) {
  const std::optional<int64_t>& declared = card.server_tool_micro_dollars;
  const auto add = [&](int64_t count, int64_t each) {
    for (; count > 0 && tools->micro_dollars < kAmountMax; --count) {
      *tools = {AddAmounts(tools->micro_dollars, each),
                AddAmounts(tools->tokens, kServerToolTokens)};
    }
  };
  add(media.web_searches, declared.value_or(kWebSearchMicroDollars));
  if (media.server_tools == 0) return {};
  if (declared) {
    add(media.server_tools, *declared);
    return {};
  }
  return "it lets the provider run tools of its own, and what those may cost "
         "is not known; leave them out";
}

}  // namespace

RequestBound BoundOf(const wire::RequestHead& head, uint64_t body_bytes,
                     const Quote& quote, const RateCard& card) {
  RequestBound bound;
  const auto bytes = static_cast<int64_t>(
      std::min<uint64_t>(body_bytes, static_cast<uint64_t>(wire::kTokensMax)));
  bound.input_tokens = AddTokens(bytes, kAddedTokens);
  bound.output_tokens = OutputBound(head, quote, card);
  Amount tools;
  std::string why = BoundInput(head.media, quote, card, &bound.input_tokens);
  if (why.empty()) why = BoundTools(head.media, card, &tools);
  const int64_t cost = DearestCost(bound.input_tokens, bound.output_tokens,
                                   quote, head.caches_1h);
  bound.amount = {AddAmounts(cost, tools.micro_dollars),
                  AddAmounts(AddTokens(bound.input_tokens, bound.output_tokens),
                             tools.tokens)};
  if (why.empty()) return bound;
  if (!card.reserve_micro_dollars) {
    bound.unbounded = std::move(why);
    return bound;
  }
  bound.from_reserve = true;
  bound.amount.micro_dollars =
      std::max(bound.amount.micro_dollars, *card.reserve_micro_dollars);
  bound.amount.tokens =
      std::max(bound.amount.tokens, card.reserve_tokens.value_or(0));
  return bound;
}

}  // namespace cofferdam::policy
