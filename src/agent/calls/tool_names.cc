#include "agent/calls/tool_names.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "wire/lenient_json.h"

namespace cofferdam::agent {
namespace {

struct OtherName {
  std::string_view plain;  // PlainName
  std::string_view tool;
};

// What other agents call the same thing, so that models trained on them say it.
// A name that some use for two things (search, find, create_file, str_replace_
// editor, open) is not here.
constexpr OtherName kOtherNames[] = {
    {"shell", "bash"},
    {"sh", "bash"},
    {"localshell", "bash"},
    {"terminal", "bash"},
    {"exec", "bash"},
    {"execcommand", "bash"},
    {"executecommand", "bash"},
    {"executebash", "bash"},
    {"runcommand", "bash"},
    {"runshellcommand", "bash"},
    {"runterminalcmd", "bash"},
    {"runterminalcommand", "bash"},
    {"runinterminal", "bash"},
    {"shellcommand", "bash"},
    {"readfile", "read"},
    {"viewfile", "read"},
    {"view", "read"},
    {"writefile", "write"},
    {"writetofile", "write"},
    {"editfile", "edit"},
    {"strreplace", "edit"},
    {"searchreplace", "edit"},
    {"replaceinfile", "edit"},
    {"applypatch", "patch"},
    {"grepsearch", "grep"},
    {"searchfilecontent", "grep"},
    {"ripgrep", "grep"},
    {"rg", "grep"},
    {"globsearch", "glob"},
    {"filesearch", "glob"},
    {"ls", "list"},
    {"listdir", "list"},
    {"listfiles", "list"},
    {"listdirectory", "list"},
    {"todowrite", "todo"},
    {"writetodos", "todo"},
    {"updatetodolist", "todo"},
};

constexpr std::array<std::string_view, 7> kPrefixes = {
    "functions.", "functions:",   "function.",   "tools.",
    "tool.",      "default_api.", "default_api:"};

// Longer names are not compared letter by letter.
constexpr size_t kNearBytesMax = 64;

std::string_view WithoutWrapping(std::string_view name) {
  const size_t token = name.find("<|");
  if (token != std::string_view::npos) name = name.substr(0, token);
  while (!name.empty() && (name.back() == ' ' || name.back() == '\n'))
    name.remove_suffix(1);
  while (!name.empty() && (name.front() == ' ' || name.front() == '\n'))
    name.remove_prefix(1);
  for (std::string_view prefix : kPrefixes) {
    if (name.starts_with(prefix)) {
      name.remove_prefix(prefix.size());
      break;
    }
  }
  // Kimi numbers its calls behind the name: functions.bash:0.
  const size_t colon = name.rfind(':');
  if (colon != std::string_view::npos && colon + 1 < name.size() &&
      std::all_of(name.begin() + static_cast<ptrdiff_t>(colon) + 1, name.end(),
                  [](char c) { return c >= '0' && c <= '9'; })) {
    name = name.substr(0, colon);
  }
  return name;
}

// Letters to change, add, leave out or swap with the next.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> older(b.size() + 1);
  std::vector<size_t> old(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    older.swap(old);
    old.swap(row);
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({old[j] + 1, row[j - 1] + 1,
                         old[j - 1] + (a[i - 1] == b[j - 1] ? 0u : 1u)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], older[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::string PlainName(std::string_view name) {
  std::string plain;
  for (char c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool separator = c == '_' || c == '-' || c == ' ' || c == '.';
    if (!separator) plain += c;
  }
  return plain;
}

std::string Excerpt(std::string_view text, size_t bytes_max) {
  std::string excerpt(wire::CutUtf8(text, bytes_max));
  for (char& c : excerpt)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  if (excerpt.size() < text.size()) excerpt += "…";
  return excerpt;
}

NamedTool FindTool(std::string_view name, std::span<const ToolSpec> tools) {
  const auto exact = [&](std::string_view wanted) {
    const auto found =
        std::find_if(tools.begin(), tools.end(),
                     [&](const ToolSpec& tool) { return tool.name == wanted; });
    return found == tools.end() ? nullptr : &*found;
  };
  if (const ToolSpec* tool = exact(name)) return {.tool = tool, .mend = ""};
  const std::string_view bare = WithoutWrapping(name);
  const std::string mend =
      fmt::format("the tool's name ({})", Excerpt(name, kNearBytesMax));
  if (const ToolSpec* tool = exact(bare)) return {.tool = tool, .mend = mend};
  const std::string plain = PlainName(bare);
  if (plain.empty() || plain.size() > kNearBytesMax) return {};
  NamedTool found;
  for (const ToolSpec& tool : tools) {
    if (PlainName(tool.name) != plain) continue;
    if (found.tool != nullptr) return {};
    found = {.tool = &tool, .mend = mend};
  }
  if (found.tool != nullptr) return found;
  for (const OtherName& other : kOtherNames) {
    if (other.plain != plain) continue;
    if (const ToolSpec* tool = exact(other.tool))
      return {.tool = tool, .mend = mend, .by_other_name = true};
  }
  return {};
}

std::string_view NearestName(std::string_view name,
                             std::span<const std::string_view> names) {
  const std::string plain = PlainName(name.substr(0, kNearBytesMax));
  std::string_view nearest;
  size_t least = plain.size() / 3 + 1;
  for (std::string_view candidate : names) {
    if (candidate.size() > kNearBytesMax) continue;
    const size_t distance = Distance(plain, PlainName(candidate));
    if (distance >= least) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest;
}

std::string NoSuchTool(std::string_view name, std::span<const ToolSpec> tools) {
  std::vector<std::string_view> names;
  for (const ToolSpec& tool : tools) names.push_back(tool.name);
  std::string_view nearest = NearestName(WithoutWrapping(name), names);
  // A name that others use for a tool of ours, whose arguments did not fit.
  if (const NamedTool found = FindTool(name, tools); found.tool != nullptr)
    nearest = found.tool->name;
  std::string why = name.empty() ? "The call names no tool."
                                 : fmt::format("There is no tool \"{}\".",
                                               Excerpt(name, kNearBytesMax));
  if (!nearest.empty()) why += fmt::format(" Did you mean \"{}\"?", nearest);
  why += fmt::format(" The tools are: {}.", fmt::join(names, ", "));
  return why;
}

}  // namespace cofferdam::agent
