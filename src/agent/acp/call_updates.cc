#include "agent/acp/call_updates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace cofferdam::agent {
namespace {

void WriteText(std::string_view text, JsonWriter* json) {
  json->BeginObject().Field("type", "content").Key("content").BeginObject();
  json->Field("type", "text").Field("text", text).EndObject().EndObject();
}

void WriteDiff(const FileChange& change, size_t bytes_max, JsonWriter* json) {
  const size_t bytes = (change.before ? change.before->size() : 0) +
                       (change.after ? change.after->size() : 0);
  if (bytes > bytes_max) {
    WriteText(
        fmt::format("{}: {} to {} bytes, too large to show here.", change.path,
                    change.before ? change.before->size() : 0,
                    change.after ? change.after->size() : 0),
        json);
    return;
  }
  json->BeginObject().Field("type", "diff").Field("path", change.path);
  if (change.before) json->Field("oldText", *change.before);
  json->Field("newText", change.after ? *change.after : "").EndObject();
}

void WriteTerminal(const std::string& id, JsonWriter* json) {
  json->BeginObject().Field("type", "terminal");
  json->Field("terminalId", id).EndObject();
}

void WriteDiffs(const std::vector<FileChange>& changes, size_t bytes_max,
                JsonWriter* json) {
  for (const FileChange& change : changes) WriteDiff(change, bytes_max, json);
}

void WriteLocations(const std::vector<Location>& locations, JsonWriter* json) {
  if (locations.empty()) return;
  json->Key("locations").BeginArray();
  for (const Location& location : locations) {
    json->BeginObject().Field("path", location.path);
    json->FieldIfSet("line", location.line).EndObject();
  }
  json->EndArray();
}

// What a call is, as both its first update and a question about it say.
void WriteCall(const ShownCall& call, JsonWriter* json) {
  json->Field("toolCallId", call.id);
  json->Field("title",
              call.intent.title.empty() ? call.name : call.intent.title);
  json->Field("name", call.name);
  json->Field("kind", ToolKindName(call.intent.kind));
  json->Field("status", "pending");
  WriteLocations(call.intent.locations, json);
  json->Key("rawInput").Raw(call.arguments);
}

JsonWriter BeginCallUpdate(const std::string& id) {
  JsonWriter json;
  json.BeginObject().Field("sessionUpdate", "tool_call_update");
  json.Field("toolCallId", id);
  return json;
}

std::string End(JsonWriter&& json) {
  json.EndObject();
  return std::move(json).Take();
}

void WriteTerminalOutput(const std::string& id, std::string_view output,
                         JsonWriter* json) {
  json->Key("terminal_output").BeginObject();
  json->Field("terminal_id", id).Field("data", output).EndObject();
}

// What the tools of this agent are, for calls of which only name and arguments
// are known.
struct KnownTool {
  std::string_view name;
  ToolKind kind;
  std::string_view verb;
};
constexpr std::array<KnownTool, 10> kTools = {{
    {"read", ToolKind::kRead, "Read"},
    {"write", ToolKind::kEdit, "Write"},
    {"edit", ToolKind::kEdit, "Edit"},
    {"patch", ToolKind::kEdit, "Patch"},
    {"bash", ToolKind::kExecute, "Run"},
    {"grep", ToolKind::kSearch, "Search"},
    {"glob", ToolKind::kSearch, "Find"},
    {"list", ToolKind::kRead, "List"},
    {"todo", ToolKind::kThink, "Write the list of things to do"},
    {"plan", ToolKind::kThink, "Put forward a plan"},
}};

// A title out of the first argument that names a thing.
std::string TitleOf(const ToolCall& call, std::string_view verb) {
  const auto arguments = JsonDocument::Parse(call.arguments);
  if (!arguments.ok()) return std::string(verb);
  for (const char* key : {"command", "pattern", "path"}) {
    const std::string_view value = (*arguments)[key].StringOrEmpty();
    if (value.empty()) continue;
    return fmt::format("{} {}", verb, value.substr(0, value.find('\n')));
  }
  return std::string(verb);
}

// What an edit or a write of a whole file did, as far as its arguments say it:
// of an edit the pieces that changed.
std::optional<FileChange> ReplayedChange(const ToolCall& call,
                                         const std::string& workspace) {
  if (call.name != "edit" && call.name != "write") return std::nullopt;
  const auto arguments = JsonDocument::Parse(call.arguments);
  if (!arguments.ok()) return std::nullopt;
  const JsonValue after = (*arguments)[call.name == "edit" ? "new" : "content"];
  const std::string path((*arguments)["path"].StringOrEmpty());
  if (!after.is_string() || path.empty()) return std::nullopt;
  FileChange change;
  change.path = path.starts_with('/') ? path : workspace + "/" + path;
  if (const auto before = (*arguments)["old"].String())
    change.before = std::string(*before);
  change.after = std::string(after.StringOrEmpty());
  return change;
}

struct OptionWords {
  Permission permission;
  std::string_view id;  // also its kind
  std::string_view name;
};
constexpr std::array<OptionWords, 4> kOptions = {{
    {Permission::kAllowOnce, "allow_once", "Allow"},
    {Permission::kAllowAlways, "allow_always", "Always allow"},
    {Permission::kRejectOnce, "reject_once", "Reject"},
    {Permission::kRejectAlways, "reject_always", "Always reject"},
}};

}  // namespace

