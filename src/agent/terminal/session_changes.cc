#include "agent/terminal/session_changes.h"

#include <utility>

#include "base/file.h"

namespace cofferdam::agent {

void SessionChanges::Add(const std::vector<FileChange>& changes) {
  for (const FileChange& change : changes) {
    const auto [place, added] = files_.try_emplace(change.path);
    if (!added) continue;
    const size_t bytes = change.before ? change.before->size() : 0;
    if (bytes_ + bytes > kKeptBytesMax) {
      place->second.kept = false;
      continue;
    }
    bytes_ += bytes;
    place->second.text = change.before;
  }
}

void SessionChanges::Clear() {
  files_.clear();
  bytes_ = 0;
}

std::vector<FileChange> SessionChanges::Now(
    std::vector<std::string>* unknown) const {
  std::vector<FileChange> changes;
  for (const auto& [path, former] : files_) {
    Result<std::string> now = ReadFile(path, kKeptBytesMax);
    if (!former.kept || (!now.ok() && now.error().code() != Code::kNotFound)) {
      unknown->push_back(path);
      continue;
    }
    std::optional<std::string> after;
    if (now.ok()) after = *std::move(now);
    if (after != former.text) changes.push_back({path, former.text, after});
  }
  return changes;
}

}  // namespace cofferdam::agent
