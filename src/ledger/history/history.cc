#include "ledger/history/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace cofferdam::ledger {
namespace {

constexpr std::pair<HistoryAgent, std::string_view> kNames[] = {
    {HistoryAgent::kClaudeCode, "claude-code"},
    {HistoryAgent::kCodex, "codex"},
    {HistoryAgent::kGemini, "gemini"},
    {HistoryAgent::kOpencode, "opencode"},
    {HistoryAgent::kAider, "aider"},
    {HistoryAgent::kCofferdamCode, "cofferdam-code"}};

using TextMember = std::pair<std::string_view, std::string HistoryExchange::*>;
constexpr TextMember kTexts[] = {
    {"response_id", &HistoryExchange::provider_response_id},
    {"exchange", &HistoryExchange::exchange},
    {"id", &HistoryExchange::id},
    {"session", &HistoryExchange::session},
    {"provider", &HistoryExchange::provider},
    {"model", &HistoryExchange::model},
    {"tool_version", &HistoryExchange::tool_version},
    {"cwd", &HistoryExchange::cwd},
    {"repo", &HistoryExchange::repo},
    {"commit", &HistoryExchange::commit},
    {"price_mode", &HistoryExchange::price_mode},
    {"stop_reason", &HistoryExchange::stop_reason}};

using CountMember = std::pair<std::string_view, int64_t wire::Usage::*>;
constexpr CountMember kCounts[] = {
    {"input_tokens", &wire::Usage::input_tokens},
    {"cache_read_tokens", &wire::Usage::cache_read_tokens},
    {"cache_write_5m_tokens", &wire::Usage::cache_write_5m_tokens},
    {"cache_write_1h_tokens", &wire::Usage::cache_write_1h_tokens},
    {"output_tokens", &wire::Usage::output_tokens},
    {"reasoning_tokens", &wire::Usage::reasoning_tokens}};

// Counts and times beyond this are nonsense, and would overflow sums.
constexpr int64_t kNumberMax = int64_t{1} << 53;

Error Wrong(std::string_view member, std::string_view must) {
  return Error(Code::kInvalid, fmt::format("{}: must be {}", member, must));
}

// The longest part of `text` that fits and does not end inside a character.
void CutUtf8(size_t bytes_max, std::string* text) {
  if (text->size() <= bytes_max) return;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>((*text)[end]) & 0xc0) == 0x80) {
    --end;
  }
  text->resize(end);
}

void WritePart(const wire::Part& part, JsonWriter* json) {
  json->BeginObject()
      .Field("kind", wire::PartKindName(part.kind))
      .FieldIfSet("tool", part.tool)
      .FieldIfSet("call_id", part.call_id)
      .FieldIfSet("path", part.path)
      .Field("text", part.text);
  if (!part.kept.empty()) {
    json->Key("kept").BeginArray();
    for (const wire::ByteRange& range : part.kept) {
      json->BeginArray()
          .Int(static_cast<int64_t>(range.begin))
          .Int(static_cast<int64_t>(range.end))
          .EndArray();
    }
    json->EndArray();
  }
  json->EndObject();
}

// Absent is empty; anything but a string is wrong.
Status ReadText(const JsonValue& object, std::string_view name,
                std::string* to) {
  const JsonValue value = object[name];
  if (!value.present()) return {};
  if (!value.is_string()) return Wrong(name, "a string");
  *to = *value.String();
  return {};
}

Status ReadNumber(const JsonValue& object, std::string_view name, int64_t* to) {
  const JsonValue value = object[name];
  if (!value.present()) return {};
  const auto number = value.Int();
  if (!number || *number < 0 || *number > kNumberMax) {
    return Wrong(name, fmt::format("a number from 0 to {}", kNumberMax));
  }
  *to = *number;
  return {};
}

