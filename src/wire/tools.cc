#include "wire/tools.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

#include "wire/lenient_json.h"
#include "wire/patch.h"
#include "wire/shell.h"

namespace cofferdam::wire {
namespace {

using Names = std::initializer_list<std::string_view>;

// Members by what they mean, as the tools of several agents (and of the text
// editor and file system tools they share) name them.
constexpr Names kPathNames = {"file_path", "filePath", "path", "notebook_path"};
constexpr Names kContentNames = {"content", "file_text", "new_source"};
constexpr Names kOldNames = {"old_string", "oldString", "old_str", "oldText"};
constexpr Names kNewNames = {"new_string", "newString", "new_str", "newText"};
constexpr Names kCommandNames = {"command", "cmd"};
constexpr Names kShellTools = {
    "Bash",        "bash",           "shell",
    "local_shell", "exec_command",   "shell_command",
    "run_command", "container.exec", "run_shell_command"};
// Tools whose other members say nothing worth keeping.
constexpr Names kKnownWriters = {"Write", "Edit", "MultiEdit",  "NotebookEdit",
                                 "write", "edit", "write_file", "replace"};

bool IsAnyOf(std::string_view word, Names names) {
  return std::find(names.begin(), names.end(), word) != names.end();
}

std::optional<std::string_view> StringOf(const JsonValue& object, Names names) {
  for (std::string_view name : names) {
    if (auto text = object[name].String()) return text;
  }
  return std::nullopt;
}

class CallReader {
 public:
  CallReader(std::string_view tool, std::string_view call_id)
      : tool_(tool), call_id_(call_id) {}

  std::vector<Part> Read(const JsonValue& input) {
    if (ReadWriter(input)) {
      if (!IsAnyOf(tool_, kKnownWriters)) AddOtherMembers(input);
    } else if (!ReadPatch(input) && !ReadCommand(input)) {
      AddJson(input);
    }
    return std::move(parts_);
  }

  void Add(PartKind kind, std::string_view path, std::string_view text,
           std::vector<ByteRange> kept = {}) {
    if (text.empty()) return;
    Part part;
    part.kind = kind;
    part.tool = tool_;
    part.call_id = call_id_;
    part.path = path;
    part.text = text;
    part.kept = std::move(kept);
    parts_.push_back(std::move(part));
  }

  std::vector<Part> Take() { return std::move(parts_); }

 private:
  void AddJson(const JsonValue& input) {
    // An empty input says nothing.
    if (input.is_object() && input.Members().empty()) return;
    if (!input.present()) return;
    Add(PartKind::kToolInput, "", std::move(JsonWriter().Value(input)).Take());
  }

  // A file, an edit or several.
  bool ReadWriter(const JsonValue& input) {
    auto path = StringOf(input, kPathNames);
    if (!path) return false;
    std::vector<JsonValue> edits = input["edits"].Elements();
    bool all_edits = !edits.empty();
    for (const JsonValue& edit : edits) {
      all_edits = all_edits && StringOf(edit, kNewNames).has_value();
    }
    if (all_edits) {
      for (const JsonValue& edit : edits) AddEdit(*path, edit);
      return true;
    }
    if (StringOf(input, kNewNames)) {
      AddEdit(*path, input);
      return true;
    }
    auto content = StringOf(input, kContentNames);
    if (!content) return false;
    // A notebook's cell is a piece of its file.
    bool is_piece = input["notebook_path"].present();
    Add(is_piece ? PartKind::kEdit : PartKind::kFile, *path, *content);
    return true;
  }

  void AddEdit(std::string_view path, const JsonValue& edit) {
    std::string_view new_text = *StringOf(edit, kNewNames);
    auto old_text = StringOf(edit, kOldNames);
    std::vector<ByteRange> kept;
    if (old_text) kept = KeptLines(*old_text, new_text);
    Add(PartKind::kEdit, path, new_text, std::move(kept));
  }

  // What a tool we don't know was told beside a file's text.
  void AddOtherMembers(const JsonValue& input) {
    JsonWriter rest;
    rest.BeginObject();
    bool has_text = false;
    for (const auto& [name, member] : input.Members()) {
      if (IsAnyOf(name, kPathNames) || IsAnyOf(name, kContentNames) ||
          IsAnyOf(name, kOldNames) || IsAnyOf(name, kNewNames) ||
          name == "edits") {
        continue;
      }
      has_text = has_text || member.is_string() || member.is_object() ||
                 member.is_array();
      rest.Key(name).Value(member);
    }
    rest.EndObject();
    if (has_text) Add(PartKind::kToolInput, "", std::move(rest).Take());
  }

  bool ReadPatch(const JsonValue& input) {
    if (tool_ != "apply_patch" && tool_ != "patch") return false;
    auto text = StringOf(input, {"input", "patch", "patchText"});
    if (!text) return false;
    auto parts = PartsOfPatch(tool_, call_id_, *text);
    if (!parts) return false;
    parts_ = *std::move(parts);
    return true;
  }

  bool ReadCommand(const JsonValue& input) {
    if (!IsAnyOf(tool_, kShellTools)) return false;
    if (auto command = StringOf(input, kCommandNames)) {
      parts_ = PartsOfShell(tool_, call_id_, *command);
      return true;
    }
    std::vector<std::string> arguments;
    for (std::string_view name : kCommandNames) {
      if (!input[name].is_array()) continue;
      for (const JsonValue& argument : input[name].Elements()) {
        if (!argument.is_string()) return false;
        arguments.emplace_back(argument.StringOrEmpty());
      }
    }
    if (arguments.empty()) return false;
    parts_ = PartsOfArguments(tool_, call_id_, arguments);
    return true;
  }

  std::string_view tool_;
  std::string_view call_id_;
  std::vector<Part> parts_;
};

}  // namespace

std::vector<Part> PartsOfToolCall(std::string_view tool,
                                  std::string_view call_id,
                                  const JsonValue& input) {
  return CallReader(tool, call_id).Read(input);
}

std::vector<Part> PartsOfFreeformCall(std::string_view tool,
                                      std::string_view call_id,
                                      std::string_view input) {
  if (tool == "apply_patch" || tool == "patch") {
    if (auto parts = PartsOfPatch(tool, call_id, input)) {
      return *std::move(parts);
    }
  }
  if (IsAnyOf(tool, kShellTools)) return PartsOfShell(tool, call_id, input);
  CallReader reader(tool, call_id);
  reader.Add(PartKind::kToolInput, "", input);
  return reader.Take();
}

std::vector<Part> PartsOfJsonText(std::string_view tool,
                                  std::string_view call_id,
                                  std::string_view json) {
  Result<LenientJson> whole = ParseLenient(json, Halves::kReplace);
  if (whole.ok()) return PartsOfToolCall(tool, call_id, whole->document.root());
  if (std::optional<std::string> closed = CloseJson(json)) {
    Result<LenientJson> cut = ParseLenient(*closed, Halves::kReplace);
    if (cut.ok()) return PartsOfToolCall(tool, call_id, cut->document.root());
  }
  return PartsOfFreeformCall(tool, call_id, json);
}

}  // namespace cofferdam::wire
