#include "ledger/exchange.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.h"
#include "base/json.h"
#include "seal/hash.h"

namespace cofferdam::ledger {
namespace {

// The one table for the names of an enum.
template <typename Enum, size_t N>
struct Names {
  std::array<std::pair<Enum, std::string_view>, N> rows;

  std::string_view Of(Enum value) const {
    for (const auto& [row_value, name] : rows) {
      if (row_value == value) return name;
    }
    CHECK(false);
    return {};
  }
  std::optional<Enum> Parse(std::string_view name) const {
    for (const auto& [value, row_name] : rows) {
      if (row_name == name) return value;
    }
    return std::nullopt;
  }
};

constexpr Names<Route, 4> kRoutes = {{{{Route::kGate, "gate"},
                                       {Route::kImport, "import"},
                                       {Route::kAgent, "agent"},
                                       {Route::kContext, "context"}}}};

constexpr Names<wire::Operation, 3> kOperations = {
    {{{wire::Operation::kGenerate, "generate"},
      {wire::Operation::kCountTokens, "count_tokens"},
      {wire::Operation::kPass, "pass"}}}};

constexpr Names<IdentityGrade, 5> kGrades = {
    {{{IdentityGrade::kAttested, "attested"},
      {IdentityGrade::kSession, "session"},
      {IdentityGrade::kAgent, "agent"},
      {IdentityGrade::kClaimed, "claimed"},
      {IdentityGrade::kNone, "none"}}}};

constexpr Names<Outcome, 7> kOutcomes = {
    {{{Outcome::kComplete, "complete"},
      {Outcome::kClientGone, "client_gone"},
      {Outcome::kUpstreamError, "upstream_error"},
      {Outcome::kTruncated, "truncated"},
      {Outcome::kGateEnded, "gate_ended"},
      {Outcome::kUnreachable, "unreachable"},
      {Outcome::kCrashed, "crashed"}}}};

constexpr Names<Purged, 3> kPurged = {{{{Purged::kNothing, "nothing"},
                                        {Purged::kTexts, "texts"},
                                        {Purged::kRecord, "record"}}}};

constexpr Names<wire::UsageSource, 3> kUsageSources = {
    {{{wire::UsageSource::kNone, "none"},
      {wire::UsageSource::kReported, "reported"},
      {wire::UsageSource::kEstimated, "estimated"}}}};

// Where each string of an Origin stands; one list for both directions.
struct StringField {
  std::string_view name;
  std::string Origin::* member;
};
constexpr StringField kOriginFields[] = {
    {"provider", &Origin::provider},
    {"upstream", &Origin::upstream},
    {"model", &Origin::model},
    {"model_requested", &Origin::model_requested},
    {"contract", &Origin::contract},
    {"tool", &Origin::tool},
    {"tool_version", &Origin::tool_version},
    {"person", &Origin::person},
    {"key", &Origin::key},
    {"team", &Origin::team},
    {"repo", &Origin::repo},
    {"commit", &Origin::commit},
    {"purpose", &Origin::purpose},
};

struct TermsField {
  std::string_view name;
  std::string Terms::* member;
};
constexpr TermsField kTermsFields[] = {
    {"class", &Terms::terms_class}, {"version", &Terms::version},
    {"provider", &Terms::provider}, {"product", &Terms::product},
    {"plan", &Terms::plan},         {"weights", &Terms::weights},
};

struct CountField {
  std::string_view name;
  int64_t wire::Usage::* member;
};
constexpr CountField kUsageFields[] = {
    {"input_tokens", &wire::Usage::input_tokens},
    {"cache_read_tokens", &wire::Usage::cache_read_tokens},
    {"cache_write_5m_tokens", &wire::Usage::cache_write_5m_tokens},
    {"cache_write_1h_tokens", &wire::Usage::cache_write_1h_tokens},
    {"output_tokens", &wire::Usage::output_tokens},
    {"reasoning_tokens", &wire::Usage::reasoning_tokens},
};

struct TimeField {
  std::string_view name;
  int64_t ExchangeTimes::* member;
};
constexpr TimeField kTimeFields[] = {
    {"received", &ExchangeTimes::received},
    {"upstream_sent", &ExchangeTimes::upstream_sent},
    {"first_byte", &ExchangeTimes::first_byte},
    {"finished", &ExchangeTimes::finished},
};

void WriteStrings(std::string_view name, const std::vector<std::string>& values,
                  JsonWriter* out) {
  if (values.empty()) return;
  out->Key(name).BeginArray();
  for (const std::string& value : values) out->String(value);
  out->EndArray();
}

void WriteOrigin(const Origin& origin, JsonWriter* out) {
  out->Key("origin").BeginObject();
  for (const StringField& field : kOriginFields) {
    out->FieldIfSet(field.name, origin.*field.member);
  }
  out->Key("terms").BeginObject();
  for (const TermsField& field : kTermsFields) {
    out->FieldIfSet(field.name, origin.terms.*field.member);
  }
  out->EndObject().EndObject();
}

void WritePart(const PartRecord& part, JsonWriter* out) {
  out->BeginObject();
  out->Field("kind", wire::PartKindName(part.kind));
  out->FieldIfSet("tool", part.tool);
  out->FieldIfSet("call_id", part.call_id);
  out->FieldIfSet("path", part.path);
  out->Field("bytes", part.bytes).Field("digest", part.digest);
  if (!part.kept.empty()) {
    out->Key("kept").BeginArray();
    for (const wire::ByteRange& range : part.kept) {
      out->BeginArray()
          .Int(static_cast<int64_t>(range.begin))
          .Int(static_cast<int64_t>(range.end))
          .EndArray();
    }
    out->EndArray();
  }
  if (part.lines) out->Field("lines", *part.lines);
  out->EndObject();
}

// The lines of `part` that stand outside of what was kept.
uint64_t CountLines(const wire::Part& part) {
  uint64_t lines = 0;
  size_t from = 0;
  const auto count = [&](size_t end) {
    if (end <= from) return;
    const std::string_view text =
        std::string_view(part.text).substr(from, end - from);
    lines += static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
    if (text.back() != '\n') ++lines;
  };
  for (const wire::ByteRange& range : part.kept) {
    count(std::min(range.begin, part.text.size()));
    from = std::max(from, std::min(range.end, part.text.size()));
  }
  count(part.text.size());
  return lines;
}

bool WritesLines(wire::PartKind kind) {
  return kind == wire::PartKind::kFile || kind == wire::PartKind::kEdit ||
         kind == wire::PartKind::kPatch;
}

// Reads members with their types; remembers the first that is wrong.
class RecordReader {
 public:
  void Fail(std::string_view name) {
    if (wrong_.empty()) wrong_ = name;
  }
  bool ok() const { return wrong_.empty(); }
  const std::string& wrong() const { return wrong_; }

