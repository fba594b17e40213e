#include "console/api.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/ulid.h"

namespace cofferdam::console {
namespace {

constexpr int64_t kListMax = 10'000;
// How long index/build waits for the indexer.
constexpr int64_t kFlushTimeoutMs = 600'000;

// Members of a request's body. Absent ones are empty; of another type they are
// refused, so that a slip of the pen is not taken for leaving them out.
Result<std::string_view> Text(const JsonDocument& body, std::string_view name) {
  JsonValue value = body[name];
  if (!value.present()) return std::string_view();
  if (auto text = value.String()) return *text;
  return Error(Code::kInvalid, fmt::format("{}: must be a string", name));
}

Result<std::optional<int64_t>> Number(const JsonDocument& body,
                                      std::string_view name) {
  JsonValue value = body[name];
  if (!value.present()) return std::optional<int64_t>();
  if (auto number = value.Int()) return number;
  return Error(Code::kInvalid, fmt::format("{}: must be a whole number", name));
}

std::string_view QueryValue(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.size() > name.size() && pair.starts_with(name) &&
        pair[name.size()] == '=') {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

Result<int64_t> QueryNumber(std::string_view query, std::string_view name,
                            int64_t fallback, int64_t max) {
  std::string_view text = QueryValue(query, name);
  if (text.empty()) return fallback;
  int64_t number = 0;
  auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0 ||
      number > max) {
    return Error(Code::kInvalid, fmt::format("{}: must be a number from 0 to "
                                             "{}, not \"{}\"",
                                             name, max, text));
  }
  return number;
}

void WriteTime(JsonWriter* json, std::string_view name,
               std::optional<int64_t> micros) {
  if (micros) json->Field(name, FormatTime(*micros));
}

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

Result<std::string> CreateKey(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(std::string_view name, Text(body, "role"));
  std::optional<policy::Role> role =
      name.empty() ? policy::Role::kEngineer : policy::ParseRole(name);
  if (!role) {
    return Error(Code::kInvalid,
                 fmt::format("role: unknown \"{}\", must be engineer, reader "
                             "or admin",
                             name));
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
  TRY_ASSIGN(policy::RevokedKey key,
             stores.policy().RevokeKey(which, request.actor));
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

// A record with the address of its person beside it, which only policy knows.
void WriteExchange(JsonWriter* json, Stores& stores,
                   const ledger::Exchange& exchange) {
  std::string record = ledger::ToJson(exchange);
  auto person = stores.policy().directory()->FindPerson(exchange.origin.person);
  if (person && !person->email.empty()) {
    record.pop_back();
    record += ",\"person_email\":";
    AppendJsonString(person->email, &record);
    record.push_back('}');
  }
  json->Raw(record);
}

Result<std::string> ListExchanges(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(int64_t limit, QueryNumber(request.query, "limit", 100, kListMax));
  ledger::Ledger& ledger = stores.ledger();
  int64_t last = static_cast<int64_t>(ledger.last_sequence());
  // Without a start, the newest ones.
  TRY_ASSIGN(int64_t after,
             QueryNumber(request.query, "after",
                         std::max<int64_t>(0, last - limit), INT64_MAX));
  JsonWriter json;
  json.BeginObject().Field("last_sequence", last).Key("exchanges").BeginArray();
  TRY(ledger.Scan(static_cast<uint64_t>(after) + 1, static_cast<size_t>(limit),
                  [&](const ledger::Exchange& exchange) {
                    WriteExchange(&json, stores, exchange);
                    return true;
                  }));
  json.EndArray().EndObject();
  return std::move(json).Take();
}

Result<std::string> ShowExchange(Stores& stores, std::string_view id_text) {
  TRY_ASSIGN(Ulid id, Ulid::Parse(id_text));
  auto exchange = stores.ledger().Get(id);
  if (!exchange.ok()) {
    return std::move(exchange).error().Within(
        fmt::format("exchange {}", id_text));
  }
  JsonWriter json;
  WriteExchange(&json, stores, *exchange);
  return std::move(json).Take();
}

// The text of an output is people's work: reading it takes a reason and leaves
// a row in the audit before the text leaves the store.
Result<std::string> ReadText(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(std::string_view id_text, Text(body, "exchange"));
  TRY_ASSIGN(std::string_view reason, Text(body, "reason"));
  TRY_ASSIGN(std::optional<int64_t> number, Number(body, "part"));
  TRY_ASSIGN(Ulid id, Ulid::Parse(id_text));
  TRY_ASSIGN(ledger::Exchange exchange, stores.ledger().Get(id));
  int64_t part = number.value_or(-1);
  if (part < 0 || static_cast<size_t>(part) >= exchange.parts.size()) {
    return Error(Code::kNotFound, fmt::format("exchange {} has no part {}",
                                              id.ToString(), part));
  }
  JsonWriter detail;
  detail.BeginObject().Field("part", part).Field("reason", reason).EndObject();
  TRY(stores.policy().AuditRead(id.ToString(), reason, detail.text(),
                                request.actor));
  TRY_ASSIGN(
      std::string text,
      stores.ledger().PartText(exchange.sequence, static_cast<size_t>(part)));
  JsonWriter json;
  json.BeginObject().Field("text", text).EndObject();
  return std::move(json).Take();
}

void WriteUsage(JsonWriter* json, std::string_view name,
                const wire::Usage& usage) {
  json->Key(name)
      .BeginObject()
      .Field("input_tokens", usage.input_tokens)
      .Field("cache_read_tokens", usage.cache_read_tokens)
      .Field("cache_write_5m_tokens", usage.cache_write_5m_tokens)
      .Field("cache_write_1h_tokens", usage.cache_write_1h_tokens)
      .Field("output_tokens", usage.output_tokens)
      .Field("reasoning_tokens", usage.reasoning_tokens)
      .EndObject();
}

Result<std::string> Stat(Stores& stores, const ApiRequest&) {
  ledger::LedgerStats stats = stores.ledger().Stats();
  JsonWriter json;
  json.BeginObject()
      .Field("last_sequence", stats.last_sequence)
      .Field("exchanges", stats.exchanges)
      .Field("claimed", stats.claimed)
      .Field("outputs", stats.outputs)
      .Field("parts", stats.parts)
      .Field("part_bytes", stats.part_bytes)
      .Field("merged", stats.merged)
      .Field("indexed_through", stats.indexed_through)
      .Field("pending_exchanges", stats.pending_exchanges)
      .Field("pending_bytes", stats.pending_bytes)
      .Field("lag_micros", stats.lag_micros)
      .Field("healthy", stats.healthy)
      .Key("models")
      .BeginArray();
  for (const auto& model : stats.models) {
    json.BeginObject()
        .Field("provider", model.provider)
        .Field("model", model.model)
        .Field("exchanges", model.exchanges);
    WriteUsage(&json, "reported", model.reported);
    WriteUsage(&json, "estimated", model.estimated);
    json.EndObject();
  }
  json.EndArray().EndObject();
  return std::move(json).Take();
}

Result<std::string> BuildIndex(Stores& stores, const ApiRequest&) {
  uint64_t through = stores.ledger().last_sequence();
  TRY(stores.indexer().Flush(through, kFlushTimeoutMs));
  TRY_ASSIGN(ledger::SealReport report, stores.sealer().SealNow());
  JsonWriter json;
  json.BeginObject()
      .Field("folder", IndexFolder(stores.folder()))
      .Field("covered_sequence", report.covered_sequence)
      .Field("outputs_added", report.outputs)
      .Field("segments", report.segments)
      .EndObject();
  return std::move(json).Take();
}

struct Call {
  std::string_view method;
  std::string_view path;
  Result<std::string> (*handle)(Stores&, const ApiRequest&);
};

constexpr Call kCalls[] = {
    {"POST", "person", AddPerson},
    {"GET", "person", ListPersons},
    {"POST", "key", CreateKey},
    {"GET", "key", ListKeys},
    {"POST", "key/revoke", RevokeKey},
    {"GET", "ledger/exchange", ListExchanges},
    {"POST", "ledger/text", ReadText},
    {"GET", "ledger/stat", Stat},
    {"POST", "index/build", BuildIndex},
};

}  // namespace

Result<std::string> Api::Handle(const ApiRequest& request) {
  for (const Call& call : kCalls) {
    if (call.method == request.method && call.path == request.path) {
      return call.handle(stores_, request);
    }
  }
  constexpr std::string_view kOne = "ledger/exchange/";
  if (request.method == "GET" && request.path.starts_with(kOne)) {
    return ShowExchange(stores_,
                        std::string_view(request.path).substr(kOne.size()));
  }
  return Error(Code::kNotFound,
               fmt::format("no such call: {} {}{}", request.method, kApiPrefix,
                           request.path));
}

}  // namespace cofferdam::console
