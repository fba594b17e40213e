#include "agent/session/file_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "agent/session/file_restorer.h"
#include "base/file.h"
#include "base/json.h"

namespace cofferdam::agent {
namespace {

using corpus::ShadowChange;
using corpus::ShadowFile;
using corpus::ShadowSide;

// One file's text of an answer of Changed.
constexpr size_t kChangedTextBytesMax = size_t{1} << 20;
// Files that a message names.
constexpr size_t kNamesShown = 10;

std::string Listed(const std::vector<std::string>& paths) {
  std::string names;
  for (size_t i = 0; i < paths.size() && i < kNamesShown; ++i) {
    names += (i == 0 ? "" : ", ") + paths[i];
  }
  if (paths.size() > kNamesShown) {
    names += fmt::format(" and {} more", paths.size() - kNamesShown);
  }
  return names;
}

bool IsText(const std::string& bytes) {
  return bytes.size() <= kChangedTextBytesMax &&
         bytes.find('\0') == std::string::npos && IsUtf8(bytes);
}

}  // namespace

// What going back has to do.
struct FileHistory::Undo {
  struct File {
    std::optional<ShadowSide> target;  // before the agent's first change of it
    std::optional<ShadowSide> left;    // as the agent left it last
    bool others_between = false;       // somebody changed it between two turns
  };
  std::map<std::string, File> files;
  bool uncertain = false;
};

FileHistory::FileHistory(FileHistoryPlace place, const Clock& clock,
                         const corpus::ShadowLimits& limits)
    : place_(std::move(place)),
      clock_(clock),
      limits_(limits),
      journal_(place_.folder + "/turns.jsonl") {
  std::error_code error;
  workspace_ = std::filesystem::canonical(place_.workspace, error).string();
  if (error) workspace_ = place_.workspace;
}

FileHistory::~FileHistory() {
  if (first_look_.joinable()) first_look_.join();
  (void)EndTurn();
}

void FileHistory::Prepare() {
  if (std::exchange(prepared_, true)) return;
  first_look_ = std::thread([this] {
    opened_ = OpenStore();
    if (!opened_.ok()) return;
    auto looked = store_->Look();
    if (!looked.ok()) opened_ = looked.error();
  });
}

Status FileHistory::OpenStore() {
  TRY_ASSIGN(store_,
             corpus::ShadowStore::Open(place_.folder, workspace_, limits_));
  return DropOldStates();
}

Status FileHistory::DropOldStates() {
  TRY_ASSIGN(std::vector<TurnStates> turns, journal_.Read());
  const uint64_t half = limits_.store_bytes_max / 2;
  if (turns.size() <= kFileStatesMax && store_->bytes() <= half) return {};
  // While another process uses the store, it is left to the next one.
  if (!store_->alone()) return {};
  size_t keep = std::min(turns.size(), kFileStatesMax);
  while (true) {
    turns.erase(turns.begin(), turns.end() - static_cast<ptrdiff_t>(keep));
    std::vector<std::string> commits;
    for (const TurnStates& turn : turns) {
      commits.insert(commits.end(), turn.before.begin(), turn.before.end());
      commits.push_back(turn.after);
    }
    TRY(store_->Prune(commits));
    if (store_->bytes() <= half || keep == 0) break;
    keep /= 2;
  }
  return journal_.Rewrite(turns);
}

Status FileHistory::Ready() {
  Prepare();
  if (first_look_.joinable()) first_look_.join();
  TRY(opened_);
  if (store_->partial() && !std::exchange(told_partial_, true)) {
    notices_.push_back(fmt::format(
        "The workspace is too large to be looked at whole ({}): only files "
        "that tools write can be taken back, not what commands change.",
        store_->why()));
  }
  if (store_->not_kept() > told_not_kept_) {
    told_not_kept_ = store_->not_kept();
    notices_.push_back(fmt::format(
        "Files whose changes cannot be taken back, since they are longer than "
        "{} MiB or the store of states is full: {}.",
        limits_.file_bytes_max >> 20, told_not_kept_));
  }
  return {};
}

std::optional<std::string> FileHistory::Below(const std::string& path) const {
  for (const std::string& root : {workspace_, place_.workspace}) {
    if (path.starts_with(root + "/")) return path.substr(root.size() + 1);
  }
  return std::nullopt;
}

Result<std::string> FileHistory::Snapshot() {
  if (!before_.empty()) return before_;
  TRY(Ready());
  TRY(store_->Look());
  TRY_ASSIGN(const std::string commit, store_->Keep(clock_.WallMicros()));
  TRY(journal_.AddBefore(place_.session, commit, clock_.WallMicros()));
  before_ = commit;
  kept_this_turn_.clear();
  return before_;
}

Status FileHistory::BeforeWrite(std::span<const std::string> paths) {
  if (before_.empty()) TRY(Snapshot());
  if (!store_->partial()) return {};
  std::vector<std::string> fresh;
  for (const std::string& path : paths) {
    auto below = Below(path);
    if (!below) continue;
    if (std::find(kept_this_turn_.begin(), kept_this_turn_.end(), *below) !=
        kept_this_turn_.end()) {
      continue;
    }
    kept_this_turn_.push_back(*below);
    fresh.push_back(*std::move(below));
  }
  if (fresh.empty()) return {};
  TRY(store_->LookAt(fresh));
  TRY_ASSIGN(const std::string commit, store_->Keep(clock_.WallMicros()));
  if (commit == before_) return {};
  return journal_.AddAlso(place_.session, before_, commit);
}

void FileHistory::Wrote(std::span<const std::string> paths) {
  if (before_.empty() || !Ready().ok()) return;
  std::vector<std::string> below;
  for (const std::string& path : paths) {
    if (auto relative = Below(path)) below.push_back(*std::move(relative));
  }
  (void)store_->LookAt(below);
}

std::optional<std::string> FileHistory::TextOf(
    const std::optional<ShadowSide>& side, bool* is_text) {
  if (!side) return std::nullopt;
  auto bytes = side->blob.empty() || side->mode == 0120000
                   ? Result<std::string>(Error(Code::kNotFound, ""))
                   : store_->Read(side->blob);
  if (!bytes.ok() || !IsText(*bytes)) {
    *is_text = false;
    return std::nullopt;
  }
  return *std::move(bytes);
}

Result<WorkspaceChanges> FileHistory::Changed() {
  TRY(Ready());
  TRY_ASSIGN(const std::vector<ShadowChange> seen, store_->Look());
  WorkspaceChanges changed;
  size_t bytes = 0;
  for (const ShadowChange& change : seen) {
    const std::string path = workspace_ + "/" + change.path;
    bool is_text = changed.changes.size() < kChangedFilesMax;
    FileChange file{.path = path, .before = {}, .after = {}};
    if (is_text) file.before = TextOf(change.before, &is_text);
    if (is_text) file.after = TextOf(change.after, &is_text);
    bytes += file.before.value_or("").size() + file.after.value_or("").size();
    if (!is_text || bytes > kChangedBytesMax) {
      changed.others.push_back(path);
    } else if (file.before != file.after) {
      changed.changes.push_back(std::move(file));
    }
  }
  return changed;
}

Status FileHistory::PutBack(std::span<const FileChange> changes) {
  TRY(Ready());
  TRY_ASSIGN(FileRestorer restorer, FileRestorer::Open(workspace_));
  std::vector<std::string> touched;
  for (const FileChange& change : changes) {
    const auto below = Below(change.path);
    if (!below) continue;
    const auto seen = store_->Seen(*below);
    const uint32_t mode = seen ? seen->mode : 0100644;
    TRY(change.before ? restorer.Write(*below, mode, *change.before)
                      : restorer.Delete(*below));
    touched.push_back(*below);
  }
  TRY(store_->LookAt(touched));
  return {};
}

Status FileHistory::EndTurn() {
  if (before_.empty()) return {};
  const std::string before = std::exchange(before_, "");
  TRY_ASSIGN(const std::string after, store_->Keep(clock_.WallMicros()));
  return journal_.AddAfter(place_.session, before, after);
}

Status FileHistory::Gather(const std::string& snapshot, Undo* undo) {
  TRY_ASSIGN(const std::vector<TurnStates> all, journal_.Read());
  // Of a fork, the session that it is a copy of has the first turns.
  size_t first = all.size();
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].before.front() != snapshot) continue;
    if (first == all.size() || all[i].session == place_.session ||
        all[first].session != place_.session) {
      first = i;
    }
  }
  if (first == all.size()) {
    return Error(Code::kNotFound,
                 "how the files stood then is not kept any more");
  }
  std::vector<const TurnStates*> turns;
  for (size_t i = first; i < all.size(); ++i) {
    if (all[i].session == place_.session ||
        all[i].session == all[first].session) {
      turns.push_back(&all[i]);
    }
  }
  for (size_t i = 0; i < turns.size(); ++i) {
    std::string after = turns[i]->after;
    if (after.empty()) {
      // Killed: up to the next turn, or now, all counts as the agent's.
      undo->uncertain = true;
      if (i + 1 < turns.size()) {
        after = turns[i + 1]->before.front();
      } else {
        TRY_ASSIGN(after, store_->Keep(clock_.WallMicros()));
      }
    }
    std::set<std::string> in_this_turn;
    for (const std::string& before : turns[i]->before) {
      TRY_ASSIGN(const std::vector<ShadowChange> changes,
                 store_->Compare(before, after));
      for (const ShadowChange& change : changes) {
        if (!in_this_turn.insert(change.path).second) continue;
        auto [at, is_new] = undo->files.try_emplace(change.path);
        if (is_new) {
          at->second.target = change.before;
        } else if (at->second.left != change.before) {
          at->second.others_between = true;
        }
        at->second.left = change.after;
      }
    }
  }
  return {};
}

