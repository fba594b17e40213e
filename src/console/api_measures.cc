#include <fmt/format.h>

#include <utility>
#include <vector>

#include "base/clock.h"
#include "console/api_internal.h"

namespace cofferdam::console {
namespace {

using policy::Measure;
using policy::Measures;
using policy::Scope;

void WriteScope(JsonWriter* json, Stores& stores, const Scope& scope) {
  json->Key("scope").BeginObject();
  if (!scope.person.empty()) {
    json->Field("person", NameOfPerson(stores, scope.person));
  }
  json->FieldIfSet("team", scope.team)
      .FieldIfSet("tool", scope.tool)
      .FieldIfSet("provider", scope.provider)
      .FieldIfSet("model", scope.model)
      .FieldIfSet("contract", scope.contract)
      .FieldIfSet("repo", scope.repo)
      .FieldIfSet("purpose", scope.purpose)
      .EndObject();
}

void WriteMeasure(JsonWriter* json, Stores& stores, const Measure& measure,
                  int64_t now_micros) {
  json->BeginObject()
      .Field("id", measure.id)
      .Field("kind", MeasureKindName(measure.kind))
      .Field("in_force", measure.InForceAt(now_micros));
  WriteScope(json, stores, measure.scope);
  json->Field("reason", measure.reason)
      .Field("by", NameOfActor(stores, measure.actor));
  WriteTime(json, "created_at", measure.created_at_micros);
  WriteTime(json, "until", measure.until_micros);
  if (measure.resumed_at_micros) {
    WriteTime(json, "resumed_at", measure.resumed_at_micros);
    json->Field("resumed_by", NameOfActor(stores, measure.resumed_by));
  }
  json->EndObject();
}

std::string MeasuresJson(Stores& stores, const std::vector<Measure>& measures) {
  const int64_t now = SystemClock().WallMicros();
  JsonWriter json;
  json.BeginObject().Key("measures").BeginArray();
  for (const Measure& measure : measures) {
    WriteMeasure(&json, stores, measure, now);
  }
  json.EndArray().EndObject();
  return std::move(json).Take();
}

// Its scope, with the person as the opaque id.
Result<Scope> ReadScope(Stores& stores, const JsonDocument& body) {
  Scope scope;
  const struct {
    const char* name;
    std::string* value;
  } members[] = {{"person", &scope.person}, {"team", &scope.team},
                 {"tool", &scope.tool},     {"provider", &scope.provider},
                 {"model", &scope.model},   {"contract", &scope.contract},
                 {"repo", &scope.repo},     {"purpose", &scope.purpose}};
  for (const auto& member : members) {
    TRY_ASSIGN(*member.value, Text(body, member.name));
  }
  if (!scope.person.empty()) {
    TRY_ASSIGN(policy::Person person, stores.policy().FindPerson(scope.person));
    scope.person = person.id;
  }
  // A slip of the pen would stop nobody, and nobody would see it.
  if (!scope.team.empty() &&
      stores.policy().directory()->teams()->Chain(scope.team).empty()) {
    return Error(Code::kNotFound,
                 fmt::format("team {}: not known; `cofferdam team list` shows "
                             "all",
                             scope.team));
  }
  TRY_ASSIGN(bool everything, Truth(body, "everything"));
  if (everything != scope.empty()) {
    return Error(Code::kInvalid,
                 scope.empty()
                     ? "name what is meant: person, team, tool, provider, "
                       "model, contract, repo, purpose, or everything"
                     : "everything: leaves no room for another name");
  }
  return scope;
}

Result<std::string> Order(Stores& stores, const ApiRequest& request,
                          policy::MeasureKind kind) {
  TRY_ASSIGN(JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(Scope scope, ReadScope(stores, body));
  TRY_ASSIGN(std::string_view reason, Text(body, "reason"));
  TRY_ASSIGN(std::optional<int64_t> until, Until(body));
  Measures& measures = stores.policy().measures();
  TRY_ASSIGN(Measure measure,
             kind == policy::MeasureKind::kPause
                 ? measures.Pause(scope, reason, until, request.actor)
                 : measures.Kill(scope, reason, until, request.actor));
  JsonWriter json;
  WriteMeasure(&json, stores, measure, measure.created_at_micros);
  return std::move(json).Take();
}

}  // namespace

Result<std::string> ListMeasures(Stores& stores, const ApiRequest& request) {
  const bool all = QueryText(request.query, "all") == "1";
  TRY_ASSIGN(std::vector<Measure> measures,
             stores.policy().measures().List(all ? Measures::Which::kAll
                                                 : Measures::Which::kInForce));
  return MeasuresJson(stores, measures);
}

Result<std::string> Pause(Stores& stores, const ApiRequest& request) {
  return Order(stores, request, policy::MeasureKind::kPause);
}

Result<std::string> Kill(Stores& stores, const ApiRequest& request) {
  return Order(stores, request, policy::MeasureKind::kKill);
}

Result<std::string> Resume(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(std::string_view id, Text(body, "id"));
  Measures& measures = stores.policy().measures();
  if (!id.empty()) {
    TRY_ASSIGN(Measure ended, measures.Resume(id, request.actor));
    return MeasuresJson(stores, {std::move(ended)});
  }
  TRY_ASSIGN(Scope scope, ReadScope(stores, body));
  TRY_ASSIGN(std::vector<Measure> ended, measures.Resume(scope, request.actor));
  return MeasuresJson(stores, ended);
}

}  // namespace cofferdam::console
