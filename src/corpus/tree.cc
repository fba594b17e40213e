#include "corpus/tree.h"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <set>
#include <string_view>
#include <utility>

#include "corpus/folder_internal.h"
#include "corpus/git_internal.h"

namespace cofferdam::corpus {
namespace {

// A path that the user gave.
struct Root {
  std::string path;      // as given, without "./" before and slashes behind
  std::string absolute;  // canonical
  bool is_folder = false;

  bool operator<(const Root& other) const { return path < other.path; }
};

// A folder on the way down to where the walk stands.
struct Frame {
  std::string path;      // as shown; empty for the given path "."
  std::string absolute;  // canonical
  std::string inside;    // relative to the work tree's root; empty at the root
  std::vector<FolderEntry> entries;
  size_t next = 0;
  size_t depth = 0;
  // Whose rules hold here, and the repository that this is part of. The rules
  // are gone where they cannot be read or do not apply; both may be null.
  std::shared_ptr<const WorkTree> rules;
  std::shared_ptr<const Repository> repository;
};

std::string Below(const std::string& folder, const std::string& name) {
  if (folder.empty()) return name;
  return folder.ends_with('/') ? folder + name : folder + "/" + name;
}

// `path` relative to `root`, which is above it or equal to it.
std::string Relative(const std::string& root, const std::string& path) {
  if (path.size() <= root.size()) return "";
  return path.substr(root.ends_with('/') ? root.size() : root.size() + 1);
}

Result<Root> Resolve(const std::string& given) {
  if (given.empty()) return Error(Code::kInvalid, "an empty path");
  std::unique_ptr<char, decltype(&std::free)> real(
      ::realpath(given.c_str(), nullptr), &std::free);
  if (real == nullptr) {
    if (errno == ENOENT || errno == ENOTDIR)
      return Error(Code::kNotFound, given + ": no such file or folder");
    return Error::FromErrno(errno, given);
  }
  Root root = {ShownPath(given), real.get()};
  struct stat status;
  if (::stat(root.absolute.c_str(), &status) != 0)
    return Error::FromErrno(errno, given);
  root.is_folder = S_ISDIR(status.st_mode);
  if (root.is_folder && (root.absolute.ends_with("/.git") ||
                         root.absolute.find("/.git/") != std::string::npos)) {
    return Error(Code::kInvalid, given + ": git's own folder is never read");
  }
  return root;
}

}  // namespace

std::string ShownPath(std::string_view given) {
  while (given.starts_with("./")) {
    given.remove_prefix(2);
    while (given.starts_with('/')) given.remove_prefix(1);
  }
  while (given.size() > 1 && given.ends_with('/')) given.remove_suffix(1);
  return given == "." ? "" : std::string(given);
}

struct TreeWalk::State {
  TreeLimits limits;
  std::vector<Root> roots;
  std::set<std::string> absolutes;  // of all roots
  size_t next_root = 0;
  std::vector<Frame> frames;
  std::vector<std::string> notices;