  void Read(const JsonValue& object, std::string_view name, std::string* out) {
    const JsonValue value = object[name];
    if (!value.present()) return;
    const auto text = value.String();
    if (!text) return Fail(name);
    *out = *text;
  }

  void Read(const JsonValue& object, std::string_view name, int64_t* out) {
    const JsonValue value = object[name];
    if (!value.present()) return;
    const auto number = value.Int();
    if (!number) return Fail(name);
    *out = *number;
  }

  void Read(const JsonValue& object, std::string_view name, uint64_t* out) {
    int64_t number = static_cast<int64_t>(*out);
    Read(object, name, &number);
    if (number < 0) return Fail(name);
    *out = static_cast<uint64_t>(number);
  }

  void Read(const JsonValue& object, std::string_view name,
            std::vector<std::string>* out) {
    const JsonValue value = object[name];
    if (!value.present()) return;
    if (!value.is_array()) return Fail(name);
    for (const JsonValue& element : value.Elements()) {
      if (!element.is_string()) return Fail(name);
      out->emplace_back(element.StringOrEmpty());
    }
  }

  template <typename Enum, typename Parse>
  void ReadName(const JsonValue& object, std::string_view name,
                const Parse& parse, Enum* out) {
    std::string text;
    Read(object, name, &text);
    if (text.empty()) return;
    const auto value = parse(text);
    if (!value) return Fail(name);
    *out = *value;
  }

