#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ulid.h"
#include "console/api_internal.h"

namespace cofferdam::console {
namespace {

constexpr int64_t kListMax = 10'000;
// How long index/build waits for the indexer.
constexpr int64_t kFlushTimeoutMs = 600'000;

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

}  // namespace

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

Result<std::string> ShowExchange(Stores& stores, const ApiRequest& request) {
  std::string_view id_text = LastName(request);
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

Result<std::string> LedgerStat(Stores& stores, const ApiRequest&) {
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

Result<std::string> BuildIndex(Stores& stores, const ApiRequest& request) {
  using Merging = ledger::Sealer::Merging;
  const std::string_view merge = QueryText(request.query, "merge");
  if (!merge.empty() && merge != "all") {
    return Error(
        Code::kInvalid,
        fmt::format("index/build: merge={}, which is none or all", merge));
  }

  uint64_t through = stores.ledger().last_sequence();
  TRY(stores.indexer().Flush(through, kFlushTimeoutMs));
  TRY_ASSIGN(ledger::SealReport report,
             stores.sealer().SealNow(merge.empty() ? Merging::kSimilar
                                                   : Merging::kAll));
  JsonWriter json;
  json.BeginObject()
      .Field("folder", IndexFolder(stores.folder()))
      .Field("covered_sequence", report.covered_sequence)
      .Field("outputs_added", report.outputs)
      .Field("segments", report.segments)
      .EndObject();
  return std::move(json).Take();
}

}  // namespace cofferdam::console
