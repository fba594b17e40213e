#include "cli/code_events.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

#include "base/json.h"
#include "cli/context.h"

namespace cofferdam::cli {
namespace {

constexpr int kStreamVersion = 1;

// How many bytes at the end begin a character that is not whole yet.
size_t BrokenEnd(std::string_view text) {
  for (size_t back = 1; back <= 3 && back <= text.size(); ++back) {
    unsigned char c = static_cast<unsigned char>(text[text.size() - back]);
    if ((c & 0xC0) == 0x80) continue;
    size_t whole = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
    return whole > back ? back : 0;
  }
  return 0;
}

// Whoever reads a stream reads it as it comes.
void Emit(JsonWriter json) {
  PrintLine(json.text());
  std::fflush(stdout);
}

JsonWriter Event(std::string_view type) {
  JsonWriter json;
  json.BeginObject().Field("type", type);
  return json;
}

void WriteUsage(const agent::Meter& meter, JsonWriter* json) {
  json->Key("usage")
      .BeginObject()
      .Field("input_tokens", meter.input_tokens)
      .Field("cached_tokens", meter.cached_tokens)
      .Field("output_tokens", meter.output_tokens)
      .Field("context_used", meter.context_used)
      .Field("context_size", meter.context_size)
      .EndObject();
  json->Key("cost_usd");
  if (meter.cost_micros.has_value()) {
    json->Double(static_cast<double>(*meter.cost_micros) / 1e6);
  } else {
    json->Null();
  }
}

std::string_view ChangeName(const agent::FileChange& change) {
  if (!change.before.has_value()) return "created";
  return change.after.has_value() ? "changed" : "deleted";
}

void WriteChanges(const std::vector<agent::FileChange>& changes,
                  JsonWriter* json) {
  json->Key("changes").BeginArray();
  for (const agent::FileChange& change : changes) {
    json->BeginObject()
        .Field("path", change.path)
        .Field("change", ChangeName(change))
        .EndObject();
  }
  json->EndArray();
}

// A file that was changed several times is told once, by what became of it.
std::vector<agent::FileChange> Together(
    const std::vector<agent::FileChange>& changes) {
  std::map<std::string, agent::FileChange> by_path;
  for (const agent::FileChange& change : changes) {
    auto [entry, is_new] = by_path.emplace(change.path, change);
    if (!is_new) entry->second.after = change.after;
  }
  std::vector<agent::FileChange> together;
  for (auto& [path, change] : by_path) {
    if (change.before != change.after) together.push_back(std::move(change));
  }
  return together;
}

std::string_view StatusName(agent::PlanEntry::Status status) {
  switch (status) {
    case agent::PlanEntry::Status::kPending:
      return "pending";
    case agent::PlanEntry::Status::kInProgress:
      return "in_progress";
    case agent::PlanEntry::Status::kCompleted:
      break;
  }
  return "completed";
}

}  // namespace

std::string CodeRunJson(const CodeRun& run, std::string_view type) {
  JsonWriter json;
  json.BeginObject();
  if (!type.empty()) json.Field("type", type);
  json.Field("result", run.turn.text);
  if (!run.answer.empty()) json.Key("answer").Raw(run.answer);
  json.Field("end", run.end)
      .Field("why", run.turn.why)
      .Field("session", run.session)
      .Field("model", run.model)
      .Field("requests", run.turn.requests);
  WriteUsage(run.meter, &json);
  WriteChanges(Together(run.turn.changes), &json);
  json.Key("notices").BeginArray();
  for (const std::string& notice : run.notices) json.String(notice);
  json.EndArray().EndObject();
  return std::move(json).Take();
}

void CodeEvents::Begin(const agent::Conversation& conversation,
                       const std::string& workspace) {
  if (!streams()) return;
  JsonWriter json = Event("begin");
  json.Field("version", kStreamVersion)
      .Field("session", conversation.session_id())
      .Field("model", conversation.model())
      .Field("mode", agent::ModeName(conversation.mode()))
      .Field("workspace", workspace)
      .EndObject();
  Emit(std::move(json));
}

void CodeEvents::TextEvent(std::string_view type, std::string_view piece,
                           std::string* rest) {
  if (!streams()) return;
  std::string text = std::move(*rest);
  text += piece;
  size_t broken = BrokenEnd(text);
  *rest = text.substr(text.size() - broken);
  text.resize(text.size() - broken);
  if (text.empty()) return;
  JsonWriter json = Event(type);
  json.Field("text", text).EndObject();
  Emit(std::move(json));
}

void CodeEvents::OnText(std::string_view piece) {
  TextEvent("text", piece, &text_rest_);
}

void CodeEvents::OnThinking(std::string_view piece) {
  TextEvent("thinking", piece, &thinking_rest_);
}

void CodeEvents::OnAnswerEnd() {
  text_rest_.clear();
  thinking_rest_.clear();
  if (!streams()) return;
  JsonWriter json = Event("answer_end");
  json.EndObject();
  Emit(std::move(json));
}

void CodeEvents::OnAnswerDropped(std::string_view why) {
  text_rest_.clear();
  thinking_rest_.clear();
  if (!streams()) return;
  JsonWriter json = Event("answer_dropped");
  json.Field("why", why).EndObject();
  Emit(std::move(json));
}

void CodeEvents::OnCall(const agent::ShownCall& call) {
  if (!streams()) return;
  JsonWriter json = Event("call");
  json.Field("id", call.id).Field("name", call.name);
  json.Key("arguments").Raw(call.arguments);
  json.Field("title", call.intent.title)
      .Field("kind", agent::ToolKindName(call.intent.kind))
      .FieldIfSet("repaired", call.repaired)
      .EndObject();
  Emit(std::move(json));
}

void CodeEvents::OnCallRunning(const std::string& id) {
  if (!streams()) return;
  JsonWriter json = Event("call_running");
  json.Field("id", id).EndObject();
  Emit(std::move(json));
}

void CodeEvents::OnCallOutput(const std::string& id, std::string_view piece) {
  if (!streams()) return;
  std::string& rest = output_rest_[id];
  std::string text = std::move(rest);
  text += piece;
  size_t broken = BrokenEnd(text);
  rest = text.substr(text.size() - broken);
  text.resize(text.size() - broken);
  if (text.empty()) return;
  JsonWriter json = Event("call_output");
  json.Field("id", id).Field("text", text).EndObject();
  Emit(std::move(json));
}

void CodeEvents::OnCallEnd(const std::string& id,
                           const agent::ToolOutcome& outcome) {
  output_rest_.erase(id);
  if (!streams()) return;
  JsonWriter json = Event("call_end");
  json.Field("id", id)
      .Field("failed", outcome.failed)
      .Field("text", outcome.text);
  WriteChanges(outcome.changes, &json);
  json.EndObject();
  Emit(std::move(json));
}

void CodeEvents::OnPlan(const std::vector<agent::PlanEntry>& plan) {
  if (!streams()) return;
  JsonWriter json = Event("plan");
  json.Key("entries").BeginArray();
  for (const agent::PlanEntry& entry : plan) {
    json.BeginObject()
        .Field("text", entry.text)
        .Field("status", StatusName(entry.status))
        .EndObject();
  }
  json.EndArray().EndObject();
  Emit(std::move(json));
}

void CodeEvents::OnMeter(const agent::Meter& meter) {
  if (!streams()) return;
  JsonWriter json = Event("meter");
  WriteUsage(meter, &json);
  json.EndObject();
  Emit(std::move(json));
}

void CodeEvents::OnMode(agent::Mode mode) {
  if (!streams()) return;
  JsonWriter json = Event("mode");
  json.Field("mode", agent::ModeName(mode)).EndObject();
  Emit(std::move(json));
}

void CodeEvents::OnNotice(std::string_view line) {
  notices_.emplace_back(line);
  Say(fmt::format("cofferdam: {}", line));
  if (!streams()) return;
  JsonWriter json = Event("notice");
  json.Field("text", line).EndObject();
  Emit(std::move(json));
}

agent::Permission CodeEvents::Ask(const agent::ShownCall&) {
  return agent::Permission::kRejectOnce;
}

}  // namespace cofferdam::cli
