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
const Flag kReason = {"--reason", Takes::kText,
                      "why; the person who asked reads it, the audit keeps it",
                      true};

std::string_view TextOf(const JsonValue& value, std::string_view name,
                        std::string_view otherwise) {
  std::string_view text = value[name].StringOrEmpty();
  return text.empty() ? otherwise : text;
}

std::string Time(const JsonValue& approval, std::string_view name) {
  return TimeText(approval[name].StringOrEmpty());
}

// Who granted it so far, for approvals that take two.
std::string Approvers(const JsonValue& approval) {
  std::string text;
  for (const JsonValue& vote : approval["approvers"].Elements()) {
    text += fmt::format("{}{}", text.empty() ? "" : ", ",
                        vote["by"].StringOrEmpty());
  }
  return text;
}

// What a grant covers, as one line.
std::string GrantText(const JsonValue& approval) {
  JsonValue grant = approval["grant"];
  const auto part = [&](std::string_view name, std::string_view unknown) {
    return grant[name].present()
               ? fmt::format("{} {}", name, TextOf(grant, name, unknown))
               : fmt::format("any {}", name);
  };
  std::string who(grant["person"].StringOrEmpty());
  if (grant["team"].present()) {
    who += fmt::format(" and team {}", grant["team"].StringOrEmpty());
  }
  return fmt::format("{}, {}, {}, {}, purpose {}, rule {}", who,
                     part("tool", "unknown"), part("provider", "unknown"),
                     part("repo", "none"), TextOf(grant, "purpose", "none"),
                     grant["rule"].StringOrEmpty());
}

void PrintAsked(const JsonValue& approval) {
  PrintLine(fmt::format("{}  {}  {} (team {})", approval["id"].StringOrEmpty(),
                        approval["state"].StringOrEmpty(),
                        approval["person"].StringOrEmpty(),
                        TextOf(approval, "team", "none")));
  PrintLine(fmt::format("  wants    {} with {} of {} (contract {})",
                        TextOf(approval, "tool", "an unknown tool"),
                        TextOf(approval, "model", "any model"),
                        approval["provider"].StringOrEmpty(),
                        approval["contract"].StringOrEmpty()));
  PrintLine(fmt::format("  where    {}, purpose {}",
                        TextOf(approval, "repo", "outside of repositories"),
                        TextOf(approval, "purpose", "not named")));
  PrintLine(fmt::format("  rule     {}{}", approval["rule"].StringOrEmpty(),
                        approval["four_eyes"].Bool().value_or(false)
                            ? ", takes two people"
                            : ""));
  PrintLine(fmt::format("  since    {}, expires {}",
                        Time(approval, "opened_at"),
                        Time(approval, "expires_at")));
}

void PrintApproval(const JsonValue& approval) {
  PrintAsked(approval);
  const std::string_view state = approval["state"].StringOrEmpty();
  if (approval["grant"].present()) {
    const bool holds = state == "open" || state == "granted";
    PrintLine(fmt::format("  {}  {}", holds ? "allows " : "allowed",
                          GrantText(approval)));
    PrintLine(fmt::format("  said yes {}", Approvers(approval)));
  }
  if (approval["answer"].present()) {
    PrintLine(fmt::format(
        "  {:<8} {} by {}, until {}: {}", approval["answer"].StringOrEmpty(),
        Time(approval, "settled_at"), approval["settled_by"].StringOrEmpty(),
        Time(approval, "until"), approval["reason"].StringOrEmpty()));
  }
  if (state == "open") {
    PrintLine(fmt::format("  grant    cofferdam approval grant {} --reason …{}",
                          approval["id"].StringOrEmpty(),
                          approval["four_eyes"].Bool().value_or(false)
                              ? " --admin URL, with a key of your own"
                              : ""));
  }
}

