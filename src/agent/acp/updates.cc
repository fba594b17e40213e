#include "agent/acp/updates.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/clock.h"

namespace cofferdam::agent {
namespace {

std::string_view ChunkName(AcpSpeaker speaker) {
  switch (speaker) {
    case AcpSpeaker::kUser:
      return "user_message_chunk";
    case AcpSpeaker::kAgent:
      return "agent_message_chunk";
    case AcpSpeaker::kThought:
      return "agent_thought_chunk";
  }
  return "agent_message_chunk";
}

std::string_view CompactionName(AcpCompaction state) {
  switch (state) {
    case AcpCompaction::kRunning:
      return "in_progress";
    case AcpCompaction::kDone:
      return "completed";
    case AcpCompaction::kFailed:
      return "failed";
  }
  return "failed";
}

struct ModeWords {
  Mode mode;
  std::string_view name;
  std::string_view description;
};
constexpr std::array<ModeWords, 4> kModes = {{
    {Mode::kPlan, "Plan", "Reads and plans; changes nothing"},
    {Mode::kAsk, "Ask", "Asks before edits and commands"},
    {Mode::kEdit, "Edit", "Edits the workspace, asks before commands"},
    {Mode::kAuto, "Auto", "Asks nothing inside the sandbox"},
}};

struct CommandWords {
  std::string_view name;
  std::string_view description;
  std::string_view hint;  // empty: takes no input
};
// What AcpCommand reads (agent/acp/commands.h).
constexpr std::array<CommandWords, 4> kCommands = {{
    {"compact", "Shorten the conversation now", "what to keep in mind"},
    {"mode", "Say what may happen without asking", "plan, ask, edit or auto"},
    {"model", "Change the model", "name of a model"},
    {"status", "Show model, mode, tokens, cost and sandbox", ""},
}};

void BeginUpdate(std::string_view kind, JsonWriter* json) {
  json->BeginObject().Field("sessionUpdate", kind);
}

std::string EndUpdate(JsonWriter&& json) {
  json.EndObject();
  return std::move(json).Take();
}

void WriteOption(std::string_view value, std::string_view name,
                 std::string_view description, JsonWriter* json) {
  json->BeginObject().Field("value", value).Field("name", name);
  json->FieldIfSet("description", description).EndObject();
}

}  // namespace

std::string ChunkUpdate(AcpSpeaker speaker, std::string_view message_id,
                        std::string_view text) {
  JsonWriter json;
  BeginUpdate(ChunkName(speaker), &json);
  json.Key("content").BeginObject().Field("type", "text");
  json.Field("text", text).EndObject();
  json.FieldIfSet("messageId", message_id);
  return EndUpdate(std::move(json));
}

std::string PlanUpdate(const std::vector<PlanEntry>& plan) {
  JsonWriter json;
  BeginUpdate("plan", &json);
  json.Key("entries").BeginArray();
  for (const PlanEntry& entry : plan) {
    json.BeginObject().Field("content", entry.text);
    json.Field("priority", PlanPriorityName(entry.priority));
    json.Field("status", PlanStatusName(entry.status)).EndObject();
  }
  json.EndArray();
  return EndUpdate(std::move(json));
}

std::string ModeUpdate(Mode mode) {
  JsonWriter json;
  BeginUpdate("current_mode_update", &json);
  json.Field("currentModeId", ModeName(mode));
  return EndUpdate(std::move(json));
}

std::string UsageUpdate(const Meter& meter) {
  if (meter.context_size <= 0) return {};
  JsonWriter json;
  BeginUpdate("usage_update", &json);
  json.Field("used", std::max<int64_t>(meter.context_used, 0));
  json.Field("size", meter.context_size);
  if (meter.cost_micros) {
    json.Key("cost").BeginObject();
    json.Field("amount", static_cast<double>(*meter.cost_micros) / 1e6);
    json.Field("currency", "USD").EndObject();
  }
  return EndUpdate(std::move(json));
}

std::string CommandsUpdate() {
  JsonWriter json;
  BeginUpdate("available_commands_update", &json);
  json.Key("availableCommands").BeginArray();
  for (const CommandWords& command : kCommands) {
    json.BeginObject().Field("name", command.name);
    json.Field("description", command.description);
    if (!command.hint.empty())
      json.Key("input").BeginObject().Field("hint", command.hint).EndObject();
    json.EndObject();
  }
  json.EndArray();
  return EndUpdate(std::move(json));
}

std::string SessionInfoUpdate(std::string_view title, int64_t changed_micros) {
  JsonWriter json;
  BeginUpdate("session_info_update", &json);
  json.FieldIfSet("title", title);
  json.Field("updatedAt", FormatTime(changed_micros));
  return EndUpdate(std::move(json));
}

std::string NoticeUpdate(AcpSeverity severity, std::string_view line) {
  JsonWriter json;
  BeginUpdate("notice", &json);
  json.Field("severity",
             severity == AcpSeverity::kWarning ? "warning" : "info");
  json.Field("title", line);
  return EndUpdate(std::move(json));
}

std::string CompactionUpdate(std::string_view id, AcpCompaction state,
                             std::string_view error) {
  JsonWriter json;
  BeginUpdate("compaction_update", &json);
  json.Field("compactionId", id).Field("status", CompactionName(state));
  json.FieldIfSet("error", error);
  return EndUpdate(std::move(json));
}

void WriteModes(const AcpChoices& choices, JsonWriter* json) {
  json->Key("modes").BeginObject();
  json->Field("currentModeId", ModeName(choices.mode));
  json->Key("availableModes").BeginArray();
  for (const ModeWords& words : kModes) {
    json->BeginObject().Field("id", ModeName(words.mode));
    json->Field("name", words.name);
    json->Field("description", words.description).EndObject();
  }
  json->EndArray().EndObject();
}

void WriteConfigOptions(const AcpChoices& choices, JsonWriter* json) {
  json->Key("configOptions").BeginArray();
  json->BeginObject().Field("id", "mode").Field("name", "Mode");
  json->Field("category", "mode").Field("type", "select");
  json->Field("currentValue", ModeName(choices.mode));
  json->Key("options").BeginArray();
  for (const ModeWords& words : kModes)
    WriteOption(ModeName(words.mode), words.name, words.description, json);
  json->EndArray().EndObject();
  json->BeginObject().Field("id", "model").Field("name", "Model");
  json->Field("category", "model").Field("type", "select");
  json->Field("currentValue", choices.model);
  json->Key("options").BeginArray();
  const auto& models = choices.models;
  if (std::find(models.begin(), models.end(), choices.model) == models.end())
    WriteOption(choices.model, choices.model, "", json);
  for (const std::string& model : models) WriteOption(model, model, "", json);
  json->EndArray().EndObject().EndArray();
}

std::string ConfigOptionsUpdate(const AcpChoices& choices) {
  JsonWriter json;
  BeginUpdate("config_option_update", &json);
  WriteConfigOptions(choices, &json);
  return EndUpdate(std::move(json));
}

}  // namespace cofferdam::agent
