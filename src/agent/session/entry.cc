#include "agent/session/entry.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

namespace cofferdam::agent {
namespace {

constexpr std::array<std::pair<SessionEntry, std::string_view>, 11> kNames = {{
    {SessionEntry::kBegin, "begin"},
    {SessionEntry::kPrompt, "prompt"},
    {SessionEntry::kMessage, "message"},
    {SessionEntry::kFiles, "files"},
    {SessionEntry::kReplace, "replace"},
    {SessionEntry::kRewind, "rewind"},
    {SessionEntry::kModel, "model"},
    {SessionEntry::kMode, "mode"},
    {SessionEntry::kPlan, "plan"},
    {SessionEntry::kMeter, "meter"},
    {SessionEntry::kEnd, "end"},
}};

std::optional<Message::Role> ParseRole(std::string_view name) {
  for (auto role : {Message::Role::kUser, Message::Role::kAssistant,
                    Message::Role::kTool}) {
    if (RoleName(role) == name) return role;
  }
  return std::nullopt;
}

// The members that every line begins with; the reader of heads relies on their
// order.
JsonWriter Begun(SessionEntry entry, uint64_t messages) {
  JsonWriter json;
  json.BeginObject().Field("t", SessionEntryName(entry)).Field("m", messages);
  return json;
}

JsonWriter Begun(SessionEntry entry, uint64_t messages, int64_t at_micros) {
  JsonWriter json = Begun(entry, messages);
  json.Field("at", at_micros);
  return json;
}

std::string Ended(JsonWriter json) {
  json.EndObject();
  std::string line = std::move(json).Take();
  line += '\n';
  return line;
}

void WriteMessage(const Message& message, JsonWriter* json) {
  json->Field("role", RoleName(message.role));
  json->FieldIfSet("call_id", message.call_id);
  if (message.failed) json->Field("failed", true);
  json->FieldIfSet("note", message.note);
  json->FieldIfSet("thinking", message.thinking);
  json->Field("text", message.text);
  if (!message.calls.empty()) {
    json->Key("calls").BeginArray();
    for (const ToolCall& call : message.calls) {
      json->BeginObject().Field("id", call.id).Field("name", call.name);
      json->Field("arguments", call.arguments).EndObject();
    }
    json->EndArray();
  }
  json->FieldIfSet("exchange", message.exchange);
}

uint64_t Unsigned(const JsonValue& value) {
  return static_cast<uint64_t>(std::max<int64_t>(0, value.Int().value_or(0)));
}

// Takes `word` from the front of `text`.
bool Eat(std::string_view word, std::string_view* text) {
  if (!text->starts_with(word)) return false;
  text->remove_prefix(word.size());
  return true;
}

bool EatNumber(std::string_view* text, uint64_t* number) {
  const char* end = text->data() + text->size();
  auto [after, error] = std::from_chars(text->data(), end, *number);
  if (error != std::errc() || after == text->data() || after == end) {
    return false;
  }
  text->remove_prefix(static_cast<size_t>(after - text->data()));
  return true;
}

}  // namespace

std::string_view SessionEntryName(SessionEntry entry) {
  for (const auto& [known, name] : kNames) {
    if (known == entry) return name;
  }
  return "";
}

std::string BeginLine(const SessionBegin& begin) {
  JsonWriter json = Begun(SessionEntry::kBegin, 0);
  json.Field("v", 1).Field("id", begin.id).Field("at", begin.at_micros);
  json.Field("workspace", begin.workspace);
  json.FieldIfSet("title", begin.title);
  json.FieldIfSet("model", begin.model);
  json.Field("mode", ModeName(begin.mode));
  json.FieldIfSet("system", begin.system_digest);
  json.FieldIfSet("version", begin.version);
  if (!begin.parent.empty()) {
    json.Field("parent", begin.parent).Field("parent_turn", begin.parent_turn);
  }
  return Ended(std::move(json));
}

Result<SessionBegin> ReadBegin(const JsonValue& line) {
  if (line["t"].StringOrEmpty() != SessionEntryName(SessionEntry::kBegin)) {
    return Error(Code::kCorrupt, "the first line is not a session's beginning");
  }
  const int64_t version = line["v"].Int().value_or(0);
  if (version != 1) {
    return Error(Code::kInvalid,
                 fmt::format("written by another version of cofferdam (v{}, "
                             "this one reads v1)",
                             version));
  }
  SessionBegin begin;
  begin.id = line["id"].StringOrEmpty();
  begin.at_micros = line["at"].Int().value_or(0);
  begin.workspace = line["workspace"].StringOrEmpty();
  begin.title = line["title"].StringOrEmpty();
  begin.model = line["model"].StringOrEmpty();
  begin.mode = ParseMode(line["mode"].StringOrEmpty()).value_or(Mode::kAsk);
  begin.system_digest = line["system"].StringOrEmpty();
  begin.version = line["version"].StringOrEmpty();
  begin.parent = line["parent"].StringOrEmpty();
  begin.parent_turn = Unsigned(line["parent_turn"]);
  if (begin.id.empty() || begin.workspace.empty()) {
    return Error(Code::kCorrupt, "the first line lacks id or workspace");
  }
  return begin;
}

std::string PromptLine(uint64_t turn, uint64_t messages, int64_t at_micros,
                       std::string_view text, std::string_view note) {
  JsonWriter json = Begun(SessionEntry::kPrompt, messages);
  json.Field("turn", turn).Field("at", at_micros).FieldIfSet("note", note);
  json.Field("text", text);
  return Ended(std::move(json));
}

std::string MessageLine(const Message& message,
                        std::span<const std::string> changed, uint64_t messages,
                        int64_t at_micros) {
  JsonWriter json = Begun(SessionEntry::kMessage, messages, at_micros);
  WriteMessage(message, &json);
  if (!changed.empty()) {
    json.Key("changed").BeginArray();
    for (const std::string& path : changed) json.String(path);
    json.EndArray();
  }
  return Ended(std::move(json));
}

Result<Message> ReadMessage(const JsonValue& line) {
  if (!line.is_object() || !line["text"].is_string()) {
    return Error(Code::kCorrupt, "a message without text");
  }
  Message message;
  message.text = line["text"].StringOrEmpty();
  message.note = line["note"].StringOrEmpty();
  if (line["t"].StringOrEmpty() == SessionEntryName(SessionEntry::kPrompt)) {
    return message;
  }
  auto role = ParseRole(line["role"].StringOrEmpty());
  if (!role) return Error(Code::kCorrupt, "a message without a role");
  message.role = *role;
  message.call_id = line["call_id"].StringOrEmpty();
  message.failed = line["failed"].Bool().value_or(false);
  message.thinking = line["thinking"].StringOrEmpty();
  message.exchange = line["exchange"].StringOrEmpty();
  for (const JsonValue& call : line["calls"].Elements()) {
    message.calls.push_back(
        {.id = std::string(call["id"].StringOrEmpty()),
         .name = std::string(call["name"].StringOrEmpty()),
         .arguments = std::string(call["arguments"].StringOrEmpty())});
  }
  return message;
}

std::string FilesLine(uint64_t turn, std::string_view snapshot,
                      uint64_t messages, int64_t at_micros) {
  JsonWriter json = Begun(SessionEntry::kFiles, messages, at_micros);
  json.Field("turn", turn).Field("snapshot", snapshot);
  return Ended(std::move(json));
}

std::string ReplaceLine(uint64_t from, uint64_t to,
                        std::span<const Message> replacement,
                        std::string_view why, uint64_t messages,
                        int64_t at_micros) {
  JsonWriter json = Begun(SessionEntry::kReplace, messages, at_micros);
  json.Field("why", why).Field("from", from).Field("to", to);
  json.Key("messages").BeginArray();
  for (const Message& message : replacement) {
    json.BeginObject();
    WriteMessage(message, &json);
    json.EndObject();
  }
  json.EndArray();
  return Ended(std::move(json));
}

std::string_view RewindOfName(RewindOf what) {
  switch (what) {
    case RewindOf::kConversation:
      return "conversation";
    case RewindOf::kFiles:
      return "files";
    case RewindOf::kBoth:
      break;
  }
  return "both";
}

std::optional<RewindOf> ParseRewindOf(std::string_view name) {
  for (RewindOf what :
       {RewindOf::kConversation, RewindOf::kFiles, RewindOf::kBoth}) {
    if (RewindOfName(what) == name) return what;
  }
  return std::nullopt;
}

std::string RewindLine(uint64_t turn, RewindOf what, uint64_t messages,
                       int64_t at_micros) {
  JsonWriter json = Begun(SessionEntry::kRewind, messages, at_micros);
  json.Field("turn", turn).Field("what", RewindOfName(what));
  return Ended(std::move(json));
}

std::string ModelLine(std::string_view model, std::string_view profile,
                      uint64_t messages, int64_t at_micros) {
  JsonWriter json = Begun(SessionEntry::kModel, messages, at_micros);
  json.Field("model", model).FieldIfSet("profile", profile);
  return Ended(std::move(json));
}

std::string ModeLine(Mode mode, uint64_t messages, int64_t at_micros) {
  JsonWriter json = Begun(SessionEntry::kMode, messages, at_micros);
  json.Field("mode", ModeName(mode));
  return Ended(std::move(json));
}

std::string PlanLine(std::span<const PlanEntry> plan, uint64_t messages,
                     int64_t at_micros) {
  JsonWriter json = Begun(SessionEntry::kPlan, messages, at_micros);
  json.Key("entries").BeginArray();
  for (const PlanEntry& entry : plan) {
    json.BeginObject().Field("text", entry.text);
    json.Field("status", PlanStatusName(entry.status));
    json.Field("priority", PlanPriorityName(entry.priority)).EndObject();
  }
  json.EndArray();
  return Ended(std::move(json));
}

std::vector<PlanEntry> ReadPlan(const JsonValue& line) {
  std::vector<PlanEntry> plan;
  for (const JsonValue& json : line["entries"].Elements()) {
    PlanEntry entry{.text = std::string(json["text"].StringOrEmpty())};
    for (auto status :
         {PlanEntry::Status::kInProgress, PlanEntry::Status::kCompleted}) {
      if (json["status"].StringOrEmpty() == PlanStatusName(status)) {
        entry.status = status;
      }
    }
    for (auto priority :
         {PlanEntry::Priority::kHigh, PlanEntry::Priority::kLow}) {
      if (json["priority"].StringOrEmpty() == PlanPriorityName(priority)) {
        entry.priority = priority;
      }
    }
    plan.push_back(std::move(entry));
  }
  return plan;
}

std::string MeterLine(const Meter& meter, uint64_t messages,
                      int64_t at_micros) {
  JsonWriter json = Begun(SessionEntry::kMeter, messages, at_micros);
  json.Field("context_used", meter.context_used);
  json.Field("context_size", meter.context_size);
  json.Field("input_tokens", meter.input_tokens);
  json.Field("cached_tokens", meter.cached_tokens);
  json.Field("output_tokens", meter.output_tokens);
  json.FieldIfSet("cost_micros", meter.cost_micros);
  return Ended(std::move(json));
}

Meter ReadMeter(const JsonValue& line) {
  Meter meter;
  meter.context_used = line["context_used"].Int().value_or(0);
  meter.context_size = line["context_size"].Int().value_or(0);
  meter.input_tokens = line["input_tokens"].Int().value_or(0);
  meter.cached_tokens = line["cached_tokens"].Int().value_or(0);
  meter.output_tokens = line["output_tokens"].Int().value_or(0);
  meter.cost_micros = line["cost_micros"].Int();
  return meter;
}

std::string EndLine(uint64_t turn, std::string_view how, std::string_view why,
                    uint64_t messages, int64_t at_micros) {
  JsonWriter json = Begun(SessionEntry::kEnd, messages, at_micros);
  json.Field("turn", turn).Field("how", how).FieldIfSet("why", why);
  return Ended(std::move(json));
}

std::optional<SessionLineHead> ReadLineHead(std::string_view head) {
  if (!Eat(R"({"t":")", &head)) return std::nullopt;
  const std::string_view name = head.substr(0, head.find('"'));
  SessionLineHead read;
  bool known = false;
  for (const auto& [entry, its_name] : kNames) {
    if (its_name != name) continue;
    read.entry = entry;
    known = true;
  }
  if (!known) return std::nullopt;
  head.remove_prefix(name.size());
  if (!Eat(R"(","m":)", &head) || !EatNumber(&head, &read.messages)) {
    return std::nullopt;
  }
  if (read.entry == SessionEntry::kPrompt &&
      (!Eat(R"(,"turn":)", &head) || !EatNumber(&head, &read.turn))) {
    return std::nullopt;
  }
  return read;
}

std::string FirstWords(std::string_view text, size_t bytes_max) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return "";
  text.remove_prefix(begin);
  text = text.substr(0, text.find_first_of("\r\n"));
  size_t size = std::min(text.size(), bytes_max);
  while (size > 0 && size < text.size() &&
         (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) {
    --size;
  }
  text = text.substr(0, size);
  return std::string(text.substr(0, text.find_last_not_of(" \t") + 1));
}

}  // namespace cofferdam::agent