  std::shared_ptr<const WorkTree> OpenRules(const std::string& absolute);
  std::optional<std::variant<Document, PassedOver>> EnterRoot(const Root& root);
  std::optional<PassedOver> Enter(Frame frame);
  std::optional<std::variant<Document, PassedOver>> Visit(
      const Frame& parent, const FolderEntry& entry);
};

// Null, with a notice unless there simply is no repository.
std::shared_ptr<const WorkTree> TreeWalk::State::OpenRules(
    const std::string& absolute) {
  Result<std::unique_ptr<WorkTree>> tree = WorkTree::Open(absolute);
  if (tree.ok()) return *std::move(tree);
  if (tree.error().code() != Code::kNotFound) {
    notices.push_back(tree.error().message() +
                      "; files that git ignores are read too");
  }
  return nullptr;
}

std::optional<std::variant<Document, PassedOver>> TreeWalk::State::EnterRoot(
    const Root& root) {
  std::shared_ptr<const WorkTree> rules = OpenRules(root.absolute);
  std::shared_ptr<const Repository> repository;
  std::string inside;
  if (rules != nullptr) {
    repository = rules->repository();
    inside = Relative(repository->root, root.absolute);
  }
  if (!root.is_folder)
    return Document{root.path, repository, inside, /*named=*/true};
  // A folder named although git ignores it is wanted whole.
  if (!inside.empty() && !rules->TracksBelow(inside) && rules->Ignores(inside))
    rules = nullptr;
  Frame frame = {.path = root.path,
                 .absolute = root.absolute,
                 .inside = inside,
                 .rules = rules,
                 .repository = repository};
  if (auto passed = Enter(std::move(frame))) return *std::move(passed);
  return std::nullopt;
}

// Lists the folder of `frame` and stands in it, or says why not.
std::optional<PassedOver> TreeWalk::State::Enter(Frame frame) {
  std::string shown = frame.path.empty() ? "." : frame.path;
  if (frame.depth > limits.depth_max) {
    return PassedOver{shown, Reason::kTooDeep,
                      fmt::format("at most {} folders", limits.depth_max)};
  }
  if (auto passed = ListFolder(frame.absolute, limits.folder_entries_max,
                               &frame.entries)) {
    passed->path = shown;
    return passed;
  }
  bool has_git = false;
  bool odd_ignore_file = false;
  for (const FolderEntry& entry : frame.entries) {
    if (entry.name == ".git") has_git = true;
    // libgit2 opens the file whatever it is, and would wait for a pipe.
    if (entry.name == ".gitignore" && entry.kind != EntryKind::kFile)
      odd_ignore_file = true;
  }
  bool is_its_root =
      frame.repository != nullptr && frame.repository->root == frame.absolute;
  if (has_git && !is_its_root && !odd_ignore_file) {
    if (auto own = OpenRules(frame.absolute);
        own == nullptr || own->repository()->root == frame.absolute) {
      frame.rules = own;
      frame.repository = own == nullptr ? nullptr : own->repository();
      frame.inside.clear();
    }
  }
  if (odd_ignore_file && frame.rules != nullptr) {
    notices.push_back(Below(frame.path, ".gitignore") +
                      ": not a regular file; files that git ignores are read "
                      "too");
    frame.rules = nullptr;
  }
  frames.push_back(std::move(frame));
  return std::nullopt;
}

// `parent` is the last of frames and is not read once another one is entered.
std::optional<std::variant<Document, PassedOver>> TreeWalk::State::Visit(
    const Frame& parent, const FolderEntry& entry) {
  if (entry.name == ".git") return std::nullopt;
  std::string absolute = Below(parent.absolute, entry.name);
  if (absolutes.contains(absolute)) return std::nullopt;
  std::string inside =
      parent.repository == nullptr ? "" : Below(parent.inside, entry.name);
  if (const WorkTree* rules = parent.rules.get(); rules != nullptr) {
    bool tracked = rules->Tracks(inside) || (entry.kind == EntryKind::kFolder &&
                                             rules->TracksBelow(inside));
    if (!tracked && rules->Ignores(inside)) return std::nullopt;
  }
  std::string path = Below(parent.path, entry.name);
  switch (entry.kind) {
    case EntryKind::kFile:
      return Document{std::move(path), parent.repository, std::move(inside)};
    case EntryKind::kSymlink:
      return PassedOver{std::move(path), Reason::kSymlink, ""};
    case EntryKind::kSpecial:
      return PassedOver{std::move(path), Reason::kSpecial, ""};
    case EntryKind::kFolder:
      break;
  }
  Frame frame = {.path = std::move(path),
                 .absolute = std::move(absolute),
                 .inside = std::move(inside),
                 .depth = parent.depth + 1,
                 .rules = parent.rules,
                 .repository = parent.repository};
  if (auto passed = Enter(std::move(frame))) return *std::move(passed);
  return std::nullopt;
}

TreeWalk::TreeWalk(std::unique_ptr<State> state) : state_(std::move(state)) {}
TreeWalk::TreeWalk(TreeWalk&&) noexcept = default;
TreeWalk& TreeWalk::operator=(TreeWalk&&) noexcept = default;
TreeWalk::~TreeWalk() = default;

Result<TreeWalk> TreeWalk::Open(const std::vector<std::string>& paths,
                                const TreeLimits& limits) {
  if (paths.empty()) return Error(Code::kInvalid, "no path to read");
  auto state = std::make_unique<State>();
  state->limits = limits;
  for (const std::string& given : paths) {
    TRY_ASSIGN(Root root, Resolve(given));
    if (state->absolutes.insert(root.absolute).second)
      state->roots.push_back(std::move(root));
  }
  std::sort(state->roots.begin(), state->roots.end());
  return TreeWalk(std::move(state));
}

std::optional<std::variant<Document, PassedOver>> TreeWalk::Next() {
  State& state = *state_;
  for (;;) {
    std::optional<std::variant<Document, PassedOver>> found;
    if (state.frames.empty()) {
      if (state.next_root == state.roots.size()) return std::nullopt;
      found = state.EnterRoot(state.roots[state.next_root++]);
    } else if (size_t top = state.frames.size() - 1;
               state.frames[top].next < state.frames[top].entries.size()) {
      Frame& frame = state.frames[top];
      FolderEntry entry = std::move(frame.entries[frame.next++]);
      found = state.Visit(frame, entry);
    } else {
      state.frames.pop_back();
    }
    if (found) return found;
  }
}

const std::vector<std::string>& TreeWalk::notices() const {
  return state_->notices;
}

std::optional<PassedOver> ReadDocument(const Document& document,
                                       const TextLimits& limits,
                                       std::string* bytes) {
  return ReadTextFile(document.path, limits,
                      document.named ? FinalLink::kFollow : FinalLink::kRefuse,
                      bytes);
}

std::optional<PassedOver> ReadDocument(const Document& document,
                                       const TextLimits& limits,
                                       ListedFiles* files, std::string* bytes) {
  if (document.named) return ReadDocument(document, limits, bytes);
  return ReadTextFile(files->Open(document.path), document.path, limits, bytes);
}

}  // namespace cofferdam::corpus
