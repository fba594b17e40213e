#include <fmt/format.h>

#include <utility>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/context.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;
using Count = Positional::Count;

constexpr int64_t kShownByDefault = 20;
constexpr int64_t kShownMax = 10'000;

const Flag kJson = {"--json", Takes::kNothing, "print JSON"};

std::string LineOf(const JsonValue& exchange) {
  JsonValue origin = exchange["origin"];
  JsonValue usage = exchange["usage"];
  std::string_view person = exchange["person_email"].StringOrEmpty();
  return fmt::format(
      "{:>6}  {}  {:<13}  {:<28}  {:<12}  {:<24}  {:>7} out  {}",
      exchange["sequence"].Int().value_or(0), exchange["id"].StringOrEmpty(),
      exchange["outcome"].StringOrEmpty(), origin["model"].StringOrEmpty(),
      origin["tool"].StringOrEmpty(),
      person.empty() ? origin["person"].StringOrEmpty() : person,
      usage["output_tokens"].Int().value_or(0),
      usage["source"].StringOrEmpty());
}

// A JSON object, one member a line, nested ones indented.
void PrintTree(const JsonValue& value, const std::string& indent) {
  for (const auto& [name, member] : value.Members()) {
    if (member.is_object()) {
      PrintLine(fmt::format("{}{}:", indent, name));
      PrintTree(member, indent + "  ");
    } else if (member.is_array() && member.At(0).is_object()) {
      size_t number = 0;
      for (const JsonValue& element : member.Elements()) {
        PrintLine(fmt::format("{}{} {}:", indent, name, number++));
        PrintTree(element, indent + "  ");
      }
    } else {
      JsonWriter text;
      text.BeginArray().Value(member).EndArray();
      std::string_view shown = text.text();
      shown = shown.substr(1, shown.size() - 2);
      if (auto string = member.String()) shown = *string;
      PrintLine(fmt::format("{}{}: {}", indent, name, shown));
    }
  }
}

Result<std::string> PartText(console::Admin& admin, std::string_view exchange,
                             int64_t part, const std::string& reason) {
  JsonWriter body;
  body.BeginObject()
      .Field("exchange", exchange)
      .Field("part", part)
      .Field("reason", reason)
      .EndObject();
  TRY_ASSIGN(std::string answer,
             admin.Call("POST", "ledger/text", body.text()));
  TRY_ASSIGN(JsonDocument json, JsonDocument::Parse(answer));
  return std::string(json["text"].StringOrEmpty());
}

Result<int> ShowOne(const Invocation& call, console::Admin& admin) {
  TRY_ASSIGN(std::string answer,
             admin.Call("GET", "ledger/exchange/" + call.positional()));
  TRY_ASSIGN(JsonDocument exchange, JsonDocument::Parse(answer));
  std::vector<std::string> texts;
  if (call.Has("--text")) {
    size_t parts = exchange["parts"].Elements().size();
    for (size_t part = 0; part < parts; ++part) {
      TRY_ASSIGN(std::string text,
                 PartText(admin, exchange["id"].StringOrEmpty(),
                          static_cast<int64_t>(part), call.Text("--reason")));
      texts.push_back(std::move(text));
    }
  }
  TRY(admin.Close());
  if (call.json()) {
    JsonWriter json;
    json.BeginObject();
    for (const auto& [name, member] : exchange.root().Members()) {
      json.Key(name).Value(member);
    }
    if (call.Has("--text")) {
      json.Key("texts").BeginArray();
      for (const std::string& text : texts) json.String(text);
      json.EndArray();
    }
    json.EndObject();
    PrintLine(json.text());
    return 0;
  }
  PrintTree(exchange.root(), "");
  for (size_t part = 0; part < texts.size(); ++part) {
    PrintLine(fmt::format("--- part {}", part));
    PrintLine(texts[part]);
  }
  return 0;
}

Result<int> Show(const Invocation& call) {
  if (call.Has("--text") && call.Text("--reason").empty()) {
    return Error(Code::kInvalid,
                 "ledger show --text: say why with --reason; the audit keeps "
                 "it");
  }
  if (call.Has("--text") && call.positional().empty()) {
    return Error(Code::kInvalid, "ledger show --text: name one exchange");
  }
  int64_t limit = call.Number("--limit").value_or(kShownByDefault);
  if (limit < 1 || limit > kShownMax) {
    return Error(Code::kInvalid,
                 fmt::format("--limit: must be 1 to {}", kShownMax));
  }
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  if (!call.positional().empty()) return ShowOne(call, *admin);
  TRY_ASSIGN(std::string answer, admin->Call("GET", "ledger/exchange", "",
                                             fmt::format("limit={}", limit)));
  TRY(admin->Close());
  TRY_ASSIGN(JsonDocument list, JsonDocument::Parse(answer));
  for (const JsonValue& exchange : list["exchanges"].Elements()) {
    if (call.json()) {
      JsonWriter json;
      json.Value(exchange);
      PrintLine(json.text());
    } else {
      PrintLine(LineOf(exchange));
    }
  }
  return 0;
}

Result<int> Stat(const Invocation& call) {
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(std::string answer, admin->Call("GET", "ledger/stat"));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(JsonDocument stat, JsonDocument::Parse(answer));
  PrintTree(stat.root(), "");
  return 0;
}

}  // namespace

std::vector<Command> LedgerCommands() {
  return {
      {"ledger show",
       "list the newest exchanges, or print one in full",
       {{"ID", Count::kOptional, "one exchange"}},
       {{"--limit", Takes::kNumber, "how many to list (default 20)"},
        {"--text", Takes::kNothing, "with ID: the text of its parts as well"},
        {"--reason", Takes::kText, "why the text is read; the audit keeps it"},
        kJson},
       false,
       Show},
      {"ledger stat",
       "print what the ledger holds, and usage by model",
       {},
       {kJson},
       false,
       Stat},
  };
}

}  // namespace cofferdam::cli