Status ReadKept(const JsonValue& list, wire::Part* part) {
  size_t before = 0;
  for (const JsonValue& pair : list.Elements()) {
    const auto begin = pair.At(0).Int();
    const auto end = pair.At(1).Int();
    if (!begin || !end || *begin < static_cast<int64_t>(before) ||
        *end < *begin || *end > static_cast<int64_t>(part->text.size())) {
      return Wrong("kept", "rising ranges of bytes of the text");
    }
    before = static_cast<size_t>(*end);
    part->kept.push_back({static_cast<size_t>(*begin), before});
  }
  return {};
}

Result<wire::Part> ReadPart(const JsonValue& json) {
  if (!json.is_object()) return Wrong("parts", "objects");
  wire::Part part;
  const auto kind = wire::ParsePartKind(json["kind"].StringOrEmpty());
  if (!kind) return Wrong("parts: kind", "that of a part");
  part.kind = *kind;
  TRY(ReadText(json, "tool", &part.tool));
  TRY(ReadText(json, "call_id", &part.call_id));
  TRY(ReadText(json, "path", &part.path));
  TRY(ReadText(json, "text", &part.text));
  TRY(ReadKept(json["kept"], &part));
  return part;
}

Status ReadUsage(const JsonValue& json, HistoryExchange* exchange) {
  if (!json.present()) return {};
  if (!json.is_object()) return Wrong("usage", "an object");
  for (const auto& [name, member] : kCounts) {
    TRY(ReadNumber(json, name, &(exchange->usage.*member)));
  }
  const std::string_view source = json["source"].StringOrEmpty();
  for (auto known : {wire::UsageSource::kReported,
                     wire::UsageSource::kEstimated, wire::UsageSource::kNone}) {
    if (wire::UsageSourceName(known) != source) continue;
    exchange->usage_source = known;
    return {};
  }
  return Wrong("usage: source", "reported, estimated or none");
}

}  // namespace

std::string_view HistoryAgentName(HistoryAgent agent) {
  for (const auto& [known, name] : kNames) {
    if (known == agent) return name;
  }
  return "";
}

std::optional<HistoryAgent> ParseHistoryAgent(std::string_view name) {
  for (const auto& [agent, known] : kNames) {
    if (known == name) return agent;
  }
  return std::nullopt;
}

std::string_view HistoryTool(HistoryAgent agent) {
  return agent == HistoryAgent::kGemini ? "gemini-cli"
                                        : HistoryAgentName(agent);
}

void BoundHistoryExchange(HistoryExchange* exchange) {
  for (const auto& [name, member] : kTexts) {
    CutUtf8(kHistoryNameBytesMax, &(exchange->*member));
  }
  if (exchange->parts.size() > kHistoryPartsMax) {
    exchange->parts.resize(kHistoryPartsMax);
    exchange->cut = true;
  }
  size_t left = kHistoryTextBytesMax;
  for (wire::Part& part : exchange->parts) {
    CutUtf8(kHistoryNameBytesMax, &part.tool);
    CutUtf8(kHistoryNameBytesMax, &part.call_id);
    CutUtf8(PartRecord::kNameBytesMax, &part.path);
    if (part.text.size() > left) {
      CutUtf8(left, &part.text);
      exchange->cut = true;
      std::erase_if(part.kept, [&](const wire::ByteRange& range) {
        return range.end > part.text.size();
      });
    }
    left -= part.text.size();
  }
  size_t given_left = kHistoryGivenBytesMax;
  std::erase_if(exchange->given, [&](const std::string& text) {
    if (text.empty() || text.size() > given_left) return true;
    given_left -= text.size();
    return false;
  });
  std::erase_if(exchange->parts,
                [](const wire::Part& part) { return part.text.empty(); });
}

