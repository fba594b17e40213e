#include <set>

#include "base/file.h"
#include "cli/agent_launchers.h"

namespace cofferdam::cli {
namespace {

// `text` with spaces where comments were; what stands in strings stays.
std::string WithoutComments(std::string_view text) {
  std::string out(text);
  enum class In { kCode, kString, kLine, kBlock } in = In::kCode;
  for (size_t i = 0; i < out.size(); ++i) {
    char next = i + 1 < out.size() ? out[i + 1] : '\0';
    switch (in) {
      case In::kCode:
        if (out[i] == '"') in = In::kString;
        if (out[i] == '/' && next == '/') in = In::kLine;
        if (out[i] == '/' && next == '*') in = In::kBlock;
        if (in == In::kLine || in == In::kBlock) {
          out[i] = out[i + 1] = ' ';
          ++i;
        }
        break;
      case In::kString:
        if (out[i] == '\\')
          ++i;
        else if (out[i] == '"')
          in = In::kCode;
        break;
      case In::kLine:
        if (out[i] == '\n')
          in = In::kCode;
        else
          out[i] = ' ';
        break;
      case In::kBlock:
        if (out[i] == '*' && next == '/') {
          out[i] = out[i + 1] = ' ';
          ++i;
          in = In::kCode;
        } else if (out[i] != '\n') {
          out[i] = ' ';
        }
        break;
    }
  }
  return out;
}

void WriteMerged(const JsonValue& under, const JsonValue& over,
                 JsonWriter* json) {
  if (!under.is_object() || !over.is_object()) {
    json->Value(over.present() ? over : under);
    return;
  }
  json->BeginObject();
  std::set<std::string_view> written;
  for (const auto& [name, value] : under.Members()) {
    if (!written.insert(name).second) continue;
    json->Key(name);
    WriteMerged(value, over[name], json);
  }
  for (const auto& [name, value] : over.Members()) {
    if (written.insert(name).second) json->Key(name).Value(value);
  }
  json->EndObject();
}

}  // namespace

Result<JsonDocument> ParseSettings(std::string_view text) {
  std::string plain = WithoutComments(text);
  if (plain.find_first_not_of(" \t\r\n") == std::string::npos) plain = "{}";
  TRY_ASSIGN(JsonDocument document, JsonDocument::Parse(plain));
  if (!document.root().is_object()) {
    return Error(Code::kInvalid, "settings are a JSON object");
  }
  return document;
}

std::string MergedJson(const JsonValue& under, const JsonValue& over) {
  JsonWriter json;
  WriteMerged(under, over, &json);
  return std::move(json).Take();
}

Status TrustGate(const LaunchTarget& target, const char* name,
                 const char* fallback, AgentLaunch* launch) {
  if (target.ca_file.empty()) return {};
  std::string path = target.ca_file;
  std::string present = target.variable(name);
  if (present.empty() && *fallback != '\0') present = target.variable(fallback);
  // One that cannot be read is as good as none: agents pass it over too.
  auto before = ReadFile(present, kAgentSettingsBytesMax);
  if (!present.empty() && present != path && before.ok()) {
    TRY_ASSIGN(std::string ours, ReadFile(path, kAgentSettingsBytesMax));
    path = target.folder + "/ca.pem";
    launch->files.push_back({path, *before + "\n" + ours});
  }
  launch->environment.emplace_back(name, path);
  return {};
}

}  // namespace cofferdam::cli
