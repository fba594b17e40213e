#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/tool.h"
#include "base/json.h"
#include "base/result.h"
#include "policy/forbidden_paths.h"

namespace cofferdam::agent {

// What the company's law says of files before a tool touches them: paths that
// the answers of this model must not enter (docs/formats/policy.md).
class ToolPolicy {
 public:
  ToolPolicy() = default;  // nothing is forbidden
  // Patterns are of paths below `root`, an absolute folder: the repository's.
  ToolPolicy(std::string root, std::vector<policy::ForbiddenPaths> forbidden)
      : root_(std::move(root)), forbidden_(std::move(forbidden)) {}

  bool empty() const { return forbidden_.empty(); }
  // Why a call must not write what it would, for the model and for people;
  // empty: it may.
  std::string Refuses(const Intent& intent) const;
  // The same for one absolute path.
  std::string RefusesPath(const std::string& path) const;
  // Which of these changes, made by a command, must be taken back.
  std::vector<FileChange> Forbidden(std::span<const FileChange> changes) const;
  // One line for each forbidden place, for people and for the model.
  std::vector<std::string> Lines() const;

 private:
  std::string root_;
  std::vector<policy::ForbiddenPaths> forbidden_;
};

// As a gate's decision has them ("forbidden_paths"), and as they are kept for
// when it cannot be reached. kInvalid for what is no such list.
Result<std::vector<policy::ForbiddenPaths>> ReadForbiddenPaths(
    const JsonValue& list);
std::string WriteForbiddenPaths(
    std::span<const policy::ForbiddenPaths> forbidden);

}  // namespace cofferdam::agent
