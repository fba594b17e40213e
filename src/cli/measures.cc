#include <fmt/format.h>

#include <utility>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/context.h"
#include "cli/times.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;
using Count = Positional::Count;

const Flag kJson = {"--json", Takes::kNothing, "print JSON"};
constexpr std::string_view kScopeNames[] = {"person",   "team",   "tool",
                                            "provider", "model",  "contract",
                                            "repo",     "purpose"};

std::vector<Flag> ScopeFlags() {
  return {
      {"--person", Takes::kText, "one person (address or id)"},
      {"--team", Takes::kText, "a team and the teams below it"},
      {"--tool", Takes::kText, "a tool, such as claude-code"},
      {"--provider", Takes::kText, "a provider, such as anthropic"},
      {"--model", Takes::kText, "models; * stands for anything"},
      {"--contract", Takes::kText, "a contract of the configuration"},
      {"--repo", Takes::kText, "repositories, such as github.com/acme/*"},
      {"--purpose", Takes::kText, "a purpose, such as training-code"},
      {"--everything", Takes::kNothing, "all requests of everybody"},
  };
}

Result<JsonWriter> ScopeBody(const Invocation& call) {
  JsonWriter body;
  body.BeginObject();
  for (std::string_view name : kScopeNames) {
    const std::string flag = "--" + std::string(name);
    if (call.Has(flag) && call.Text(flag).empty()) {
      return Error(Code::kInvalid, fmt::format("{}: must not be empty", flag));
    }
    body.FieldIfSet(name, call.Text(flag));
  }
  if (call.Has("--everything")) body.Field("everything", true);
  return body;
}

// "team red, tool codex"
std::string ScopeText(const JsonValue& measure) {
  std::string text;
  for (const auto& [name, value] : measure["scope"].Members()) {
    if (!text.empty()) text += ", ";
    text += fmt::format("{} {}", name, value.StringOrEmpty());
  }
  return text.empty() ? "everything" : text;
}

// A line: what is stopped, until when, why, by whom.
std::string LineOf(const JsonValue& measure) {
  std::string end = "until resumed";
  if (measure["resumed_at"].present()) {
    end = fmt::format("resumed {} by {}",
                      TimeText(measure["resumed_at"].StringOrEmpty()),
                      measure["resumed_by"].StringOrEmpty());
  } else if (measure["until"].present()) {
    end = fmt::format("until {}", TimeText(measure["until"].StringOrEmpty()));
  }
  return fmt::format(
      "{}  {:<5}  {}  ({}; since {} by {}): {}", measure["id"].StringOrEmpty(),
      measure["kind"].StringOrEmpty(), ScopeText(measure), end,
      TimeText(measure["created_at"].StringOrEmpty()),
      measure["by"].StringOrEmpty(), measure["reason"].StringOrEmpty());
}

Result<int> PrintMeasures(const Invocation& call, std::string_view answer) {
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(JsonDocument list, JsonDocument::Parse(answer));
  for (const JsonValue& measure : list["measures"].Elements()) {
    PrintLine(LineOf(measure));
  }
  return 0;
}

Result<int> ListMeasures(const Invocation& call) {
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(std::string answer, admin->Call("GET", "measure", "",
                                             call.Has("--all") ? "all=1" : ""));
  TRY(admin->Close());
  return PrintMeasures(call, answer);
}

Result<int> Order(const Invocation& call, const std::string& path) {
  TRY_ASSIGN(JsonWriter body, ScopeBody(call));
  if (call.Text("--reason").empty()) {
    return Error(Code::kInvalid,
                 "--reason: say why; whoever is stopped reads it, and the "
                 "audit keeps it");
  }
  body.Field("reason", call.Text("--reason"));
  if (call.Has("--for")) {
    TRY_ASSIGN(int64_t seconds, ParseDuration("--for", call.Text("--for")));
    body.Field("for_seconds", seconds);
  }
  body.EndObject();
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(std::string answer, admin->Call("POST", path, body.text()));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(JsonDocument measure, JsonDocument::Parse(answer));
  PrintLine(LineOf(measure.root()));
  Say(fmt::format("`cofferdam resume {}` ends it.",
                  measure["id"].StringOrEmpty()));
  return 0;
}

Result<int> Pause(const Invocation& call) {
  return call.Has("--list") ? ListMeasures(call) : Order(call, "pause");
}

Result<int> Kill(const Invocation& call) { return Order(call, "kill"); }

Result<int> Resume(const Invocation& call) {
  TRY_ASSIGN(JsonWriter body, ScopeBody(call));
  const bool by_scope = body.text() != "{";
  if (by_scope != call.positional().empty()) {
    return Error(Code::kInvalid,
                 "resume: name either the ID of a pause or kill, as `cofferdam "
                 "pause --list` shows it, or its scope by the same flags");
  }
  body.FieldIfSet("id", call.positional()).EndObject();
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(std::string answer, admin->Call("POST", "resume", body.text()));
  TRY(admin->Close());
  return PrintMeasures(call, answer);
}

std::vector<Flag> OrderFlags() {
  std::vector<Flag> flags = ScopeFlags();
  flags.push_back({"--reason", Takes::kText,
                   "why; shown to whoever is stopped, kept in the audit"});
  flags.push_back({"--for", Takes::kText,
                   "how long, as in 2h or 1d12h (default: until resumed)"});
  flags.push_back(kJson);
  return flags;
}

}  // namespace

std::vector<Command> MeasureCommands() {
  std::vector<Flag> pause = OrderFlags();
  pause.push_back({"--list", Takes::kNothing,
                   "stop nothing; list the pauses and kills in force"});
  pause.push_back(
      {"--all", Takes::kNothing, "with --list: those that are over, too"});
  std::vector<Flag> resume = ScopeFlags();
  resume.push_back(kJson);
  return {
      {"pause",
       "refuse new requests that fit all of the flags, for now",
       {},
       std::move(pause),
       false,
       Pause},
      {"kill",
       "as pause, and end the streams that run, within a second",
       {},
       OrderFlags(),
       false,
       Kill},
      {"resume",
       "end a pause or kill, or all with the scope of the flags",
       {{"ID", Count::kOptional, "of one, as pause --list shows it"}},
       std::move(resume),
       false,
       Resume},
  };
}

}  // namespace cofferdam::cli
