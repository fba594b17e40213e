#include <utility>

#include "console/api_internal.h"

namespace cofferdam::console {
namespace {

void WriteTeam(JsonWriter* json, const policy::Team& team) {
  json->BeginObject()
      .Field("name", team.name)
      .FieldIfSet("parent", team.parent);
  WriteTime(json, "created_at", team.created_at_micros);
  json->EndObject();
}

using Change = Result<policy::Team> (policy::Store::*)(std::string_view,
                                                       std::string_view,
                                                       std::string_view);

Result<std::string> ChangeTeam(Stores& stores, const ApiRequest& request,
                               Change change) {
  TRY_ASSIGN(JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(std::string_view name, Text(body, "name"));
  TRY_ASSIGN(std::string_view parent, Text(body, "parent"));
  TRY_ASSIGN(policy::Team team,
             (stores.policy().*change)(name, parent, request.actor));
  JsonWriter json;
  WriteTeam(&json, team);
  return std::move(json).Take();
}

}  // namespace

Result<std::string> AddTeam(Stores& stores, const ApiRequest& request) {
  return ChangeTeam(stores, request, &policy::Store::AddTeam);
}

Result<std::string> MoveTeam(Stores& stores, const ApiRequest& request) {
  return ChangeTeam(stores, request, &policy::Store::MoveTeam);
}

Result<std::string> ListTeams(Stores& stores, const ApiRequest&) {
  auto tree = stores.policy().directory()->teams();
  JsonWriter json;
  json.BeginObject().Key("teams").BeginArray();
  for (const policy::Team& team : tree->teams()) WriteTeam(&json, team);
  json.EndArray().EndObject();
  return std::move(json).Take();
}

}  // namespace cofferdam::console
