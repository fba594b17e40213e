#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/table.h"
#include "policy/cap.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;
using Count = Positional::Count;
using Align = TextTable::Align;

// States of one cap that a table shows; --json has more.
constexpr size_t kStatesShown = 20;

const Flag kJson = {"--json", Takes::kNothing, "print JSON"};

constexpr std::array kScopes = {"--company", "--team", "--person",
                                "--key",     "--repo", "--purpose"};
constexpr std::array kPeriods = {"--day", "--week", "--month", "--total"};
constexpr std::string_view kEach = "each";

// Exactly one of the flags, without its dashes.
template <size_t kSize>
Result<std::string> OneOf(const Invocation& call,
                          const std::array<const char*, kSize>& flags) {
  std::string found;
  std::string all;
  for (const char* flag : flags) {
    all += all.empty() ? flag : fmt::format(", {}", flag);
    if (!call.Has(flag)) continue;
    if (!found.empty()) {
      return Error(Code::kInvalid, fmt::format("budget set: --{} or {}, not "
                                               "both",
                                               found, flag));
    }
    found = std::string(flag).substr(2);
  }
  if (!found.empty()) return found;
  return Error(Code::kInvalid, fmt::format("budget set: say one of {}", all));
}

std::string Limit(const JsonValue& cap) {
  policy::Cap limit;
  limit.unit = policy::ParseCapUnit(cap["unit"].StringOrEmpty())
                   .value_or(policy::CapUnit::kMicroDollars);
  limit.period = policy::ParseCapPeriod(cap["period"].StringOrEmpty())
                     .value_or(policy::CapPeriod::kMonth);
  limit.limit = cap["limit"].Int().value_or(0);
  return policy::FormatLimit(limit);
}

// "person ann@example.com", "each person", "company".
std::string Subject(const JsonValue& cap) {
  const std::string_view scope = cap["scope"].StringOrEmpty();
  if (scope == "company") return "company";
  const std::string_view name = cap["name"].StringOrEmpty();
  return name.empty() ? fmt::format("each {}", scope)
                      : fmt::format("{} {}", scope, name);
}

std::string Amount(const JsonValue& cap, int64_t amount) {
  return cap["unit"].StringOrEmpty() == "tokens" ? Grouped(amount)
                                                 : Cents(amount);
}

Result<int> Set(const Invocation& call) {
  TRY_ASSIGN(const std::string scope, OneOf(call, kScopes));
  TRY_ASSIGN(const std::string period, OneOf(call, kPeriods));
  std::string subject = call.Text("--" + scope);
  if (scope == "company" || subject == kEach) subject.clear();
  const std::string text = call.Text("--" + period);
  int64_t limit = 0;
  if (call.Has("--tokens")) {
    const auto digits = text.find_first_not_of("0123456789");
    if (text.empty() || digits != std::string::npos || text.size() > 18) {
      return Error(Code::kInvalid,
                   fmt::format("--{}: must be a number of tokens, not \"{}\"",
                               period, text));
    }
    limit = std::stoll(text);
  } else {
    auto dollars = policy::ParseDollars(text);
    if (!dollars.ok()) {
      return std::move(dollars).error().Within("--" + period);
    }
    limit = *dollars;
  }
  JsonWriter body;
  body.BeginObject()
      .Field("scope", scope)
      .Field("subject", subject)
      .Field("unit", call.Has("--tokens") ? "tokens" : "dollars")
      .Field("period", period)
      .Field("limit", limit)
      .FieldIfSet("ask", call.Text("--ask"))
      .EndObject();
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(const std::string answer,
             admin->Call("POST", "budget", body.text()));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(const JsonDocument cap, JsonDocument::Parse(answer));
  std::string before;
  if (const auto was = cap["before"].Int()) {
    before = fmt::format(" (was {})", Amount(cap.root(), *was));
  }
  PrintLine(fmt::format("{}  {}  {}{}", cap["id"].StringOrEmpty(),
                        Subject(cap.root()), Limit(cap.root()), before));
  return 0;
}

