#include <fmt/format.h>

#include <utility>

#include "console/api_internal.h"

namespace cofferdam::console {

using policy::Permission;

namespace {

void WritePerson(JsonWriter* json, const policy::Person& person) {
  json->BeginObject()
      .Field("id", person.id)
      .Field("email", person.email)
      .Field("team", person.team);
  WriteTime(json, "created_at", person.created_at_micros);
  WriteTime(json, "erased_at", person.erased_at_micros);
  json->EndObject();
}

void WriteKey(JsonWriter* json, const policy::Key& key,
              std::string_view secret) {
  json->BeginObject()
      .Field("id", key.id)
      .Field("prefix", key.prefix)
      .FieldIfSet("secret", secret)
      .Field("role", policy::RoleName(key.role))
      .Field("person", key.email);
  WriteTime(json, "created_at", key.created_at_micros);
  WriteTime(json, "expires_at", key.expires_at_micros);
  WriteTime(json, "revoked_at", key.revoked_at_micros);
  json->EndObject();
}

}  // namespace

Result<std::string> AddPerson(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(std::string_view email, Text(body, "email"));
  TRY_ASSIGN(std::string_view team, Text(body, "team"));
  auto person = stores.policy().AddPerson(email, team, request.actor);
  if (!person.ok()) {
    return std::move(person).error().Within(fmt::format("add \"{}\"", email));
  }
  JsonWriter json;
  WritePerson(&json, *person);
  return std::move(json).Take();
}

Result<std::string> ListPersons(Stores& stores, const ApiRequest&) {
  TRY_ASSIGN(std::vector<policy::Person> persons,
             stores.policy().ListPersons());
  JsonWriter json;
  json.BeginObject().Key("persons").BeginArray();
  for (const policy::Person& person : persons) WritePerson(&json, person);
  json.EndArray().EndObject();
  return std::move(json).Take();
}

Result<std::string> MovePerson(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(std::string_view who, Text(body, "person"));
  TRY_ASSIGN(std::string_view team, Text(body, "team"));
  TRY_ASSIGN(policy::Person person,
             stores.policy().MovePerson(who, team, request.actor));
  JsonWriter json;
  WritePerson(&json, person);
  return std::move(json).Take();
}

Result<std::string> ErasePerson(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(std::string_view who, Text(body, "person"));
  TRY_ASSIGN(policy::Person person, stores.policy().FindPerson(who));
  TRY(stores.policy().ErasePerson(person.id, request.actor));
  TRY_ASSIGN(person, stores.policy().FindPerson(person.id));
  JsonWriter json;
  WritePerson(&json, person);
  return std::move(json).Take();
}

Result<std::string> CreateKey(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(std::string_view name, Text(body, "role"));
  std::optional<policy::Role> role =
      name.empty() ? policy::Role::kEngineer : policy::ParseRole(name);
  if (!role) {
    return Error(Code::kInvalid,
                 name == "admin"
                     ? std::string("role: \"admin\" is called owner now")
                     : fmt::format("role: unknown \"{}\", must be {}", name,
                                   policy::RoleNames()));
  }
  if (role != policy::Role::kEngineer) {
    TRY(Require(request, Permission::kOwn));
  }
  TRY_ASSIGN(std::string_view person, Text(body, "person"));
  TRY_ASSIGN(std::optional<int64_t> days, Number(body, "expires_days"));
  TRY_ASSIGN(policy::CreatedKey created,
             stores.policy().CreateKey(person, *role, days, request.actor));
  JsonWriter json;
  WriteKey(&json, created.key, created.secret);
  return std::move(json).Take();
}

Result<std::string> ListKeys(Stores& stores, const ApiRequest&) {
  TRY_ASSIGN(std::vector<policy::Key> keys, stores.policy().ListKeys());
  JsonWriter json;
  json.BeginObject().Key("keys").BeginArray();
  for (const policy::Key& key : keys) WriteKey(&json, key, "");
  json.EndArray().EndObject();
  return std::move(json).Take();
}

Result<std::string> RevokeKey(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(std::string_view which, Text(body, "key"));
  // Whoever administers is ended by an owner only.
  policy::RevokeScope scope = Require(request, Permission::kOwn).ok()
                                  ? policy::RevokeScope::kEveryKey
                                  : policy::RevokeScope::kEngineerKeys;
  TRY_ASSIGN(policy::RevokedKey key,
             stores.policy().RevokeKey(which, request.actor, scope));
  JsonWriter json;
  json.BeginObject()
      .Field("id", key.id)
      .Field("prefix", key.prefix)
      .Field("kind", policy::KeyKindName(key.kind))
      .Field("already", key.already);
  WriteTime(&json, "revoked_at", key.revoked_at_micros);
  json.EndObject();
  return std::move(json).Take();
}

}  // namespace cofferdam::console
