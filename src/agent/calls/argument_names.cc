#include "agent/calls/argument_names.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>

#include "agent/calls/tool_names.h"

namespace cofferdam::agent {
namespace {

// Names for the same thing, in the form of PlainName.
constexpr std::array<std::string_view, 10> kFile = {
    "path",       "filepath",     "filename", "file",     "absolutepath",
    "targetfile", "relativepath", "pathname", "notebook", "fullpath"};
constexpr std::array<std::string_view, 8> kFolder = {
    "path",    "directory", "dir",        "folder",
    "dirpath", "root",      "searchpath", "directorypath"};
constexpr std::array<std::string_view, 8> kWorkFolder = {
    "cwd",       "workdir", "workingdirectory", "workingdir",
    "directory", "dir",     "folder",           "dirpath"};
constexpr std::array<std::string_view, 6> kCommand = {
    "command", "cmd", "shellcommand", "bashcommand", "cmdline", "commandline"};
constexpr std::array<std::string_view, 10> kOld = {
    "old",       "oldstring", "oldstr",     "oldtext",  "search",
    "searchstr", "find",      "oldcontent", "original", "searchtext"};
constexpr std::array<std::string_view, 9> kNew = {
    "new",         "newstring",   "newstr",     "newtext",    "replace",
    "replacement", "replacewith", "newcontent", "replacetext"};
constexpr std::array<std::string_view, 7> kContent = {
    "content",  "contents",     "text",       "filecontent",
    "filetext", "filecontents", "codecontent"};
constexpr std::array<std::string_view, 8> kPattern = {
    "pattern",    "query",       "regex",  "regexp",
    "searchterm", "globpattern", "search", "expression"};
constexpr std::array<std::string_view, 5> kPatch = {
    "patch", "patchtext", "input", "diff", "patchcontent"};
constexpr std::array<std::string_view, 6> kItems = {
    "items", "todos", "tasks", "todolist", "entries", "steps"};
constexpr std::array<std::string_view, 5> kAll = {
    "all", "replaceall", "allowmultiple", "multiple", "global"};
constexpr std::array<std::string_view, 4> kBackground = {
    "background", "isbackground", "runinbackground", "inbackground"};
// "-i" of grep among them.
constexpr std::array<std::string_view, 3> kIgnoreCase = {"ignorecase", "i",
                                                         "caseinsensitive"};

constexpr std::array<std::span<const std::string_view>, 12> kGroups = {
    kFile,    kWorkFolder, kCommand, kOld, kNew,        kContent,
    kPattern, kPatch,      kItems,   kAll, kBackground, kIgnoreCase};

// What says how or where a thing is done, so that without it another thing
// would be done.
constexpr std::array<std::string_view, 46> kMatter = {"cwd",
                                                      "workdir",
                                                      "workingdirectory",
                                                      "workingdir",
                                                      "directory",
                                                      "dir",
                                                      "env",
                                                      "environment",
                                                      "stdin",
                                                      "input",
                                                      "append",
                                                      "mode",
                                                      "offset",
                                                      "startline",
                                                      "endline",
                                                      "linerange",
                                                      "viewrange",
                                                      "range",
                                                      "insertline",
                                                      "line",
                                                      "lines",
                                                      "replaceall",
                                                      "all",
                                                      "global",
                                                      "isregex",
                                                      "regex",
                                                      "casesensitive",
                                                      "ignorecase",
                                                      "include",
                                                      "exclude",
                                                      "glob",
                                                      "dryrun",
                                                      "background",
                                                      "isbackground",
                                                      "runinbackground",
                                                      "count",
                                                      "occurrence",
                                                      "user",
                                                      "host",
                                                      "path",
                                                      "i",
                                                      "caseinsensitive",
                                                      "multiline",
                                                      "invert",
                                                      "recursive",
                                                      "expectedreplacements"};
// Of these either word says what is to be done: without `regex: false` a text
// would be read as a pattern.
constexpr std::array<std::string_view, 4> kEitherWay = {
    "isregex", "regex", "casesensitive", "recursive"};

bool Holds(std::span<const std::string_view> group, std::string_view plain) {
  return std::find(group.begin(), group.end(), plain) != group.end();
}

bool IsRequired(std::string_view property, const JsonValue& schema) {
  for (const JsonValue& name : schema["required"].Elements())
    if (name.StringOrEmpty() == property) return true;
  return false;
}

// The one property that goes by a name of `group`; empty: none, or several.
std::string_view OneOf(std::span<const std::string_view> group,
                       const JsonValue& schema) {
  std::string_view found;
  for (const auto& [property, unused] : schema["properties"].Members()) {
    if (!Holds(group, PlainName(property))) continue;
    if (!found.empty()) return {};
    found = property;
  }
  return found;
}

}  // namespace

NamedArgument FindArgument(std::string_view name, const JsonValue& schema) {
  if (schema["properties"][name].present())
    return {.property = name, .exact = true};
  const std::string plain = PlainName(name);
  std::string_view alike;
  for (const auto& [property, unused] : schema["properties"].Members()) {
    if (PlainName(property) != plain) continue;
    if (!alike.empty()) return {};
    alike = property;
  }
  if (!alike.empty()) return {.property = alike};
  // A name may mean several things; it is certain if the tool knows just one.
  std::string_view found;
  const auto consider = [&](std::string_view property) {
    if (property.empty() || property == found) return true;
    const bool first = found.empty();
    found = property;
    return first;
  };
  for (std::span<const std::string_view> group : kGroups) {
    if (Holds(group, plain) && !consider(OneOf(group, schema))) return {};
  }
  // Of a tool that can do without a path, the path is a folder to work in.
  if (Holds(kFolder, plain)) {
    const std::string_view folder = OneOf(kFolder, schema);
    if (!IsRequired(folder, schema) && !consider(folder)) return {};
  }
  return {.property = found};
}

bool MatterIfDropped(std::string_view name, const JsonValue& value) {
  const std::string plain = PlainName(name);
  if (!Holds(kMatter, plain)) return false;
  switch (value.type()) {
    case JsonValue::Type::kAbsent:
    case JsonValue::Type::kNull:
      return false;
    case JsonValue::Type::kBool:
      return *value.Bool() || Holds(kEitherWay, plain);
    case JsonValue::Type::kString:
      return !value.StringOrEmpty().empty() && value.StringOrEmpty() != ".";
    case JsonValue::Type::kArray:
      return !value.Elements().empty();
    case JsonValue::Type::kObject:
      return !value.Members().empty();
    case JsonValue::Type::kNumber:
      return plain != "expectedreplacements" || value.Int() != 1;
  }
  return true;
}

}  // namespace cofferdam::agent
