#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/tool.h"

namespace cofferdam::agent {

// Texts of files as they were, kept to compare with: beyond this, only that a
// file was changed is kept.
inline constexpr size_t kKeptBytesMax = size_t{8} << 20;

// Which files the turns changed, and what they were before the first change.
class SessionChanges {
 public:
  void Add(const std::vector<FileChange>& changes);
  void Clear();

  // What is different now from what it was, by path; files are read anew.
  // Those whose former text was not kept are named in `unknown`.
  std::vector<FileChange> Now(std::vector<std::string>* unknown) const;
  bool empty() const { return files_.empty(); }

 private:
  struct Former {
    std::optional<std::string> text;  // none: was not there
    bool kept = true;
  };
  std::map<std::string, Former> files_;
  size_t bytes_ = 0;
};

}  // namespace cofferdam::agent