std::string ToJson(const HistoryExchange& exchange) {
  JsonWriter json;
  json.BeginObject().Field("v", 1).Field("agent",
                                         HistoryAgentName(exchange.agent));
  for (const auto& [name, member] : kTexts) {
    json.FieldIfSet(name, exchange.*member);
  }
  json.Field("turn", exchange.turn).Field("time", exchange.time_micros);
  if (exchange.usage_source != wire::UsageSource::kNone) {
    json.Key("usage").BeginObject();
    for (const auto& [name, member] : kCounts) {
      json.Field(name, exchange.usage.*member);
    }
    json.Field("source", wire::UsageSourceName(exchange.usage_source))
        .EndObject();
  }
  json.Field("outcome", OutcomeName(exchange.outcome));
  if (exchange.later) json.Field("later", true);
  if (exchange.cut) json.Field("cut", true);
  json.Key("parts").BeginArray();
  for (const wire::Part& part : exchange.parts) WritePart(part, &json);
  json.EndArray();
  if (!exchange.given.empty()) {
    json.Key("given").BeginArray();
    for (const std::string& text : exchange.given) json.String(text);
    json.EndArray();
  }
  json.EndObject();
  return std::move(json).Take();
}

Result<HistoryExchange> HistoryFromJson(const JsonValue& json) {
  if (!json.is_object()) {
    return Error(Code::kInvalid, "must be a JSON object");
  }
  if (json["v"].Int() != 1) return Wrong("v", "1");
  HistoryExchange exchange;
  const auto agent = ParseHistoryAgent(json["agent"].StringOrEmpty());
  if (!agent) return Wrong("agent", "one whose histories are read");
  exchange.agent = *agent;
  for (const auto& [name, member] : kTexts) {
    TRY(ReadText(json, name, &(exchange.*member)));
  }
  TRY(ReadNumber(json, "turn", &exchange.turn));
  TRY(ReadNumber(json, "time", &exchange.time_micros));
  TRY(ReadUsage(json["usage"], &exchange));
  const auto outcome = ParseOutcome(json["outcome"].StringOrEmpty());
  if (!outcome) return Wrong("outcome", "that of an exchange");
  exchange.outcome = *outcome;
  exchange.later = json["later"].Bool().value_or(false);
  exchange.cut = json["cut"].Bool().value_or(false);
  if (!json["parts"].is_array()) return Wrong("parts", "an array");
  for (const JsonValue& part : json["parts"].Elements()) {
    TRY_ASSIGN(wire::Part read, ReadPart(part));
    exchange.parts.push_back(std::move(read));
  }
  for (const JsonValue& text : json["given"].Elements()) {
    if (!text.is_string()) return Wrong("given", "texts");
    exchange.given.emplace_back(*text.String());
  }
  BoundHistoryExchange(&exchange);
  return exchange;
}

std::string ToJson(const HistoryMark& mark) {
  JsonWriter json;
  json.BeginObject()
      .Field("offset", mark.offset)
      .Field("line", mark.line)
      .Field("size", mark.size)
      .Field("changed", mark.changed_micros)
      .Field("held", mark.held)
      .FieldIfSet("head", mark.head)
      .FieldIfSet("tail", mark.tail)
      .FieldIfSet("context", mark.context)
      .EndObject();
  return std::move(json).Take();
}

Result<HistoryMark> HistoryMarkFromJson(const JsonValue& json) {
  if (!json.is_object()) {
    return Error(Code::kInvalid, "must be a JSON object");
  }
  HistoryMark mark;
  int64_t offset = 0;
  int64_t size = 0;
  TRY(ReadNumber(json, "offset", &offset));
  TRY(ReadNumber(json, "size", &size));
  TRY(ReadNumber(json, "line", &mark.line));
  TRY(ReadNumber(json, "changed", &mark.changed_micros));
  TRY(ReadText(json, "head", &mark.head));
  TRY(ReadText(json, "tail", &mark.tail));
  TRY(ReadText(json, "context", &mark.context));
  mark.offset = static_cast<uint64_t>(offset);
  mark.size = static_cast<uint64_t>(size);
  mark.held = json["held"].Bool().value_or(false);
  return mark;
}

}  // namespace cofferdam::ledger