void AddCap(const JsonValue& cap, TextTable* table) {
  const std::string id(cap["id"].StringOrEmpty());
  const bool given = id == "default";
  const std::string renews =
      std::string(cap["renews"].StringOrEmpty().substr(0, 10));
  const auto states = cap["states"].Elements();
  // One line where the cap is one budget, else one for each subject below it.
  const bool one = !cap["name"].StringOrEmpty().empty() ||
                   cap["scope"].StringOrEmpty() == "company";
  std::vector<std::string> cells = {given ? "(configuration)" : id,
                                    Subject(cap), Limit(cap)};
  const auto amounts = [&](const JsonValue& state) {
    for (const char* name : {"spent", "reserved", "left"}) {
      cells.push_back(Amount(cap, state[name].Int().value_or(0)));
    }
  };
  if (one && !cap["hidden"].Bool().value_or(false)) {
    if (states.empty()) {
      const int64_t limit = cap["limit"].Int().value_or(0);
      for (int64_t amount : {int64_t{0}, int64_t{0}, limit}) {
        cells.push_back(Amount(cap, amount));
      }
    } else {
      amounts(states.front());
    }
  } else {
    cells.insert(cells.end(), 3, "-");
  }
  cells.push_back(renews.empty() ? "never" : renews);
  table->Row(cells);
  if (one) return;
  for (size_t i = 0; i < states.size() && i < kStatesShown; ++i) {
    cells = {"", fmt::format("  {}", states[i]["name"].StringOrEmpty()), ""};
    amounts(states[i]);
    cells.emplace_back();
    table->Row(cells);
  }
}

Result<int> List(const Invocation& call) {
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(const std::string answer, admin->Call("GET", "budget"));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(const JsonDocument list, JsonDocument::Parse(answer));
  TextTable table;
  table.Column("id", Align::kLeft).Column("budget", Align::kLeft);
  table.Column("cap", Align::kLeft);
  for (const char* title : {"spent", "reserved", "left", "renews"}) {
    table.Column(title, Align::kRight);
  }
  bool hidden = false;
  for (const JsonValue& cap : list["caps"].Elements()) {
    AddCap(cap, &table);
    hidden = hidden || cap["hidden"].Bool().value_or(false);
  }
  Print(table.Text());
  for (const JsonValue& cap : list["caps"].Elements()) {
    const int64_t over = cap["over_80"].Int().value_or(0);
    if (over > 0) {
      Say(fmt::format("{}, {}: {} of {} at 80 % or more, {} at 100 %.",
                      Subject(cap), Limit(cap), Grouped(over),
                      Grouped(cap["subjects"].Int().value_or(0)),
                      Grouped(cap["over_100"].Int().value_or(0))));
    }
  }
  if (hidden) {
    Say("What single people have spent is shown with [privacy] individuals = "
        "true only.");
  }
  return 0;
}

Result<int> Remove(const Invocation& call) {
  JsonWriter body;
  body.BeginObject().Field("id", call.positional()).EndObject();
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(const std::string answer,
             admin->Call("POST", "budget/remove", body.text()));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(const JsonDocument cap, JsonDocument::Parse(answer));
  PrintLine(fmt::format("{}  {}  {}  removed", cap["id"].StringOrEmpty(),
                        Subject(cap.root()), Limit(cap.root())));
  return 0;
}

std::vector<Flag> SetFlags() {
  return {
      {"--company", Takes::kNothing, "cap the whole company"},
      {"--team", Takes::kText, "cap a team, or each"},
      {"--person", Takes::kText, "cap a person (address or id), or each"},
      {"--key", Takes::kText, "cap a key (id or first characters), or each"},
      {"--repo", Takes::kText, "cap a repository (its remote), or each"},
      {"--purpose", Takes::kText, "cap a purpose, or each"},
      {"--day", Takes::kText, "so many dollars a day"},
      {"--week", Takes::kText, "so many dollars a week from Monday, UTC"},
      {"--month", Takes::kText, "so many dollars a calendar month"},
      {"--total", Takes::kText, "so many dollars in total"},
      {"--tokens", Takes::kNothing, "count tokens instead of dollars"},
      {"--ask", Takes::kText, "whom a refused engineer shall ask"},
      kJson,
  };
}

}  // namespace

std::vector<Command> BudgetCommands() {
  return {
      {"budget set",
       "cap what somebody may use, e.g. --person ADDRESS --month 1500",
       {},
       SetFlags(),
       false,
       Set},
      {"budget list",
       "list caps: spent, reserved, left, and when they renew",
       {},
       {kJson},
       false,
       List},
      {"budget remove",
       "take a cap away",
       {{"ID", Count::kOne, "as budget list prints it"}},
       {kJson},
       false,
       Remove},
  };
}

}  // namespace cofferdam::cli
