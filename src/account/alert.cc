#include "account/alert.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/json.h"

namespace cofferdam::account {
namespace {

void Begin(std::string_view event, int64_t now_micros, JsonWriter* json) {
  json->BeginObject()
      .Field("v", 1)
      .Field("event", event)
      .Field("time", FormatTime(now_micros));
}

// "person 01J…", "the company".
std::string SubjectText(const policy::CapState& state) {
  if (state.cap.scope == policy::CapScope::kCompany) return "the company";
  return fmt::format("{} {}", policy::CapScopeName(state.cap.scope),
                     state.subject);
}

void WriteAmount(std::string_view name, int64_t micro_dollars, int64_t tokens,
                 JsonWriter* json) {
  json->Key(name)
      .BeginObject()
      .Field("micro_dollars", micro_dollars)
      .Field("tokens", tokens)
      .EndObject();
}

}  // namespace

std::string CapAlertJson(const policy::CapAlert& alert, int64_t now_micros) {
  const policy::CapState& state = alert.state;
  const policy::Cap& cap = state.cap;
  JsonWriter json;
  Begin("cap", now_micros, &json);
  // Some services show this member and nothing else.
  json.Field("text",
             fmt::format("{}% of the cap of {} for {} are spent", alert.percent,
                         policy::FormatLimit(cap), SubjectText(state)));
  json.Field("percent", alert.percent);
  json.Key("cap")
      .BeginObject()
      .Field("id", cap.id)
      .Field("scope", policy::CapScopeName(cap.scope))
      .Field("subject", state.subject)
      .Field("unit", policy::CapUnitName(cap.unit))
      .Field("period", policy::CapPeriodName(cap.period))
      .Field("limit", cap.limit)
      .EndObject();
  json.Field("spent", state.spent).Field("reserved", state.reserved);
  if (cap.period != policy::CapPeriod::kTotal) {
    json.Field("renews", FormatTime(state.window.end_micros));
  }
  json.EndObject();
  return std::move(json).Take();
}

std::string OverrunAlertJson(const ledger::Exchange& exchange,
                             const policy::Amount& used, int64_t now_micros) {
  const ledger::Origin& origin = exchange.origin;
  JsonWriter json;
  Begin("overrun", now_micros, &json);
  json.Field("text", fmt::format("exchange {} used more than was held for it",
                                 exchange.id.ToString()));
  json.Field("exchange", exchange.id.ToString());
  WriteAmount("held", exchange.held_micro_dollars, exchange.held_tokens, &json);
  WriteAmount("used", used.micro_dollars, used.tokens, &json);
  json.Field("provider", origin.provider)
      .Field("model", origin.model)
      .Field("contract", origin.contract)
      .Field("person", origin.person)
      .Field("team", origin.team)
      .EndObject();
  return std::move(json).Take();
}

}  // namespace cofferdam::account
