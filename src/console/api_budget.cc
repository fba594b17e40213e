#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "console/api_internal.h"
#include "policy/budget.h"
#include "policy/caps.h"

namespace cofferdam::console {
namespace {

using policy::Cap;
using policy::CapScope;
using policy::CapState;

// States that one cap's answer lists, and that are looked through for them.
constexpr size_t kStatesShown = 1000;
constexpr size_t kStatesRead = 1'000'000;

// A person's address; anything else is its own name.
std::string NameOf(Stores& stores, CapScope scope, const std::string& subject) {
  if (scope == CapScope::kPerson && !subject.empty()) {
    auto person = stores.policy().directory()->FindPerson(subject);
    if (person && !person->email.empty()) return person->email;
  }
  return subject;
}

void WriteCap(Stores& stores, const Cap& cap, JsonWriter* json) {
  json->Field("id", cap.id)
      .Field("scope", policy::CapScopeName(cap.scope))
      .Field("subject", cap.subject)
      .Field("name", NameOf(stores, cap.scope, cap.subject))
      .Field("unit", policy::CapUnitName(cap.unit))
      .Field("period", policy::CapPeriodName(cap.period))
      .Field("limit", cap.limit)
      .FieldIfSet("ask", cap.ask);
}

// Percent of the cap that is spent and reserved; caps are not zero.
int64_t Percent(const CapState& state) {
  const auto used =
      static_cast<double>(state.spent) + static_cast<double>(state.reserved);
  return static_cast<int64_t>(100.0 * used /
                              static_cast<double>(state.cap.limit));
}

void WriteStates(Stores& stores, std::vector<CapState> states,
                 JsonWriter* json) {
  const size_t shown = std::min(states.size(), kStatesShown);
  std::partial_sort(states.begin(),
                    states.begin() + static_cast<int64_t>(shown), states.end(),
                    [](const CapState& a, const CapState& b) {
                      return a.spent + a.reserved > b.spent + b.reserved;
                    });
  states.resize(shown);
  json->Key("states").BeginArray();
  for (const CapState& state : states) {
    json->BeginObject()
        .Field("subject", state.subject)
        .Field("name", NameOf(stores, state.cap.scope, state.subject))
        .Field("spent", state.spent)
        .Field("reserved", state.reserved)
        .Field("left", std::max<int64_t>(
                           0, state.cap.limit - state.spent - state.reserved))
        .EndObject();
  }
  json->EndArray();
}

void WriteListedCap(Stores& stores, const Cap& cap, int64_t now_micros,
                    JsonWriter* json) {
  policy::StateFilter filter;
  filter.cap_id = cap.id;
  filter.rows_max = kStatesRead;
  std::vector<CapState> states = stores.book().States(now_micros, filter);
  json->BeginObject();
  WriteCap(stores, cap, json);
  if (cap.period != policy::CapPeriod::kTotal) {
    WriteTime(json, "renews",
              policy::WindowOf(cap.period, now_micros).end_micros);
  }
  const auto over = [&](int64_t percent) {
    return static_cast<int64_t>(std::count_if(
        states.begin(), states.end(),
        [&](const CapState& state) { return Percent(state) >= percent; }));
  };
  json->Field("subjects", static_cast<int64_t>(states.size()))
      .Field("over_80", over(80))
      .Field("over_100", over(100));
  const bool one_person =
      cap.scope == CapScope::kPerson || cap.scope == CapScope::kKey;
  if (one_person && stores.individuals() == account::Individuals::kHidden) {
    json->Field("hidden", true);
  } else {
    WriteStates(stores, std::move(states), json);
  }
  json->EndObject();
}

// A member that names one of a few things; absent ones are `fallback`.
template <typename T, typename Parse>
Result<T> Named(const JsonDocument& body, std::string_view member, T fallback,
                const Parse& parse) {
  TRY_ASSIGN(const std::string_view name, Text(body, member));
  if (name.empty()) return fallback;
  if (const auto value = parse(name)) return *value;
  return Error(Code::kInvalid, fmt::format("{}: unknown \"{}\"", member, name));
}

}  // namespace

Result<std::string> ListBudgets(Stores& stores, const ApiRequest&) {
  TRY(stores.OpenBook());
  const int64_t now = stores.clock().WallMicros();
  const auto caps = stores.policy().caps().current();
  JsonWriter json;
  json.BeginObject().Field(
      "individuals", stores.individuals() == account::Individuals::kShown);
  json.Key("caps").BeginArray();
  for (const Cap& cap : *caps) WriteListedCap(stores, cap, now, &json);
  json.EndArray().EndObject();
  return std::move(json).Take();
}

Result<std::string> SetBudget(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(const JsonDocument body, JsonDocument::Parse(request.body));
  Cap cap;
  if (!body["scope"].present()) {
    return Error(Code::kInvalid,
                 "scope: must be company, team, person, key, repo or purpose");
  }
  TRY_ASSIGN(cap.scope,
             Named(body, "scope", CapScope::kCompany, policy::ParseCapScope));
  TRY_ASSIGN(cap.unit, Named(body, "unit", policy::CapUnit::kMicroDollars,
                             policy::ParseCapUnit));
  TRY_ASSIGN(cap.period, Named(body, "period", policy::CapPeriod::kMonth,
                               policy::ParseCapPeriod));
  TRY_ASSIGN(cap.subject, Text(body, "subject"));
  TRY_ASSIGN(cap.ask, Text(body, "ask"));
  TRY_ASSIGN(const auto limit, Number(body, "limit"));
  if (!limit) return Error(Code::kInvalid, "limit: missing");
  cap.limit = *limit;
  TRY_ASSIGN(const policy::Caps::Change change,
             stores.policy().caps().Set(cap, request.actor));
  JsonWriter json;
  json.BeginObject();
  WriteCap(stores, change.cap, &json);
  json.FieldIfSet("before", change.before).EndObject();
  return std::move(json).Take();
}

Result<std::string> RemoveBudget(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(const JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(const std::string_view id, Text(body, "id"));
  TRY_ASSIGN(const Cap cap, stores.policy().caps().Remove(id, request.actor));
  JsonWriter json;
  json.BeginObject();
  WriteCap(stores, cap, &json);
  json.EndObject();
  return std::move(json).Take();
}

}  // namespace cofferdam::console
