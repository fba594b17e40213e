#include "agent/turn/permissions.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/turn/command_words.h"
#include "policy/glob.h"

namespace cofferdam::agent {
namespace {

constexpr std::string_view kPlanMode =
    "Not run: this is plan mode, in which nothing is changed and only commands "
    "that read are run. Look at what is there, then put your plan forward with "
    "the plan tool; the user can let you go on from there.";
constexpr std::string_view kRejected =
    "Not run: the user does not allow this in this session. Take another way, "
    "or ask the user.";

bool OnlyLooks(const Intent& intent) {
  switch (intent.kind) {
    case ToolKind::kRead:
    case ToolKind::kSearch:
    case ToolKind::kThink:
      return intent.writes.empty();
    case ToolKind::kExecute:
      return !intent.unconfined && !intent.command.empty() &&
             OnlyReads(intent.command);
    case ToolKind::kEdit:
    case ToolKind::kDelete:
    case ToolKind::kMove:
    case ToolKind::kOther:
      break;
  }
  return false;
}

// What "always" covers: edits by one tool anywhere in the workspace, one kind
// of command.
std::string KindOf(std::string_view tool, const Intent& intent) {
  if (intent.kind != ToolKind::kExecute) return std::string(tool);
  return fmt::format("{}({})", tool, CommandKind(intent.command));
}

std::string_view Below(std::string_view path, std::string_view folder) {
  if (path.size() > folder.size() && path.starts_with(folder) &&
      path[folder.size()] == '/') {
    return path.substr(folder.size() + 1);
  }
  return path;
}

bool CommandMatches(const std::string& pattern, const std::string& command) {
  if (pattern == "*") return true;
  auto parts = CommandWords(command);
  if (!parts.has_value()) return false;
  return std::all_of(parts->begin(), parts->end(), [&](const auto& words) {
    return policy::MatchesGlob(pattern,
                               fmt::format("{}", fmt::join(words, " ")));
  });
}

}  // namespace

Result<AllowRule> ParseAllowRule(std::string_view text) {
  AllowRule rule;
  size_t open = text.find('(');
  rule.tool = text.substr(0, open);
  if (open != std::string_view::npos) {
    if (!text.ends_with(')')) {
      return Error(Code::kInvalid,
                   fmt::format("\"{}\" has no ) at its end; as in \"bash(npm "
                               "test*)\"",
                               text));
    }
    rule.pattern = text.substr(open + 1, text.size() - open - 2);
  }
  bool named = !rule.tool.empty() &&
               std::all_of(rule.tool.begin(), rule.tool.end(), [](char c) {
                 return (c >= 'a' && c <= 'z') || c == '_';
               });
  if (!named || rule.pattern.empty()) {
    return Error(Code::kInvalid,
                 fmt::format("\"{}\" is no rule; as in \"edit\", \"bash(npm "
                             "test*)\" or \"write(src/*)\"",
                             text));
  }
  if (static_cast<size_t>(std::count(rule.pattern.begin(), rule.pattern.end(),
                                     '*')) > policy::kGlobStarsMax) {
    return Error(Code::kInvalid, fmt::format("\"{}\" has more than {} stars",
                                             text, policy::kGlobStarsMax));
  }
  return rule;
}

bool Permissions::IsAllowedByRule(std::string_view tool,
                                  const Intent& intent) const {
  return std::any_of(rules_.begin(), rules_.end(), [&](const AllowRule& rule) {
    if (rule.tool != tool) return false;
    if (rule.pattern == "*") return true;
    if (intent.kind == ToolKind::kExecute) {
      return CommandMatches(rule.pattern, intent.command);
    }
    return !intent.writes.empty() &&
           std::all_of(intent.writes.begin(), intent.writes.end(),
                       [&](const std::string& path) {
                         return policy::MatchesGlob(rule.pattern,
                                                    Below(path, workspace_));
                       });
  });
}

Ruling Permissions::Rule(Mode mode, std::string_view tool,
                         const Intent& intent) const {
  using Is = Ruling::Is;
  if (OnlyLooks(intent)) return {Is::kRun, ""};
  if (mode == Mode::kPlan) return {Is::kRefuse, std::string(kPlanMode)};
  std::string kind = KindOf(tool, intent);
  if (never_.contains(kind)) return {Is::kRefuse, std::string(kRejected)};
  if (intent.unconfined) return {Is::kAsk, ""};
  if (mode == Mode::kAuto || always_.contains(kind) ||
      IsAllowedByRule(tool, intent)) {
    return {Is::kRun, ""};
  }
  bool is_edit = intent.kind == ToolKind::kEdit ||
                 intent.kind == ToolKind::kDelete ||
                 intent.kind == ToolKind::kMove;
  if (mode == Mode::kEdit && is_edit) return {Is::kRun, ""};
  return {Is::kAsk, ""};
}

void Permissions::Remember(Permission permission, std::string_view tool,
                           const Intent& intent) {
  if (permission == Permission::kAllowAlways) {
    always_.insert(KindOf(tool, intent));
  } else if (permission == Permission::kRejectAlways) {
    never_.insert(KindOf(tool, intent));
  }
}

}  // namespace cofferdam::agent
