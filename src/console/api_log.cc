#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "base/clock.h"
#include "base/ulid.h"
#include "console/api_internal.h"

// The logs: checkpoints, verifying, purging.
namespace cofferdam::console {
namespace {

// How long a purge waits for the indexer.
constexpr int64_t kFlushTimeoutMs = 600'000;

void WriteHead(JsonWriter* json, const seal::TreeHead& head) {
  json->Field("size", head.size)
      .Field("root", ToBase64(head.root, Base64::kStandard));
}

void WriteDifferences(JsonWriter* json,
                      const std::vector<std::string>& differences,
                      uint64_t count) {
  json->Field("differences_count", count).Key("differences").BeginArray();
  for (const std::string& difference : differences) json->String(difference);
  json->EndArray();
}

std::string ReportJson(const VerifyReport& report) {
  JsonWriter json;
  json.BeginObject().Field("ok", report.ok());
  json.Key("ledger").BeginObject();
  WriteHead(&json, report.ledger.head);
  json.Field("exchanges", report.ledger.exchanges)
      .Field("replaced", report.ledger.replaced)
      .Field("texts", report.ledger.texts)
      .Field("purged_texts", report.ledger.purged_texts)
      .Field("purged_records", report.ledger.purged_records);
  WriteDifferences(&json, report.ledger.differences,
                   report.ledger.differences_count);
  json.EndObject().Key("audit").BeginObject();
  WriteHead(&json, report.audit.head);
  json.Field("rows", report.audit.rows);
  WriteDifferences(&json, report.audit.differences,
                   report.audit.differences_count);
  json.EndObject().Key("against").BeginArray();
  for (const VerifyReport::Against& one : report.against) {
    json.BeginObject()
        .Field("origin", one.checkpoint.origin)
        .Field("time", FormatTime(one.checkpoint.time_micros))
        .Field("ledger_size", one.checkpoint.ledger.size)
        .Field("audit_size", one.checkpoint.audit.size)
        .Field("ok", one.difference.empty())
        .FieldIfSet("difference", one.difference)
        .EndObject();
  }
  json.EndArray();
  WriteDifferences(&json, report.differences, report.differences.size());
  json.EndObject();
  return std::move(json).Take();
}

// The id of a person who is named by it or by his address.
Result<std::string> PersonId(Stores& stores, std::string_view name) {
  if (name.find('@') == std::string_view::npos) {
    TRY_ASSIGN(const Ulid id, Ulid::Parse(name));
    return id.ToString();
  }
  TRY_ASSIGN(const auto persons, stores.policy().ListPersons());
  for (const policy::Person& person : persons) {
    if (person.email == name) return person.id;
  }
  return Error(Code::kNotFound, fmt::format("person {}: not known", name));
}

Result<ledger::PurgeRequest> ReadPurge(Stores& stores,
                                       const JsonDocument& body) {
  TRY_ASSIGN(const std::string_view exchange, Text(body, "exchange"));
  TRY_ASSIGN(const std::string_view person, Text(body, "person"));
  TRY_ASSIGN(const auto before, Number(body, "before_micros"));
  TRY_ASSIGN(const bool records, Truth(body, "records"));
  ledger::PurgeRequest request;
  if (!exchange.empty()) {
    TRY_ASSIGN(request.exchange, Ulid::Parse(exchange));
    // Else the audit would tell of nothing.
    TRY(stores.ledger().Get(*request.exchange));
  }
  if (!person.empty()) {
    TRY_ASSIGN(request.person, PersonId(stores, person));
  }
  request.before_micros = before;
  request.what = records ? ledger::Purged::kRecord : ledger::Purged::kTexts;
  if (!request.exchange && request.person.empty() && !before) {
    return Error(Code::kInvalid,
                 "purge: name an exchange, a person or a time before which");
  }
  return request;
}

// Who and what, as the audit keeps it.
std::string PurgeDetail(const ledger::PurgeRequest& request,
                        std::string_view reason) {
  JsonWriter json;
  json.BeginObject().Field("what", ledger::PurgedName(request.what));
  if (request.exchange) json.Field("exchange", request.exchange->ToString());
  json.FieldIfSet("person", request.person);
  WriteTime(&json, "before", request.before_micros);
  json.Field("reason", reason).EndObject();
  return std::move(json).Take();
}

}  // namespace

Result<std::string> MakeCheckpoint(Stores& stores, const ApiRequest&) {
  TRY_ASSIGN(const Checkpoints::Signed made, stores.checkpoints().Make());
  TRY_ASSIGN(const seal::PublicKey key, stores.checkpoints().Key());
  JsonWriter json;
  json.BeginObject()
      .Field("checkpoint", made.note)
      .Field("key", key.ToText())
      .EndObject();
  return std::move(json).Take();
}

Result<std::string> VerifyLogs(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(const std::string_view key, Text(body, "key"));
  TRY_ASSIGN(const bool skip_texts, Truth(body, "without_texts"));
  VerifyRequest asked;
  if (!key.empty()) {
    TRY_ASSIGN(asked.key, seal::PublicKey::Parse(key));
  }
  if (skip_texts) asked.texts = ledger::LogQuestion::Texts::kSkip;
  const JsonValue against = body["against"];
  if (against.present() && !against.is_array()) {
    return Error(Code::kInvalid, "against: must be an array of signed notes");
  }
  for (const JsonValue& note : against.Elements()) {
    if (!note.is_string() || asked.against.size() == Checkpoints::kAgainstMax) {
      return Error(Code::kInvalid,
                   fmt::format("against: must be at most {} signed notes",
                               Checkpoints::kAgainstMax));
    }
    asked.against.emplace_back(note.StringOrEmpty());
  }
  TRY_ASSIGN(const VerifyReport report, stores.checkpoints().Verify(asked));
  return ReportJson(report);
}

Result<std::string> PurgeLedger(Stores& stores, const ApiRequest& request) {
  TRY_ASSIGN(JsonDocument body, JsonDocument::Parse(request.body));
  TRY_ASSIGN(const std::string_view reason, Text(body, "reason"));
  TRY_ASSIGN(const ledger::PurgeRequest purge, ReadPurge(stores, body));
  const std::string subject = purge.exchange ? purge.exchange->ToString()
                              : !purge.person.empty() ? purge.person
                                                      : "ledger";
  // What waits for the indexer is indexed first: nothing half done stays.
  TRY(stores.indexer().Flush(stores.ledger().last_sequence(), kFlushTimeoutMs));
  TRY_ASSIGN(
      const std::string audit,
      stores.policy().audit_log().Add(request.actor, "ledger.purge", subject,
                                      PurgeDetail(purge, reason), reason));
  TRY_ASSIGN(const ledger::PurgeReport report,
             stores.ledger().Purge(purge, audit));
  // Sealed segments say of each output where it comes from.
  if (purge.what == ledger::Purged::kRecord) {
    TRY(stores.sealer().Rebuild());
  }
  JsonWriter json;
  json.BeginObject()
      .Field("exchanges", report.exchanges)
      .Field("texts", report.texts)
      .Field("already", report.already)
      .Field("audit", audit)
      .EndObject();
  return std::move(json).Take();
}

}  // namespace cofferdam::console