  // The member, which must be an object if it is there.
  JsonValue Object(const JsonValue& object, std::string_view name) {
    const JsonValue value = object[name];
    if (value.present() && !value.is_object()) Fail(name);
    return value;
  }

 private:
  std::string wrong_;
};

void ReadKept(const JsonValue& value, RecordReader* reader, PartRecord* part) {
  uint64_t last = 0;
  for (const JsonValue& pair : value.Elements()) {
    const auto begin = pair.At(0).Int();
    const auto end = pair.At(1).Int();
    if (!begin || !end || *begin < static_cast<int64_t>(last) ||
        *end < *begin || static_cast<uint64_t>(*end) > part->bytes) {
      return reader->Fail("kept");
    }
    part->kept.push_back(
        {static_cast<size_t>(*begin), static_cast<size_t>(*end)});
    last = static_cast<uint64_t>(*end);
  }
}

PartRecord ReadPart(const JsonValue& value, RecordReader* reader) {
  PartRecord part;
  if (!value.is_object() || !value["kind"].is_string() ||
      !value["digest"].is_string()) {
    reader->Fail("parts");
    return part;
  }
  reader->ReadName(value, "kind", wire::ParsePartKind, &part.kind);
  reader->Read(value, "tool", &part.tool);
  reader->Read(value, "call_id", &part.call_id);
  reader->Read(value, "path", &part.path);
  reader->Read(value, "bytes", &part.bytes);
  reader->Read(value, "digest", &part.digest);
  if (part.digest.size() != 64) reader->Fail("digest");
  ReadKept(value["kept"], reader, &part);
  if (value["lines"].present()) {
    reader->Read(value, "lines", &part.lines.emplace());
  }
  return part;
}

void ReadOrigin(const JsonValue& value, RecordReader* reader, Origin* origin) {
  for (const StringField& field : kOriginFields) {
    reader->Read(value, field.name, &(origin->*field.member));
  }
  const JsonValue terms = reader->Object(value, "terms");
  for (const TermsField& field : kTermsFields) {
    reader->Read(terms, field.name, &(origin->terms.*field.member));
  }
}

void ReadUsage(const JsonValue& value, RecordReader* reader,
               Exchange* exchange) {
  for (const CountField& field : kUsageFields) {
    reader->Read(value, field.name, &(exchange->usage.*field.member));
  }
  reader->ReadName(
      value, "source",
      [](std::string_view name) { return kUsageSources.Parse(name); },
      &exchange->usage_source);
}

void ReadId(const JsonValue& root, std::string_view name, RecordReader* reader,
            Ulid* out) {
  Result<Ulid> id = Ulid::Parse(root[name].StringOrEmpty());
  if (!id.ok()) return reader->Fail(name);
  *out = *id;
}

void ReadBody(const JsonValue& root, RecordReader* reader, Exchange* out) {
  reader->Read(root, "sequence", &out->sequence);
  ReadId(root, "id", reader, &out->id);
  reader->Read(root, "provider_response_id", &out->provider_response_id);
  reader->ReadName(root, "route", ParseRoute, &out->route);
  reader->ReadName(root, "operation", ParseOperation, &out->operation);
  reader->Read(root, "session", &out->session);
  reader->Read(root, "parent", &out->parent);
  reader->Read(root, "turn", &out->turn);
  reader->ReadName(root, "identity", ParseIdentityGrade, &out->identity);
  ReadOrigin(reader->Object(root, "origin"), reader, &out->origin);
  reader->Read(root, "policy_rule", &out->policy_rule);
  reader->Read(root, "grant", &out->grant);
  reader->Read(root, "context_origins", &out->context_origins);
  ReadUsage(reader->Object(root, "usage"), reader, out);
  reader->Read(root, "price_mode", &out->price_mode);
  const JsonValue held = reader->Object(root, "held");
  reader->Read(held, "micro_dollars", &out->held_micro_dollars);
  reader->Read(held, "tokens", &out->held_tokens);
  reader->ReadName(root, "outcome", ParseOutcome, &out->outcome);
  reader->Read(root, "http_status", &out->http_status);
  reader->Read(root, "error_type", &out->error_type);
  reader->Read(root, "stop_reason", &out->stop_reason);
  const JsonValue times = reader->Object(root, "times");
  for (const TimeField& field : kTimeFields) {
    reader->Read(times, field.name, &(out->times.*field.member));
  }
  reader->Read(root, "request_bytes", &out->request_bytes);
  reader->Read(root, "response_bytes", &out->response_bytes);
  reader->Read(root, "interventions", &out->interventions);
  for (const JsonValue& part : root["parts"].Elements()) {
    out->parts.push_back(ReadPart(part, reader));
  }
  reader->Read(root, "notes", &out->notes);
  reader->Read(root, "revision", &out->revision);
  if (root["continues"].present()) {
    ReadId(root, "continues", reader, &out->continues.emplace());
  }
  const JsonValue purged = reader->Object(root, "purged");
  reader->ReadName(purged, "what", ParsePurged, &out->purged);
  reader->Read(purged, "audit", &out->purge_audit);
}

}  // namespace

std::string_view RouteName(Route route) { return kRoutes.Of(route); }
std::optional<Route> ParseRoute(std::string_view name) {
  return kRoutes.Parse(name);
}
std::string_view OperationName(wire::Operation operation) {
  return kOperations.Of(operation);
}
std::optional<wire::Operation> ParseOperation(std::string_view name) {
  return kOperations.Parse(name);
}
std::string_view IdentityGradeName(IdentityGrade grade) {
  return kGrades.Of(grade);
}
std::optional<IdentityGrade> ParseIdentityGrade(std::string_view name) {
  return kGrades.Parse(name);
}
std::string_view PurgedName(Purged purged) { return kPurged.Of(purged); }
std::optional<Purged> ParsePurged(std::string_view name) {
  return kPurged.Parse(name);
}
std::string_view OutcomeName(Outcome outcome) { return kOutcomes.Of(outcome); }
std::optional<Outcome> ParseOutcome(std::string_view name) {
  return kOutcomes.Parse(name);
}

std::string ToJson(const Exchange& exchange) {
  JsonWriter out;
  out.BeginObject().Field("v", 1).Field("sequence", exchange.sequence);
  out.Field("id", exchange.id.ToString());
  out.FieldIfSet("provider_response_id", exchange.provider_response_id);
  out.Field("route", RouteName(exchange.route));
  out.Field("operation", OperationName(exchange.operation));
  out.FieldIfSet("session", exchange.session);
  out.FieldIfSet("parent", exchange.parent);
  out.Field("turn", exchange.turn);
  out.Field("identity", IdentityGradeName(exchange.identity));
  WriteOrigin(exchange.origin, &out);
  out.FieldIfSet("policy_rule", exchange.policy_rule);
  out.FieldIfSet("grant", exchange.grant);
  WriteStrings("context_origins", exchange.context_origins, &out);
  out.Key("usage").BeginObject();
  for (const CountField& field : kUsageFields) {
    out.Field(field.name, exchange.usage.*field.member);
  }
  out.Field("source", kUsageSources.Of(exchange.usage_source)).EndObject();
  out.FieldIfSet("price_mode", exchange.price_mode);
  if (exchange.held_micro_dollars != 0 || exchange.held_tokens != 0) {
    out.Key("held")
        .BeginObject()
        .Field("micro_dollars", exchange.held_micro_dollars)
        .Field("tokens", exchange.held_tokens)
        .EndObject();
  }
  out.Field("outcome", OutcomeName(exchange.outcome));
  out.Field("http_status", exchange.http_status);
  out.FieldIfSet("error_type", exchange.error_type);
  out.FieldIfSet("stop_reason", exchange.stop_reason);
  out.Key("times").BeginObject();
  for (const TimeField& field : kTimeFields) {
    out.Field(field.name, exchange.times.*field.member);
  }
  out.EndObject();
  out.Field("request_bytes", exchange.request_bytes);
  out.Field("response_bytes", exchange.response_bytes);
  WriteStrings("interventions", exchange.interventions, &out);
  out.Key("parts").BeginArray();
  for (const PartRecord& part : exchange.parts) WritePart(part, &out);
  out.EndArray();
  WriteStrings("notes", exchange.notes, &out);
  if (exchange.revision != 0) out.Field("revision", exchange.revision);
  if (exchange.continues) {
    out.Field("continues", exchange.continues->ToString());
  }
  if (exchange.purged != Purged::kNothing) {
    out.Key("purged")
        .BeginObject()
        .Field("what", PurgedName(exchange.purged))
        .Field("audit", exchange.purge_audit)
        .EndObject();
  }
  out.EndObject();
  return std::move(out).Take();
}

Exchange ForgetRecord(const Exchange& exchange, std::string_view purge_audit) {
  Exchange kept;
  kept.sequence = exchange.sequence;
  kept.id = exchange.id;
  kept.route = exchange.route;
  kept.operation = exchange.operation;
  kept.origin.provider = exchange.origin.provider;
  kept.origin.model = exchange.origin.model;
  kept.origin.model_requested = exchange.origin.model_requested;
  kept.origin.contract = exchange.origin.contract;
  kept.usage = exchange.usage;
  kept.usage_source = exchange.usage_source;
  kept.price_mode = exchange.price_mode;
  kept.outcome = exchange.outcome;
  kept.http_status = exchange.http_status;
  kept.times = exchange.times;
  kept.revision = exchange.revision;
  kept.continues = exchange.continues;
  kept.purged = Purged::kRecord;
  kept.purge_audit = purge_audit;
  return kept;
}

Result<Exchange> FromJson(std::string_view json) {
  Result<JsonDocument> document = JsonDocument::Parse(json);
  if (!document.ok()) {
    return Error(Code::kCorrupt,
                 "exchange record: " + document.error().message());
  }
  const JsonValue root = document->root();
  const auto version = root["v"].Int();
  if (version != 1) {
    return Error(Code::kCorrupt,
                 "exchange record: version is not 1 but " +
                     (version ? std::to_string(*version) : "missing"));
  }
  Exchange exchange;
  RecordReader reader;
  for (std::string_view name : {"sequence", "id", "route"}) {
    if (!root[name].present()) reader.Fail(name);
  }
  ReadBody(root, &reader, &exchange);
  if (!reader.ok()) {
    return Error(Code::kCorrupt,
                 "exchange record: \"" + reader.wrong() + "\" is wrong");
  }
  return exchange;
}

PartRecord MakePartRecord(const wire::Part& part) {
  PartRecord record;
  record.kind = part.kind;
  record.tool = part.tool.substr(0, PartRecord::kNameBytesMax);
  record.call_id = part.call_id.substr(0, PartRecord::kNameBytesMax);
  record.path = part.path.substr(0, PartRecord::kNameBytesMax);
  record.bytes = part.text.size();
  record.digest = ToHex(seal::Sha256(part.text));
  record.kept = part.kept;
  if (WritesLines(part.kind)) record.lines = CountLines(part);
  return record;
}

}  // namespace cofferdam::ledger