std::string Fenced(std::string_view text) {
  size_t longest = 0;
  size_t run = 0;
  for (const char c : text) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(std::max<size_t>(longest + 1, 3), '`');
  const std::string_view end = text.ends_with('\n') ? "" : "\n";
  return fmt::format("{}\n{}{}{}", fence, text, end, fence);
}

bool ShowsTerminal(const ShownCall& call, const AcpClient& client) {
  return client.terminals && call.intent.kind == ToolKind::kExecute;
}

std::string CallUpdate(const ShownCall& call, const CallShowing& showing) {
  JsonWriter json;
  json.BeginObject().Field("sessionUpdate", "tool_call");
  WriteCall(call, &json);
  if (showing.terminal || !call.intent.preview.empty()) {
    json.Key("content").BeginArray();
    WriteDiffs(call.intent.preview, showing.diff_bytes_max, &json);
    if (showing.terminal) WriteTerminal(call.id, &json);
    json.EndArray();
  }
  if (showing.terminal) {
    json.Key("_meta").BeginObject().Key("terminal_info").BeginObject();
    json.Field("terminal_id", call.id).Field("cwd", showing.workspace);
    json.EndObject().EndObject();
  }
  return End(std::move(json));
}

std::string CallRunningUpdate(const std::string& id) {
  JsonWriter json = BeginCallUpdate(id);
  json.Field("status", "in_progress");
  return End(std::move(json));
}

std::string CallOutputUpdate(const std::string& id, std::string_view output) {
  JsonWriter json = BeginCallUpdate(id);
  json.Key("content").BeginArray();
  WriteText(Fenced(output), &json);
  json.EndArray();
  return End(std::move(json));
}

std::string TerminalOutputUpdate(const std::string& id,
                                 std::string_view output) {
  JsonWriter json = BeginCallUpdate(id);
  json.Key("_meta").BeginObject();
  WriteTerminalOutput(id, output, &json);
  json.EndObject();
  return End(std::move(json));
}

std::string CallEndUpdate(const std::string& id, const ToolOutcome& outcome,
                          const CallShowing& showing) {
  JsonWriter json = BeginCallUpdate(id);
  json.Field("status", outcome.failed ? "failed" : "completed");
  const bool says = !showing.terminal && !outcome.text.empty() &&
                    (outcome.failed || outcome.changes.empty());
  if (says || !outcome.changes.empty()) {
    json.Key("content").BeginArray();
    WriteDiffs(outcome.changes, showing.diff_bytes_max, &json);
    if (says) WriteText(Fenced(outcome.text), &json);
    if (showing.terminal) WriteTerminal(id, &json);
    json.EndArray();
  }
  json.Key("rawOutput").BeginObject().Field("text", outcome.text);
  json.Field("failed", outcome.failed).EndObject();
  if (showing.terminal) {
    // How the command ended stands in the text, which the client has shown.
    json.Key("_meta").BeginObject().Key("terminal_exit").BeginObject();
    json.Field("terminal_id", id).Key("exit_code").Null();
    json.Key("signal").Null().EndObject().EndObject();
  }
  return End(std::move(json));
}

std::string ReplayedCallUpdate(const ToolCall& call, const Message* result,
                               const CallShowing& showing) {
  const auto* const known = std::find_if(
      kTools.begin(), kTools.end(),
      [&](const KnownTool& tool) { return tool.name == call.name; });
  const bool is_known = known != kTools.end();
  const bool done = result != nullptr && !result->failed;
  JsonWriter json;
  json.BeginObject().Field("sessionUpdate", "tool_call");
  json.Field("toolCallId", call.id);
  json.Field("title", TitleOf(call, is_known ? known->verb : call.name));
  json.Field("name", call.name);
  json.Field("kind", ToolKindName(is_known ? known->kind : ToolKind::kOther));
  json.Field("status", done ? "completed" : "failed");
  json.Key("rawInput").Raw(call.arguments);
  if (result != nullptr) {
    json.Key("content").BeginArray();
    const auto change = done ? ReplayedChange(call, showing.workspace)
                             : std::optional<FileChange>();
    if (change)
      WriteDiff(*change, showing.diff_bytes_max, &json);
    else
      WriteText(Fenced(result->text), &json);
    json.EndArray();
    json.Key("rawOutput").BeginObject().Field("text", result->text);
    json.Field("failed", result->failed).EndObject();
  }
  return End(std::move(json));
}

std::string PermissionParams(const std::string& session_id,
                             const ShownCall& call, size_t diff_bytes_max) {
  JsonWriter json;
  json.BeginObject().Field("sessionId", session_id);
  json.Key("toolCall").BeginObject();
  WriteCall(call, &json);
  if (!call.intent.preview.empty()) {
    json.Key("content").BeginArray();
    WriteDiffs(call.intent.preview, diff_bytes_max, &json);
    json.EndArray();
  }
  json.EndObject().Key("options").BeginArray();
  for (const OptionWords& option : kOptions) {
    json.BeginObject().Field("optionId", option.id);
    json.Field("name", option.name).Field("kind", option.id).EndObject();
  }
  json.EndArray().EndObject();
  return std::move(json).Take();
}

Permission PermissionOf(const JsonValue& result) {
  const JsonValue outcome = result["outcome"];
  const std::string_view what = outcome["outcome"].StringOrEmpty();
  if (what == "cancelled") return Permission::kCancelled;
  const std::string_view id = outcome["optionId"].StringOrEmpty();
  for (const OptionWords& option : kOptions)
    if (what == "selected" && option.id == id) return option.permission;
  return Permission::kRejectOnce;
}

}  // namespace cofferdam::agent
