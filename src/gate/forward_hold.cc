#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "gate/forward.h"
#include "policy/bound.h"
#include "policy/cost.h"

// What a request holds before it is sent, and what it is charged.

namespace cofferdam::gate {
namespace {

// When a request that others' reservations keep out may be sent again.
constexpr int64_t kBudgetRetryS = 5;

// Reading and removing are not what anybody is billed for.
bool MayCost(std::string_view method) {
  return method != "GET" && method != "HEAD" && method != "DELETE";
}

}  // namespace

http::Task<std::optional<Refused>> Forwarding::Hold() {
  const wire::Operation operation = target_.endpoint.operation;
  if (operation == wire::Operation::kCountTokens) co_return HoldRates(0);
  if (operation == wire::Operation::kPass &&
      !MayCost(client_.request().method)) {
    co_return HoldRates(0);
  }
  const policy::RequestBound bound = BoundNow();
  std::optional<Refused> refused = HoldRates(bound.amount.tokens);
  if (!refused) refused = co_await HoldCapacity(bound.amount.tokens);
  if (!refused) refused = HoldBudgets(bound);
  co_return refused;
}

std::optional<Refused> Forwarding::HoldRates(int64_t tokens) {
  for (const policy::Rule* rule : limiting_) {
    policy::RateAnswer answer = controls_.rates.Admit(
        {rule->name,
         *rule->limits,
         {identity_.principal.person_id, identity_.principal.team,
          identity_.principal.key_id},
         tokens});
    if (answer.reached == policy::RateReached::kNothing) {
      holding_.Keep(std::move(answer.ticket));
      continue;
    }
    const int64_t wait_s = std::max<int64_t>(1, (answer.wait_ms + 999) / 1000);
    Refused refused(
        Error(Code::kExhausted,
              fmt::format("rule \"{}\" lets through {}", rule->name,
                          policy::DescribeRate(*rule->limits, answer.reached))),
        429);
    refused.next = fmt::format("Try again in {} s.", wait_s);
    refused.retry_after_s = wait_s;
    return refused;
  }
  return std::nullopt;
}

http::Task<std::optional<Refused>> Forwarding::HoldCapacity(int64_t tokens) {
  Capacity::Ask ask;
  ask.provider = routed_->upstream().options().provider;
  ask.person = identity_.principal.person_id;
  if (teams_ != nullptr) ask.teams = teams_->Chain(identity_.principal.team);
  ask.tokens = tokens;
  auto ticket =
      co_await controls_.capacity.Enter(client_.loop(), ask, &canceller_);
  if (ticket.ok()) {
    holding_.Keep(*std::move(ticket));
    co_return std::nullopt;
  }
  Refused refused(std::move(ticket).error(), 429);
  refused.retry_after_s = Capacity::kRetryMs / 1000;
  co_return refused;
}

policy::RequestBound Forwarding::BoundNow() const {
  const policy::Contract& contract = routed_->upstream().options().contract;
  if (target_.endpoint.operation != wire::Operation::kPass) {
    const policy::Quote quote = target_.routes->prices().QuoteFor(
        routed_->upstream().options().provider, request_.model, times_.received,
        policy::ModeOf(request_.service_tier), contract.card);
    return policy::BoundOf(request_, plain().size(), quote, contract.card);
  }
  policy::RequestBound bound;
  bound.amount.micro_dollars = contract.card.reserve_micro_dollars.value_or(0);
  bound.amount.tokens = contract.card.reserve_tokens.value_or(0);
  bound.from_reserve = contract.card.reserve_micro_dollars.has_value();
  if (!bound.from_reserve) {
    bound.unbounded = fmt::format(
        "nothing meters {}, so that what it costs has no bound; an operator "
        "can name a reserve for it (reserve_dollars of contract \"{}\")",
        client_.request().path(), contract.name);
  }
  return bound;
}

std::optional<Refused> Forwarding::HoldBudgets(
    const policy::RequestBound& bound) {
  const policy::Principal& principal = identity_.principal;
  policy::Charge charge;
  charge.person_id = principal.person_id;
  charge.key_id = principal.key_id;
  charge.repo = identity_.repo;
  charge.purpose = identity_.purpose;
  if (teams_ != nullptr) charge.teams = teams_->Chain(principal.team);
  charge.now_micros = times_.received;
  if (!bound.unbounded.empty() && rooms_.book.Capped(charge)) {
    return Refused(Error(Code::kDenied, bound.unbounded));
  }
  const UpstreamOptions& upstream = routed_->upstream().options();
  const auto terms = routed_->TermsAt(times_.received);
  policy::HeldExchange held;
  held.id = id_;
  held.received_micros = times_.received;
  held.bound = bound.amount;
  held.input_tokens = bound.input_tokens;
  held.output_tokens = bound.output_tokens;
  held.request_bytes = body_.size();
  held.protocol = static_cast<uint8_t>(target_.endpoint.protocol);
  held.grade = static_cast<uint8_t>(identity_.grade);
  held.person = principal.person_id;
  held.key = principal.key_id;
  held.team = principal.team;
  held.provider = upstream.provider;
  held.upstream = upstream.name;
  held.model = request_.model;
  held.contract = upstream.contract.name;
  held.terms_class = terms->record.terms_class;
  held.terms_version = terms->record.version;
  held.repo = identity_.repo;
  held.purpose = identity_.purpose;
  held.tool = identity_.tool;
  held.tool_version = identity_.tool_version;
  held.session = SessionName();
  held.commit = identity_.commit;
  held.rule = basis_;
  policy::CapRefusal reason;
  Status reserved = holding_.Reserve(rooms_.book, rooms_.holds, charge,
                                     bound.amount, held, &reason);
  if (reserved.ok()) return std::nullopt;
  if (reason.cap.id.empty()) return Refused(std::move(reserved).error());
  const bool passes = reason.kind == policy::CapRefusal::Kind::kWait;
  // Agents try again by themselves what may pass, and only that.
  Refused refused(Error(passes ? Code::kExhausted : Code::kDenied,
                        policy::RefusalText(reason)),
                  429);
  refused.next = "";
  if (passes) refused.retry_after_s = kBudgetRetryS;
  return refused;
}

policy::Amount Forwarding::ChargeFor(ledger::Exchange* exchange) const {
  const policy::Mode mode = policy::ModeOf(request_.service_tier);
  if (mode != policy::Mode::kStandard) {
    exchange->price_mode = policy::ModeName(mode);
  }
  policy::Amount used;
  used.tokens = policy::TotalTokens(exchange->usage);
  const account::Pricing& pricing = target_.routes->pricing();
  if (pricing.charge) {
    const account::Charged charged = pricing.charge(*exchange);
    used.micro_dollars = charged.micro_dollars;
    if (charged.unpriced) exchange->notes.emplace_back("unpriced");
  }
  const policy::Amount bound = holding_.bound();
  if (used.micro_dollars > bound.micro_dollars || used.tokens > bound.tokens) {
    exchange->notes.emplace_back("overrun");
  }
  return used;
}

}  // namespace cofferdam::gate
