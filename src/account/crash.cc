#include "account/crash.h"

#include <string>
#include <utility>

#include "policy/principal.h"

namespace cofferdam::account {
namespace {

ledger::IdentityGrade GradeOf(uint8_t number) {
  switch (static_cast<policy::Grade>(number)) {
    case policy::Grade::kAttested:
      return ledger::IdentityGrade::kAttested;
    case policy::Grade::kSession:
      return ledger::IdentityGrade::kSession;
    case policy::Grade::kAgent:
      return ledger::IdentityGrade::kAgent;
    case policy::Grade::kNone:
      return ledger::IdentityGrade::kNone;
  }
  return ledger::IdentityGrade::kNone;
}

ledger::ExchangeDraft DraftOf(const policy::HeldExchange& held,
                              int64_t now_micros) {
  ledger::ExchangeDraft draft;
  draft.protocol = static_cast<wire::Protocol>(held.protocol);
  ledger::Exchange& exchange = draft.exchange;
  exchange.id = held.id;
  exchange.session = held.session;
  exchange.identity = GradeOf(held.grade);
  ledger::Origin& origin = exchange.origin;
  origin.provider = held.provider;
  origin.upstream = held.upstream;
  origin.model = held.model;
  origin.model_requested = held.model;
  origin.contract = held.contract;
  origin.terms.terms_class = held.terms_class;
  origin.terms.version = held.terms_version;
  origin.tool = held.tool;
  origin.tool_version = held.tool_version;
  origin.person = held.person;
  origin.key = held.key;
  origin.team = held.team;
  origin.repo = held.repo;
  origin.commit = held.commit;
  origin.purpose = held.purpose;
  exchange.policy_rule = held.rule;
  exchange.usage.input_tokens = held.input_tokens;
  exchange.usage.output_tokens = held.output_tokens;
  exchange.usage_source = wire::UsageSource::kEstimated;
  exchange.held_micro_dollars = held.bound.micro_dollars;
  exchange.held_tokens = held.bound.tokens;
  exchange.outcome = ledger::Outcome::kCrashed;
  exchange.times.received = held.received_micros;
  exchange.times.finished = now_micros;
  exchange.request_bytes = held.request_bytes;
  return draft;
}

}  // namespace

Result<CrashReport> SettleCrashed(policy::HoldFile& holds,
                                  ledger::Ledger& ledger, const Clock& clock,
                                  const Logger& logger) {
  CrashReport report;
  policy::OpenHolds open = holds.ReadOpen();
  for (const policy::OpenHold& hold : open.holds) {
    const policy::HeldExchange& held = hold.exchange;
    auto found = ledger.Get(held.id);
    if (found.ok()) {
      ++report.recorded;
    } else if (found.error().code() == Code::kNotFound) {
      TRY(ledger.AppendSync(DraftOf(held, clock.WallMicros())));
      ++report.settled;
      logger.Warning("reservation_settled",
                     {{"exchange", held.id.ToString()},
                      {"micro_dollars", held.bound.micro_dollars},
                      {"tokens", held.bound.tokens}});
    } else {
      return std::move(found).error();
    }
    holds.Free(hold.slot);
  }
  for (policy::HoldSlot slot : open.broken) {
    ++report.broken;
    logger.Error("reservation_unreadable", {{"slot", int64_t{slot.index}}});
    holds.Free(slot);
  }
  return report;
}

}  // namespace cofferdam::account