Status FileHistory::CheckClobber(const Undo& undo) const {
  std::vector<std::string> theirs;
  for (const auto& [path, file] : undo.files) {
    const auto now = store_->Seen(path);
    if (now == file.target) continue;
    if (now != file.left || file.others_between) theirs.push_back(path);
  }
  if (theirs.empty()) return {};
  return Error(Code::kConflict,
               fmt::format("somebody else has changed files that the agent "
                           "had changed: {}; nothing was taken back",
                           Listed(theirs)));
}

Status FileHistory::ApplyUndo(const Undo& undo, FilesRestored* restored) {
  // What is to be written is read before anything is touched.
  std::map<std::string, std::string> bytes;
  std::vector<std::string> touched;
  for (const auto& [path, file] : undo.files) {
    if (file.target && file.target->blob.empty()) {
      restored->not_kept.push_back(path);
    } else if (file.target && store_->Seen(path) != file.target) {
      TRY_ASSIGN(bytes[path], store_->Read(file.target->blob));
    }
  }
  TRY_ASSIGN(FileRestorer restorer, FileRestorer::Open(workspace_));
  Status status;
  for (const auto& [path, file] : undo.files) {
    if (file.target || !store_->Seen(path)) continue;
    status = restorer.Delete(path);
    if (!status.ok()) break;
    restored->deleted.push_back(path);
    touched.push_back(path);
  }
  for (auto at = bytes.begin(); status.ok() && at != bytes.end(); ++at) {
    status = restorer.Write(at->first, undo.files.at(at->first).target->mode,
                            at->second);
    if (!status.ok()) break;
    restored->written.push_back(at->first);
    touched.push_back(at->first);
  }
  TRY(store_->LookAt(touched));
  return status;
}

Result<FilesRestored> FileHistory::Restore(const std::string& snapshot,
                                           Clobber clobber) {
  TRY(Ready());
  TRY(EndTurn());
  TRY(store_->Look());
  Undo undo;
  TRY(Gather(snapshot, &undo));
  // In a workspace that is too large, what is now was not looked at yet.
  std::vector<std::string> paths;
  for (const auto& [path, file] : undo.files) paths.push_back(path);
  if (store_->partial()) TRY(store_->LookAt(paths));
  if (clobber == Clobber::kRefuse) TRY(CheckClobber(undo));
  FilesRestored restored;
  restored.uncertain = undo.uncertain;
  TRY(ApplyUndo(undo, &restored));
  TRY(journal_.AddRestored(place_.session, snapshot));
  return restored;
}

std::vector<std::string> FileHistory::TakeNotices() {
  return std::exchange(notices_, {});
}

}  // namespace cofferdam::agent