Result<int> List(const Invocation& call) {
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(std::string answer, admin->Call("GET", "approval", "",
                                             call.Has("--all") ? "all=1" : ""));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(JsonDocument list, JsonDocument::Parse(answer));
  for (const JsonValue& approval : list["approvals"].Elements()) {
    PrintApproval(approval);
  }
  if (list["approvals"].Elements().empty() && !call.Has("--all")) {
    Say("No approval waits for an answer.");
  }
  return 0;
}

Result<int> Show(const Invocation& call) {
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(std::string answer,
             admin->Call("GET", "approval/" + call.positional()));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(JsonDocument approval, JsonDocument::Parse(answer));
  PrintApproval(approval.root());
  return 0;
}

Status AddFor(const Invocation& call, JsonWriter* body) {
  if (!call.Has("--for")) return {};
  TRY_ASSIGN(int64_t seconds, ParseDuration("--for", call.Text("--for")));
  body->Field("for_seconds", seconds);
  return {};
}

Result<int> Settle(const Invocation& call, const std::string& path,
                   const JsonWriter& body) {
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(std::string answer, admin->Call("POST", path, body.text()));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(JsonDocument approval, JsonDocument::Parse(answer));
  const JsonValue root = approval.root();
  const std::string_view state = root["state"].StringOrEmpty();
  if (state == "granted") {
    PrintLine(fmt::format("{}  granted until {}: {}",
                          root["id"].StringOrEmpty(), Time(root, "until"),
                          GrantText(root)));
  } else if (state == "denied") {
    PrintLine(fmt::format("{}  denied until {}", root["id"].StringOrEmpty(),
                          Time(root, "until")));
  } else {
    PrintLine(fmt::format("{}  open: {} said yes, somebody else must, too",
                          root["id"].StringOrEmpty(), Approvers(root)));
  }
  return 0;
}

Result<int> Grant(const Invocation& call) {
  JsonWriter body;
  body.BeginObject()
      .Field("id", call.positional())
      .Field("reason", call.Text("--reason"))
      .FieldIfSet("repo", call.Has("--any-repo") ? "*" : call.Text("--repo"));
  if (call.Has("--team")) body.Field("team", true);
  if (call.Has("--any-tool")) body.Field("any_tool", true);
  if (call.Has("--any-provider")) body.Field("any_provider", true);
  TRY(AddFor(call, &body));
  body.EndObject();
  return Settle(call, "approval/grant", body);
}

Result<int> Deny(const Invocation& call) {
  JsonWriter body;
  body.BeginObject()
      .Field("id", call.positional())
      .Field("reason", call.Text("--reason"));
  TRY(AddFor(call, &body));
  body.EndObject();
  return Settle(call, "approval/deny", body);
}

}  // namespace

std::vector<Command> ApprovalCommands() {
  const Positional id = {"ID", Count::kOne, "the approval, as list shows it"};
  return {
      {"approval list",
       "list the requests that wait for somebody's yes",
       {},
       {{"--all", Takes::kNothing, "those that were answered, too"}, kJson},
       false,
       List},
      {"approval show",
       "print one request and its answer",
       {id},
       {kJson},
       false,
       Show},
      {"approval grant",
       "allow what was asked for, or more, for a time",
       {id},
       {kReason,
        {"--for", Takes::kText, "how long, as in 2h or 7d (default 24h)"},
        {"--team", Takes::kNothing, "allow it to the person's whole team"},
        {"--any-tool", Takes::kNothing, "with any tool"},
        {"--any-provider", Takes::kNothing,
         "with any provider and under any contract"},
        {"--repo", Takes::kText,
         "in these repositories, such as github.com/acme/*"},
        {"--any-repo", Takes::kNothing, "in any repository, and outside"},
        kJson},
       false,
       Grant},
      {"approval deny",
       "refuse a request, or take a grant back, for a time",
       {id},
       {kReason,
        {"--for", Takes::kText,
         "until then nobody is asked again (default: as long as the request "
         "would have waited)"},
        kJson},
       false,
       Deny},
  };
}

}  // namespace cofferdam::cli
