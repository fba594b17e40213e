#include <fmt/format.h>

#include <utility>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/context.h"

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;
using Count = Positional::Count;

const Flag kJson = {"--json", Takes::kNothing, "print JSON"};

// Makes a call and prints its answer as JSON, or as the line of it.
Result<int> Change(const Invocation& call, const std::string& path,
                   const std::string& body,
                   const std::function<std::string(const JsonValue&)>& line) {
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(std::string answer, admin->Call("POST", path, body));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(JsonDocument changed, JsonDocument::Parse(answer));
  PrintLine(line(changed.root()));
  return 0;
}

std::string PersonText(const JsonValue& person) {
  return fmt::format("{}  {}  team {}", person["id"].StringOrEmpty(),
                     person["email"].StringOrEmpty(),
                     person["team"].StringOrEmpty());
}

Result<int> AddPerson(const Invocation& call) {
  JsonWriter body;
  body.BeginObject()
      .Field("email", call.positional())
      .Field("team", call.Text("--team"))
      .EndObject();
  return Change(call, "person", body.text(), PersonText);
}

Result<int> MovePerson(const Invocation& call) {
  JsonWriter body;
  body.BeginObject()
      .Field("person", call.positional())
      .Field("team", call.Text("--team"))
      .EndObject();
  return Change(call, "person/move", body.text(), PersonText);
}

Result<int> ErasePerson(const Invocation& call) {
  JsonWriter body;
  body.BeginObject().Field("person", call.positional()).EndObject();
  return Change(call, "person/erase", body.text(), [](const JsonValue& person) {
    return fmt::format("{}  erased {}; keys revoked, the id stays",
                       person["id"].StringOrEmpty(),
                       person["erased_at"].StringOrEmpty());
  });
}

std::string TeamText(const JsonValue& team) {
  const std::string_view parent = team["parent"].StringOrEmpty();
  return parent.empty() ? std::string(team["name"].StringOrEmpty())
                        : fmt::format("{}  below {}",
                                      team["name"].StringOrEmpty(), parent);
}

Result<int> AddTeam(const Invocation& call) {
  JsonWriter body;
  body.BeginObject()
      .Field("name", call.positional())
      .FieldIfSet("parent", call.Text("--parent"))
      .EndObject();
  return Change(call, "team", body.text(), TeamText);
}

Result<int> MoveTeam(const Invocation& call) {
  if (call.Has("--top") == call.Has("--parent")) {
    return Error(Code::kInvalid,
                 "team move: say --parent TEAM, or --top for none");
  }
  JsonWriter body;
  body.BeginObject()
      .Field("name", call.positional())
      .FieldIfSet("parent", call.Text("--parent"))
      .EndObject();
  return Change(call, "team/move", body.text(), TeamText);
}

// Prints the rows of a list as JSON, or one line for each.
Result<int> List(const Invocation& call, const std::string& path,
                 std::string_view member,
                 const std::function<std::string(const JsonValue&)>& line) {
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(std::string answer, admin->Call("GET", path));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(JsonDocument list, JsonDocument::Parse(answer));
  for (const JsonValue& row : list[member].Elements()) PrintLine(line(row));
  return 0;
}

Result<int> ListPersons(const Invocation& call) {
  return List(call, "person", "persons", [](const JsonValue& row) {
    return fmt::format(
        "{}  {:<32}  {}", row["id"].StringOrEmpty(),
        row["erased_at"].present() ? "(erased)" : row["email"].StringOrEmpty(),
        row["team"].StringOrEmpty());
  });
}

// The tree, each team below its parent and indented.
void PrintTeams(const std::vector<JsonValue>& teams, std::string_view parent,
                const std::string& indent) {
  for (const JsonValue& team : teams) {
    if (team["parent"].StringOrEmpty() != parent) continue;
    PrintLine(fmt::format("{}{}", indent, team["name"].StringOrEmpty()));
    PrintTeams(teams, team["name"].StringOrEmpty(), indent + "  ");
  }
}

Result<int> ListTeams(const Invocation& call) {
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  TRY_ASSIGN(std::string answer, admin->Call("GET", "team"));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(JsonDocument list, JsonDocument::Parse(answer));
  PrintTeams(list["teams"].Elements(), "", "");
  return 0;
}

