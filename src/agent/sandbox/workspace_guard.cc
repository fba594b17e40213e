#include "agent/sandbox/workspace_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cstdio>
#include <cstdlib>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <memory>
#include <string_view>
#include <tuple>
#include <utility>

#include "agent/sandbox/protected_names.h"
#include "base/file.h"

namespace cofferdam::agent {
namespace {

using Kind = ProtectedEntry::Kind;

// Times of files come from a clock that ticks.
constexpr int64_t kTickMicros = 20'000;
constexpr char kAside[] = ".set-aside";
constexpr int kAsideMax = 1000;

// Lets its owner make entries in a folder while it lives.
class Writable {
 public:
  explicit Writable(int folder) : folder_(folder) {
    struct stat status = {};
    if (faccessat(folder, ".", W_OK | X_OK, AT_EACCESS) != 0 &&
        fstat(folder, &status) == 0) {
      mode_ = status.st_mode & 07777;
      changed_ = fchmod(folder, mode_ | S_IRWXU) == 0;
    }
  }
  ~Writable() {
    if (changed_) {
      [[maybe_unused]] const int done = fchmod(folder_, mode_);
    }
  }
  Writable(const Writable&) = delete;
  Writable& operator=(const Writable&) = delete;

 private:
  const int folder_;
  mode_t mode_ = 0;
  bool changed_ = false;
};

// Renames `name` in the folder to a name that was free; the new one, or an
// empty one with errno.
std::string SetAside(int folder, const std::string& name) {
  const Writable writable(folder);
  int why = EEXIST;
  for (int i = 1; i <= kAsideMax && why == EEXIST; ++i) {
    const std::string aside =
        name + kAside + (i == 1 ? "" : "-" + std::to_string(i));
    if (renameat2(folder, name.c_str(), folder, aside.c_str(),
                  RENAME_NOREPLACE) == 0) {
      return aside;
    }
    why = errno;
  }
  errno = why;
  return {};
}

std::string AsideLine(const std::string& path, const std::string& aside) {
  if (aside.empty()) {
    return path + " was made by the command and could not be set aside: " +
           strerror(errno) + "; do not use git or an agent there";
  }
  const size_t slash = path.rfind('/');
  return path + " was made by the command and is now " +
         (slash == path.npos ? "" : path.substr(0, slash + 1)) + aside +
         ": git and agents take orders from it, so no command may make it";
}

}  // namespace

WorkspaceGuard::WorkspaceGuard(std::string workspace, GuardOptions options)
    : workspace_(std::move(workspace)), options_(std::move(options)) {}

std::vector<ProtectedEntry> WorkspaceGuard::FindAll(ProtectedSearch& search) {
  search.Tree("");
  complete_ = search.complete;
  if (!search.watched) {
    watch_.reset();
  }
  return std::move(search.found);
}

void WorkspaceGuard::Look() {
  if (options_.watching == GuardOptions::Watching::kUse) {
    watch_ = FolderWatch::Make(workspace_, options_.watches_max);
  }
  ProtectedSearch search(workspace_, options_.search, watch_.get(),
                         ProtectedSearch::Unreadable::kNote, nullptr);
  known_ = FindAll(search);
  in_step_ = watch_ != nullptr && complete_;
  AddHooksPath();
}

void WorkspaceGuard::LookAgain() {
  std::vector<ProtectedEntry> found;
  if (watch_ != nullptr) {
    found = FindNew(Whose::kUsers, nullptr);
  } else {
    ProtectedSearch search(workspace_, options_.search, nullptr,
                           ProtectedSearch::Unreadable::kNote, nullptr);
    search.Top();
    found = std::move(search.found);
  }
  TakeIn(std::move(found));
  DropGone(Whose::kUsers, nullptr);
  in_step_ = watch_ != nullptr && complete_;
  AddHooksPath();
}

// What is right inside the workspace is a mount point for commands, so whoever
// replaces it is no command. Further down, a folder on the way can be moved.
bool WorkspaceGuard::Knows(const ProtectedEntry& entry) const {
  const bool top = entry.path.find('/') == entry.path.npos;
  const bool links = options_.links == GuardOptions::Links::kPutBack;
  return std::any_of(
      known_.begin(), known_.end(), [&](const ProtectedEntry& known) {
        return known.kind == entry.kind &&
               // The number of a link that is gone may be another's by now.
               ((known.inode == entry.inode && known.device == entry.device &&
                 known.link == entry.link) ||
                (top && known.path == entry.path &&
                 (known.link.empty() || !links)));
      });
}

void WorkspaceGuard::TakeIn(std::vector<ProtectedEntry> found) {
  for (ProtectedEntry& entry : found) {
    std::erase_if(known_, [&](const ProtectedEntry& known) {
      return known.path == entry.path && known.kind == entry.kind;
    });
    known_.push_back(std::move(entry));
  }
}

// A link that a command took away although it may not.
bool WorkspaceGuard::PutBack(ProtectedEntry entry) {
  if (entry.link.empty()) {
    return false;
  }
  ProtectedSearch search(workspace_, options_.search, nullptr,
                         ProtectedSearch::Unreadable::kOpen, nullptr);
  const auto [folder, name] = SplitPath(entry.path);
  const FileDescriptor at = search.Open(folder);
  if (!at.valid()) {
    return false;
  }
  const std::string link(name);
  struct stat status = {};
  const Writable writable(at.get());
  if (symlinkat(entry.link.c_str(), at.get(), link.c_str()) != 0 ||
      fstatat(at.get(), link.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return false;
  }
  entry.device = status.st_dev;
  entry.inode = status.st_ino;
  known_.push_back(std::move(entry));
  return true;
}

void WorkspaceGuard::DropGone(Whose whose, std::vector<std::string>* lines) {
  ProtectedSearch search(workspace_, options_.search, nullptr,
                         ProtectedSearch::Unreadable::kNote, nullptr);
  std::vector<ProtectedEntry> gone;
  std::erase_if(known_, [&](const ProtectedEntry& entry) {
    if (search.IsThere(entry)) {
      return false;
    }
    gone.push_back(entry);
    return true;
  });
  if (options_.links == GuardOptions::Links::kKept || whose == Whose::kUsers) {
    return;
  }
  for (const ProtectedEntry& entry : gone) {
    if (PutBack(entry)) {
      lines->push_back(options_.shown_before + entry.path +
                       " was taken away by the command and is put back");
    }
  }
}

std::vector<ProtectedEntry> WorkspaceGuard::FindNew(
    Whose whose, std::vector<std::string>* lines) {
  FolderWatch::News news;
  if (watch_ != nullptr) {
    news = watch_->TakeNews();
    if (news.lost) {
      watch_->Forget();
    }
  }
  const bool all = watch_ == nullptr || news.lost;
  ProtectedSearch search(workspace_, options_.search, watch_.get(),
                         whose == Whose::kUsers
                             ? ProtectedSearch::Unreadable::kNote
                             : ProtectedSearch::Unreadable::kOpen,
                         &known_);
  std::vector<ProtectedEntry> found;
  if (all) {
    found = FindAll(search);
  } else {
    for (const std::string& tree : news.trees) {
      search.Tree(tree);
    }
    // After the trees, which say where folders are now.
    for (const int folder : news.folders) {
      if (const std::string* path = watch_->PathOf(folder)) {
        search.Folder(*path);
      }
    }
    complete_ &= search.complete;
    found = std::move(search.found);
    if (!search.watched) {
      watch_.reset();
    }
  }
  // Found twice, perhaps: by its tree and by its folder.
  const auto key = [](const ProtectedEntry& entry) {
    return std::tie(entry.path, entry.kind);
  };
  std::sort(found.begin(), found.end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });
  found.erase(std::unique(found.begin(), found.end(),
                          [&](const auto& a, const auto& b) {
                            return key(a) == key(b);
                          }),
              found.end());
  if (lines != nullptr) {
    for (const std::string& path : search.opened) {
      lines->push_back(options_.shown_before + path +
                       " could not be looked into and is readable now");
    }
  }
  return found;
}

bool WorkspaceGuard::SetAsideNew(const ProtectedEntry& entry,
                                 std::vector<std::string>* lines) {
  ProtectedSearch search(workspace_, options_.search, nullptr,
                         ProtectedSearch::Unreadable::kOpen, nullptr);
  const auto [folder, name] = SplitPath(entry.path);
  const FileDescriptor at = search.Open(folder);
  if (!at.valid()) {
    return true;  // gone meanwhile
  }
  const std::string aside = SetAside(at.get(), std::string(name));
  if (aside.empty() && errno == ENOENT) {
    return true;
  }
  lines->push_back(AsideLine(options_.shown_before + entry.path, aside));
  return !aside.empty();
}

std::vector<ProtectedEntry> WorkspaceGuard::Settle(
    std::vector<ProtectedEntry> found, int64_t since_micros,
    std::vector<std::string>* lines) {
  std::vector<ProtectedEntry> kept;
  for (ProtectedEntry& entry : found) {
    const bool is_new =
        entry.kind != Kind::kUnreadable && !Knows(entry) &&
        (in_step_ || entry.changed_micros >= since_micros - kTickMicros);
    // What cannot be set aside is read-only from the next command on.
    if (!is_new || !SetAsideNew(entry, lines)) {
      kept.push_back(std::move(entry));
    }
  }
  return kept;
}

std::vector<std::string> WorkspaceGuard::Sweep(int64_t since_micros) {
  std::vector<std::string> lines;
  const bool was_complete = complete();
  std::vector<ProtectedEntry> kept =
      Settle(FindNew(Whose::kCommands, &lines), since_micros, &lines);
  TakeIn(std::move(kept));
  // Also what went aside with something that it was in.
  DropGone(Whose::kCommands, &lines);
  in_step_ &= watch_ != nullptr && complete_;
  if (was_complete && !complete()) {
    lines.push_back(workspace_ +
                    " holds more now than can be guarded: settings and "
                    "repositories deep inside can be changed by commands");
  }
  return lines;
}

std::vector<std::string> WorkspaceGuard::SweepTop(int64_t since_micros) {
  if (watch_ != nullptr) {
    watch_->Listen();
  }
  ProtectedSearch search(workspace_, options_.search, nullptr,
                         ProtectedSearch::Unreadable::kOpen, &known_);
  search.Top();
  std::vector<std::string> lines;
  TakeIn(Settle(std::move(search.found), since_micros, &lines));
  return lines;
}

// Hooks may stand among the project's files: core.hooksPath says where.
void WorkspaceGuard::AddHooksPath() {
  hooks_paths_.clear();
  constexpr size_t kConfigBytesMax = 1 << 20;
  const Result<std::string> config =
      ReadFile(workspace_ + "/.git/config", kConfigBytesMax);
  if (!config.ok()) {
    return;
  }
  std::string_view rest = *config;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const size_t equals = line.find('=');
    std::string key;
    for (const char c : line.substr(0, equals)) {
      if (std::isspace(static_cast<unsigned char>(c)) == 0) {
        key.push_back(
            static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
      }
    }
    if (equals == line.npos || key != "hookspath") {
      continue;
    }
    std::string value(line.substr(equals + 1));
    std::erase(value, '"');
    value.erase(0, value.find_first_not_of(" \t"));
    value.erase(value.find_last_not_of(" \t\r") + 1);
    const std::unique_ptr<char, void (*)(void*)> real(
        realpath(
            (value.starts_with('/') ? value : workspace_ + "/" + value).c_str(),
            nullptr),
        free);
    if (real != nullptr &&
        std::string_view(real.get()).starts_with(workspace_ + "/")) {
      hooks_paths_.emplace_back(real.get());
    }
  }
}

std::vector<std::string> WorkspaceGuard::ReadOnlyPaths() const {
  std::vector<std::string> paths;
  for (const ProtectedEntry& entry : known_) {
    if (paths.size() == options_.read_only_max) {
      break;
    }
    paths.push_back(workspace_ + "/" +
                    (entry.kind == Kind::kBare
                         ? std::string(SplitPath(entry.path).first)
                         : entry.path));
  }
  paths.insert(paths.end(), hooks_paths_.begin(), hooks_paths_.end());
  return paths;
}

bool WorkspaceGuard::complete() const {
  return complete_ && known_.size() <= options_.read_only_max;
}

std::vector<std::string> WorkspaceGuard::MissingGitNames(
    const std::string& repository) {
  std::vector<std::string> missing;
  for (const std::string_view name : ProtectedGitNames()) {
    struct stat status = {};
    const std::string path = repository + "/" + std::string(name);
    if (lstat(path.c_str(), &status) != 0) {
      missing.emplace_back(name);
    }
  }
  return missing;
}

std::vector<std::string> WorkspaceGuard::SweepGit(
    const std::string& repository, const std::vector<std::string>& missing,
    const std::string& shown) {
  std::vector<std::string> lines;
  FileDescriptor folder(open(repository.c_str(),
                             O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  for (const std::string& name : missing) {
    struct stat status = {};
    if (folder.valid() && fstatat(folder.get(), name.c_str(), &status,
                                  AT_SYMLINK_NOFOLLOW) == 0) {
      lines.push_back(
          AsideLine(shown + "/" + name, SetAside(folder.get(), name)));
    }
  }
  return lines;
}

}  // namespace cofferdam::agent
