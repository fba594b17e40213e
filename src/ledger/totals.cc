#include "base/json.h"
#include "ledger/keys_internal.h"
#include "ledger/totals_internal.h"

namespace cofferdam::ledger {
namespace {

struct Field {
  std::string_view name;
  uint64_t Totals::* member;
};
constexpr Field kFields[] = {
    {"last_sequence", &Totals::last_sequence},
    {"exchanges", &Totals::exchanges},
    {"claimed", &Totals::claimed},
    {"outputs", &Totals::outputs},
    {"parts", &Totals::parts},
    {"part_bytes", &Totals::part_bytes},
    {"merged", &Totals::merged},
    {"indexed_through", &Totals::indexed_through},
    {"pending_exchanges", &Totals::pending_exchanges},
    {"pending_bytes", &Totals::pending_bytes},
    {"leaves", &Totals::leaves},
};

struct UsageField {
  std::string_view name;
  int64_t wire::Usage::* member;
};
constexpr UsageField kUsageFields[] = {
    {"input_tokens", &wire::Usage::input_tokens},
    {"cache_read_tokens", &wire::Usage::cache_read_tokens},
    {"cache_write_5m_tokens", &wire::Usage::cache_write_5m_tokens},
    {"cache_write_1h_tokens", &wire::Usage::cache_write_1h_tokens},
    {"output_tokens", &wire::Usage::output_tokens},
    {"reasoning_tokens", &wire::Usage::reasoning_tokens},
};

void WriteUsage(std::string_view name, const wire::Usage& usage,
                JsonWriter* out) {
  out->Key(name).BeginObject();
  for (const UsageField& field : kUsageFields) {
    out->Field(field.name, usage.*field.member);
  }
  out->EndObject();
}

wire::Usage ReadUsage(const JsonValue& value) {
  wire::Usage usage;
  for (const UsageField& field : kUsageFields) {
    usage.*field.member = value[field.name].Int().value_or(0);
  }
  return usage;
}

}  // namespace

std::string TotalsToJson(const Totals& totals) {
  JsonWriter out;
  out.BeginObject().Field("v", 1);
  for (const Field& field : kFields) {
    out.Field(field.name, totals.*field.member);
  }
  out.EndObject();
  return std::move(out).Take();
}

Result<Totals> TotalsFromJson(std::string_view json) {
  Result<JsonDocument> document = JsonDocument::Parse(json);
  if (!document.ok() || (*document)["v"].Int() != 1) {
    return Error(Code::kCorrupt, "ledger totals: not of version 1");
  }
  Totals totals;
  for (const Field& field : kFields) {
    // Totals of before the log have none.
    if (field.member == &Totals::leaves && !(*document)[field.name].present()) {
      continue;
    }
    const auto value = (*document)[field.name].Int();
    if (!value || *value < 0) {
      return Error(Code::kCorrupt, "ledger totals: \"" +
                                       std::string(field.name) + "\" is wrong");
    }
    totals.*field.member = static_cast<uint64_t>(*value);
  }
  return totals;
}

std::string ModelToJson(const ModelName& name, const ModelTotals& totals) {
  JsonWriter out;
  out.BeginObject().Field("v", 1);
  out.Field("provider", name.first).Field("model", name.second);
  out.Field("exchanges", totals.exchanges);
  WriteUsage("reported", totals.reported, &out);
  WriteUsage("estimated", totals.estimated, &out);
  out.EndObject();
  return std::move(out).Take();
}

Result<std::pair<ModelName, ModelTotals>> ModelFromJson(std::string_view json) {
  Result<JsonDocument> document = JsonDocument::Parse(json);
  if (!document.ok() || (*document)["v"].Int() != 1) {
    return Error(Code::kCorrupt, "ledger totals of a model: not of version 1");
  }
  ModelTotals totals;
  totals.exchanges =
      static_cast<uint64_t>((*document)["exchanges"].Int().value_or(0));
  totals.reported = ReadUsage((*document)["reported"]);
  totals.estimated = ReadUsage((*document)["estimated"]);
  ModelName name((*document)["provider"].StringOrEmpty(),
                 (*document)["model"].StringOrEmpty());
  return std::pair(std::move(name), totals);
}

void CountUsage(const Exchange& exchange, int sign, ModelTotals* totals) {
  totals->exchanges += static_cast<uint64_t>(sign);
  if (exchange.usage_source == wire::UsageSource::kNone) return;
  wire::Usage& sum = exchange.usage_source == wire::UsageSource::kReported
                         ? totals->reported
                         : totals->estimated;
  for (const UsageField& field : kUsageFields) {
    sum.*field.member += sign * (exchange.usage.*field.member);
  }
}

std::string ModelKey(const ModelName& name) {
  std::string key(kModelPrefix);
  key.append(name.first).push_back('\0');
  key.append(name.second);
  return key;
}

std::string MergeKey(uint64_t number) {
  return std::string(kMergePrefix) + SequenceKey(number);
}

std::string MergeToJson(const MergedRecord& merged) {
  JsonWriter out;
  out.BeginObject().Field("v", 1);
  out.Key("before").Raw(ToJson(merged.before));
  out.Key("after").Raw(ToJson(merged.after)).EndObject();
  return std::move(out).Take();
}

Result<MergedRecord> MergeFromJson(std::string_view json) {
  Result<JsonDocument> document = JsonDocument::Parse(json);
  if (!document.ok() || (*document)["v"].Int() != 1) {
    return Error(Code::kCorrupt, "ledger merge: not of version 1");
  }
  MergedRecord merged;
  for (const auto& [name, to] : {std::pair("before", &merged.before),
                                 std::pair("after", &merged.after)}) {
    JsonWriter record;
    const JsonValue value = (*document)[name];
    if (!value.is_object()) {
      return Error(Code::kCorrupt,
                   std::string("ledger merge: \"") + name + "\" is wrong");
    }
    TRY_ASSIGN(*to, FromJson(record.Value(value).text()));
  }
  return merged;
}

Result<Totals> ReadTotals(const Store& store) {
  TRY_ASSIGN(const auto value, store.Get(Family::kMeta, kTotalsKey));
  if (!value) return Totals{};
  return TotalsFromJson(*value);
}

Result<ModelMap> ReadModels(const Store& store) {
  ModelMap models;
  std::optional<Error> wrong;
  TRY(store.Scan(Family::kMeta, kModelPrefix,
                 [&](std::string_view key, std::string_view value) {
                   if (!key.starts_with(kModelPrefix)) return false;
                   auto model = ModelFromJson(value);
                   if (model.ok()) {
                     models.insert(*std::move(model));
                   } else {
                     wrong = model.error();
                   }
                   return !wrong;
                 }));
  if (wrong) return *std::move(wrong);
  return models;
}

}  // namespace cofferdam::ledger