Result<int> CreateKey(const Invocation& call) {
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  JsonWriter body;
  body.BeginObject()
      .Field("person", call.Text("--person"))
      .FieldIfSet("role", call.Text("--role"))
      .FieldIfSet("expires_days", call.Number("--expires-days"))
      .EndObject();
  TRY_ASSIGN(std::string answer, admin->Call("POST", "key", body.text()));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(JsonDocument key, JsonDocument::Parse(answer));
  Say(
      fmt::format("Key {} ({}) for {}. It is shown this once; only its hash is "
                  "kept.",
                  key["id"].StringOrEmpty(), key["role"].StringOrEmpty(),
                  key["person"].StringOrEmpty()));
  PrintLine(key["secret"].StringOrEmpty());
  return 0;
}

Result<int> ListKeys(const Invocation& call) {
  return List(call, "key", "keys", [](const JsonValue& row) {
    std::string state = "active";
    if (row["revoked_at"].present()) {
      state = fmt::format("revoked {}", row["revoked_at"].StringOrEmpty());
    } else if (row["expires_at"].present()) {
      state = fmt::format("until {}", row["expires_at"].StringOrEmpty());
    }
    return fmt::format("{}  {}…  {:<8}  {:<32}  {}", row["id"].StringOrEmpty(),
                       row["prefix"].StringOrEmpty(),
                       row["role"].StringOrEmpty(),
                       row["person"].StringOrEmpty(), state);
  });
}

Result<int> RevokeKey(const Invocation& call) {
  TRY_ASSIGN(auto admin, OpenAdmin(call));
  JsonWriter body;
  body.BeginObject().Field("key", call.positional()).EndObject();
  TRY_ASSIGN(std::string answer,
             admin->Call("POST", "key/revoke", body.text()));
  TRY(admin->Close());
  if (call.json()) {
    PrintLine(answer);
    return 0;
  }
  TRY_ASSIGN(JsonDocument key, JsonDocument::Parse(answer));
  PrintLine(fmt::format(
      "{}  {}…  {} {}", key["id"].StringOrEmpty(),
      key["prefix"].StringOrEmpty(),
      key["already"].Bool().value_or(false) ? "had been revoked" : "revoked",
      key["revoked_at"].StringOrEmpty()));
  return 0;
}

}  // namespace

std::vector<Command> PeopleCommands() {
  return {
      {"person add",
       "add a person who may use models",
       {{"EMAIL", Count::kOne, "the person's address"}},
       {{"--team", Takes::kText, "the team; made when it is new", true}, kJson},
       false,
       AddPerson},
      {"person list", "list people", {}, {kJson}, false, ListPersons},
      {"person move",
       "put a person in another team",
       {{"PERSON", Count::kOne, "address or id"}},
       {{"--team", Takes::kText, "the team; made when it is new", true}, kJson},
       false,
       MovePerson},
      {"person erase",
       "forget a person's address and end their keys; records keep the id",
       {{"PERSON", Count::kOne, "address or id"}},
       {kJson},
       false,
       ErasePerson},
      {"team add",
       "add a team",
       {{"TEAM", Count::kOne, "a-z, 0-9 and '-'"}},
       {{"--parent", Takes::kText, "the team it belongs to"}, kJson},
       false,
       AddTeam},
      {"team list",
       "list teams, each below its parent",
       {},
       {kJson},
       false,
       ListTeams},
      {"team move",
       "put a team below another one",
       {{"TEAM", Count::kOne, "the team"}},
       {{"--parent", Takes::kText, "the team it belongs to from now on"},
        {"--top", Takes::kNothing, "it belongs to none"},
        kJson},
       false,
       MoveTeam},
      {"key create",
       "make a key; its secret is printed once, on stdout",
       {},
       {{"--person", Takes::kText, "whose key it is (address)", true},
        {"--role", Takes::kText,
         "engineer (default), reader, viewer, approver, operator "
         "or owner"},
        {"--expires-days", Takes::kNumber, "days until it ends, 1 to 3650"},
        kJson},
       false,
       CreateKey},
      {"key list",
       "list keys, without their secrets",
       {},
       {kJson},
       false,
       ListKeys},
      {"key revoke",
       "end a key and the session keys it minted",
       {{"KEY", Count::kOne, "id, or first characters of the secret"}},
       {kJson},
       false,
       RevokeKey},
  };
}

}  // namespace cofferdam::cli
