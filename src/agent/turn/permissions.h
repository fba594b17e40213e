#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "agent/observer.h"
#include "agent/tool.h"
#include "base/result.h"

namespace cofferdam::agent {

// A rule of --allow: a tool, or a tool and what it may be used on. For
// commands PATTERN is matched against each simple command of a line (words
// joined by one space; a line that cannot be taken apart matches only "*"),
// for the other tools against every path that it would write, relative to the
// workspace. "*" in it stands for anything, '/' included.
struct AllowRule {
  std::string tool;
  std::string pattern = "*";
};
// "bash(npm test*)", "edit(src/*)", "write".
Result<AllowRule> ParseAllowRule(std::string_view text);

// What is to happen with a call.
struct Ruling {
  enum class Is { kRun, kAsk, kRefuse };
  Is is = Is::kRun;
  std::string why;  // of kRefuse: for the model
};

// Which calls may run by the mode, the rules, and what the user has said
// before in this session.
class Permissions {
 public:
  Permissions(std::string workspace, std::vector<AllowRule> rules)
      : workspace_(std::move(workspace)), rules_(std::move(rules)) {}

  Ruling Rule(Mode mode, std::string_view tool, const Intent& intent) const;
  // Keeps what the user said for good (kAllowAlways, kRejectAlways).
  void Remember(Permission permission, std::string_view tool,
                const Intent& intent);

 private:
  bool IsAllowedByRule(std::string_view tool, const Intent& intent) const;

  std::string workspace_;
  std::vector<AllowRule> rules_;
  std::set<std::string> always_;
  std::set<std::string> never_;
};

}  // namespace cofferdam::agent
