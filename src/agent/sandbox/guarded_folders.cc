#include "agent/sandbox/guarded_folders.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cofferdam::agent {
namespace {

void Append(std::vector<std::string> more, std::vector<std::string>* to) {
  std::move(more.begin(), more.end(), std::back_inserter(*to));
}

}  // namespace

GuardedFolders::GuardedFolders(const std::vector<std::string>& folders,
                               const GuardOptions& options) {
  for (const std::string& folder : folders) {
    GuardOptions one = options;
    // Of the workspace itself, paths are told as people know them there.
    one.shown_before = guards_.empty() ? std::string() : folder + "/";
    guards_.emplace_back(folder, std::move(one));
  }
}

GuardedFolders::Beginning GuardedFolders::Begin(int64_t now_micros) {
  const std::lock_guard lock(mutex_);
  Beginning beginning;
  for (WorkspaceGuard& guard : guards_) {
    if (!looked_) {
      guard.Look();
    } else if (begun_.empty()) {
      guard.LookAgain();
    } else {
      Append(guard.SweepTop(*begun_.begin()), &beginning.lines);
    }
    Append(guard.ReadOnlyPaths(), &beginning.read_only);
  }
  looked_ = true;
  begun_.insert(now_micros);
  return beginning;
}

void GuardedFolders::Abort(int64_t began_micros) {
  const std::lock_guard lock(mutex_);
  begun_.erase(begun_.find(began_micros));
}

std::vector<std::string> GuardedFolders::Tick() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> lines;
  for (WorkspaceGuard& guard : guards_) {
    Append(guard.SweepTop(*begun_.begin()), &lines);
  }
  return lines;
}

std::vector<std::string> GuardedFolders::End(int64_t began_micros) {
  const std::lock_guard lock(mutex_);
  const int64_t since = *begun_.begin();
  begun_.erase(begun_.find(began_micros));
  std::vector<std::string> lines;
  for (WorkspaceGuard& guard : guards_) {
    Append(guard.Sweep(since), &lines);
  }
  return lines;
}

bool GuardedFolders::complete() const {
  const std::lock_guard lock(mutex_);
  return std::all_of(
      guards_.begin(), guards_.end(),
      [](const WorkspaceGuard& guard) { return guard.complete(); });
}

}  // namespace cofferdam::agent
