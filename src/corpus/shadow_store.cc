#include "corpus/shadow_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <map>
#include <unordered_set>
#include <utility>

#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "corpus/git_internal.h"
#include "corpus/shadow_index_internal.h"
#include "corpus/shadow_objects_internal.h"
#include "corpus/shadow_walk_internal.h"

namespace cofferdam::corpus {
namespace {

// Times of files are no finer than the kernel's tick: what changed so shortly
// before a look may change again without its time telling.
constexpr int64_t kTickNs = 20'000'000;

int64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

int64_t Ns(const timespec& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

uint32_t GitMode(const struct stat& info) {
  if (S_ISLNK(info.st_mode)) return 0120000;
  return (info.st_mode & 0100) != 0 ? 0100755 : 0100644;
}

// What was seen of a file.
struct Known {
  std::string path;
  uint64_t size = 0;
  int64_t mtime_ns = 0;
  int64_t ctime_ns = 0;
  uint64_t inode = 0;
  uint32_t mode = 0;
  // Its blob; of one that is not kept a stand-in that changes with it.
  RawId id{};
  bool racy = false;
  bool kept = true;
  bool absent = false;  // named, and not there

  bool SameStat(const struct stat& info) const {
    return !racy && !absent && size == static_cast<uint64_t>(info.st_size) &&
           mtime_ns == Ns(info.st_mtim) && ctime_ns == Ns(info.st_ctim) &&
           inode == info.st_ino && mode == GitMode(info);
  }
  bool SameThing(const Known& other) const {
    return absent == other.absent && mode == other.mode && id == other.id;
  }
  std::optional<ShadowSide> Side() const {
    if (absent) return std::nullopt;
    return ShadowSide{mode, kept ? HexOf(id) : ""};
  }
};

bool ByPath(const Known& known, const std::string& path) {
  return known.path < path;
}

}  // namespace

struct ShadowStore::State {
  std::string folder;
  std::string workspace;
  ShadowLimits limits;
  FileDescriptor lock;
  bool alone = false;
  RepositoryHandle beside;
  std::string prefix;  // of the workspace in its repository, with a slash
  // The store itself, where it lies in the workspace, with a slash.
  std::string own;
  std::unique_ptr<ShadowObjects> objects;

  std::vector<Known> table;  // by path
  bool looked = false;
  bool partial = false;
  std::string why;
  uint64_t not_kept = 0;
  std::unordered_set<std::string> trees;  // that are known to be there
  std::string commit;                     // of the table; empty: it changed

  bool Ignores(const std::string& path) const {
    git_repository* rules =
        beside != nullptr ? beside.get() : objects->repository();
    int ignored = 0;
    return git_ignore_path_is_ignored(&ignored, rules,
                                      (prefix + path).c_str()) == 0 &&
           ignored != 0;
  }
  void ShareLock() {
    if (!std::exchange(alone, false)) return;
    flock(lock.get(), LOCK_SH);
  }
  Status Fingerprint(const MetFile& met, int64_t now_ns, Known* known);
  Result<RawId> BuildTree(size_t* at, const std::string& prefix_of_tree,
                          bool* empty);
  Status Flatten(const RawId& tree, const std::string& path, size_t depth,
                 std::vector<ShadowFile>* files);
  Status CompareTrees(const std::optional<RawId>& before,
                      const std::optional<RawId>& after,
                      const std::string& path, size_t depth,
                      std::vector<ShadowChange>* changes);
  Status Mark(const RawId& tree, size_t depth,
              std::unordered_set<std::string>* marked);
};

namespace {

// Reads what the file holds; longer ones are not read.
Result<std::string> ReadMet(const MetFile& met) {
  const auto size = static_cast<size_t>(met.info.st_size);
  std::string bytes;
  if (S_ISLNK(met.info.st_mode)) {
    bytes.resize(PATH_MAX);
    ssize_t n = readlinkat(met.folder, met.name, bytes.data(), bytes.size());
    if (n < 0) return Error::FromErrno(errno, met.path);
    bytes.resize(static_cast<size_t>(n));
    return bytes;
  }
  FileDescriptor fd(openat(met.folder, met.name,
                           O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return Error::FromErrno(errno, met.path);
  bytes.resize(size);
  size_t have = 0;
  while (have < size) {
    ssize_t n = read(fd.get(), bytes.data() + have, size - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::FromErrno(errno, met.path);
    if (n == 0) break;
    have += static_cast<size_t>(n);
  }
  bytes.resize(have);
  return bytes;
}

// One look at all of a folder.
class WholeLook {
 public:
  // Takes over the table of the look before, so that no file is held twice.
  WholeLook(ShadowStore::State& state, std::vector<Known> before,
            ShadowIndex* index)
      : state_(state),
        before_(std::move(before)),
        index_(index),
        now_ns_(NowNs()) {}

  Status Run() {
    const WalkFilter filter = [this](const std::string& path, MetKind kind) {
      return kind == MetKind::kFile || Enters(path);
    };
    TRY(WalkShadow(state_.workspace, state_.limits.depth_max, filter,
                   [this](const MetFile& met) { return Take(met); }));
    PassGone(nullptr);
    return {};
  }

  std::vector<Known> TakeTable() { return std::move(table_); }
  // How it differs from the look before.
  std::vector<ShadowChange> TakeChanges() { return std::move(changes_); }

 private:
  bool Enters(const std::string& folder) const {
    if (folder == state_.own) return false;
    const auto below =
        std::lower_bound(before_.begin() + static_cast<ptrdiff_t>(at_),
                         before_.end(), folder, ByPath);
    if (below != before_.end() && below->path.starts_with(folder)) return true;
    if (index_ != nullptr && index_->HasBelow(state_.prefix + folder)) {
      return true;
    }
    return !state_.Ignores(folder);
  }

  Status Take(const MetFile& met) {
    PassGone(&met.path);
    const bool known = at_ < before_.size() && before_[at_].path == met.path;
    if (known && before_[at_].SameStat(met.info)) {
      table_.push_back(std::move(before_[at_++]));
      return Bound();
    }
    const ShadowIndex::Entry* entry =
        index_ == nullptr ? nullptr : index_->Find(state_.prefix + met.path);
    if (!known && entry == nullptr && state_.Ignores(met.path)) return {};
    Known next;
    next.path = met.path;
    if (entry != nullptr && Trusts(*entry, met)) {
      next.size = static_cast<uint64_t>(met.info.st_size);
      next.mtime_ns = Ns(met.info.st_mtim);
      next.ctime_ns = Ns(met.info.st_ctim);
      next.inode = met.info.st_ino;
      next.mode = entry->mode;
      next.id = entry->id;
    } else {
      TRY(Copy(met, &next));
    }
    if (!known && !state_.looked) {
      // The first look has nothing to be compared with.
    } else if (!known) {
      changes_.push_back({next.path, std::nullopt, next.Side()});
    } else if (!before_[at_].SameThing(next)) {
      changes_.push_back({next.path, before_[at_].Side(), next.Side()});
    }
    at_ += known ? 1 : 0;
    table_.push_back(std::move(next));
    return Bound();
  }

  // What the look before saw before `path` (null: at all) and this one did not.
  void PassGone(const std::string* path) {
    for (; at_ < before_.size(); ++at_) {
      if (path != nullptr && before_[at_].path >= *path) return;
      changes_.push_back(
          {before_[at_].path, before_[at_].Side(), std::nullopt});
    }
  }

  bool Trusts(const ShadowIndex::Entry& entry, const MetFile& met) {
    if (!entry.Fits(met.info) || entry.mode != GitMode(met.info)) return false;
    // What is in the repository may be another form of what is in the folder.
    return index_->keeps_bytes() ||
           state_.objects->HasLength(entry.id,
                                     static_cast<uint64_t>(met.info.st_size));
  }

  Status Copy(const MetFile& met, Known* next) {
    const uint64_t before = state_.objects->bytes();
    TRY(state_.Fingerprint(met, now_ns_, next));
    read_bytes_ += next->kept ? next->size : 0;
    if (state_.objects->bytes() != before) {
      ++copied_files_;
      copied_bytes_ += next->size;
    }
    return {};
  }

  // Only the first look can be stopped: later ones see what has changed.
  Status Bound() const {
    const ShadowLimits& limits = state_.limits;
    if (table_.size() > limits.files_max) {
      return Error(Code::kTooLarge,
                   fmt::format("it has more than {} files", limits.files_max));
    }
    if (state_.looked) return {};
    if (copied_files_ > limits.copied_files_max) {
      return Error(Code::kTooLarge,
                   fmt::format("it has more than {} files that git does not "
                               "know as they are",
                               limits.copied_files_max));
    }
    if (copied_bytes_ > limits.copied_bytes_max) {
      return Error(Code::kTooLarge,
                   fmt::format("files that git does not know as they are have "
                               "more than {} MiB",
                               limits.copied_bytes_max >> 20));
    }
    if (read_bytes_ > limits.read_bytes_max) {
      return Error(Code::kTooLarge,
                   fmt::format("more than {} MiB of it would have to be read",
                               limits.read_bytes_max >> 20));
    }
    return {};
  }

  ShadowStore::State& state_;
  std::vector<Known> before_;
  ShadowIndex* index_;
  const int64_t now_ns_;
  size_t at_ = 0;
  std::vector<Known> table_;
  std::vector<ShadowChange> changes_;
  size_t copied_files_ = 0;
  uint64_t copied_bytes_ = 0;
  uint64_t read_bytes_ = 0;
};

}  // namespace

Status ShadowStore::State::Fingerprint(const MetFile& met, int64_t now_ns,
                                       Known* known) {
  known->size = static_cast<uint64_t>(met.info.st_size);
  known->mtime_ns = Ns(met.info.st_mtim);
  known->ctime_ns = Ns(met.info.st_ctim);
  known->inode = met.info.st_ino;
  known->mode = GitMode(met.info);
  known->racy = std::max(known->mtime_ns, known->ctime_ns) + kTickNs >= now_ns;
  if (known->size <= limits.file_bytes_max) {
    auto bytes = ReadMet(met);
    if (bytes.ok()) {
      auto id = objects->Write(GIT_OBJECT_BLOB, *bytes);
      if (id.ok()) {
        known->id = *id;
        return {};
      }
      if (id.error().code() != Code::kExhausted) return id.error();
    }
  }
  known->kept = false;
  const std::string stand_in =
      fmt::format("{} {}", known->size, known->mtime_ns);
  known->id = ShadowObjects::IdOf(GIT_OBJECT_BLOB, stand_in);
  return {};
}

Result<std::unique_ptr<ShadowStore>> ShadowStore::Open(
    const std::string& folder, const std::string& workspace,
    const ShadowLimits& limits) {
  auto state = std::make_unique<State>();
  std::error_code error;
  state->workspace = std::filesystem::canonical(workspace, error).string();
  if (error) {
    return Error(Code::kNotFound, "no folder " + workspace);
  }
  state->folder = folder;
  state->limits = limits;
  TRY(MakeFolder(folder, 0700));
  const std::string path = folder + "/LOCK";
  state->lock =
      FileDescriptor(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!state->lock.valid()) return Error::FromErrno(errno, "open " + path);
  const std::string whole =
      std::filesystem::canonical(folder, error).string() + "/";
  if (whole.starts_with(state->workspace + "/")) {
    state->own = whole.substr(state->workspace.size() + 1);
  }
  state->alone = flock(state->lock.get(), LOCK_EX | LOCK_NB) == 0;
  if (!state->alone && flock(state->lock.get(), LOCK_SH) != 0) {
    return Error::FromErrno(errno, "lock " + path);
  }
  if (auto beside = OpenAround(state->workspace); beside.ok()) {
    const Repository repository = Describe(beside->get());
    const std::string root = repository.root + "/";
    if ((state->workspace + "/").starts_with(root)) {
      state->prefix = (state->workspace + "/").substr(root.size());
      state->beside = *std::move(beside);
    }
  }
  TRY_ASSIGN(state->objects,
             ShadowObjects::Open(folder + "/store.git", state->beside.get(),
                                 limits.store_bytes_max));
  if (state->beside == nullptr) {
    // For the rules of .gitignore files; nothing is written there.
    git_repository_set_workdir(state->objects->repository(),
                               state->workspace.c_str(), 0);
  }
  return std::unique_ptr<ShadowStore>(new ShadowStore(std::move(state)));
}

ShadowStore::ShadowStore(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
ShadowStore::~ShadowStore() = default;

Result<std::vector<ShadowChange>> ShadowStore::Look() {
  State& state = *state_;
  state.ShareLock();
  if (state.partial) {
    std::vector<std::string> paths;
    for (const Known& known : state.table) paths.push_back(known.path);
    return LookAt(paths);
  }
  std::unique_ptr<ShadowIndex> index;
  if (!state.looked && state.beside != nullptr) {
    index = ShadowIndex::Open(state.beside.get());
  }
  const bool first = !state.looked;
  WholeLook look(state, std::exchange(state.table, {}), index.get());
  const Status status = look.Run();
  if (!status.ok()) {
    state.commit.clear();
    // The next look is the first one again.
    state.looked = false;
    if (!first || status.error().code() != Code::kTooLarge) {
      return status.error();
    }
    state.looked = true;
    state.partial = true;
    state.why = status.error().message();
    return std::vector<ShadowChange>();
  }
  state.looked = true;
  state.table = look.TakeTable();
  state.not_kept = static_cast<uint64_t>(
      std::count_if(state.table.begin(), state.table.end(),
                    [](const Known& known) { return !known.kept; }));
  if (first) return std::vector<ShadowChange>();
  std::vector<ShadowChange> changes = look.TakeChanges();
  if (!changes.empty()) state.commit.clear();
  return changes;
}

Result<std::vector<ShadowChange>> ShadowStore::LookAt(
    std::span<const std::string> paths) {
  State& state = *state_;
  state.ShareLock();
  FileDescriptor root(
      open(state.workspace.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return Error::FromErrno(errno, "read " + state.workspace);
  const int64_t now_ns = NowNs();
  std::vector<ShadowChange> changes;
  for (const std::string& path : paths) {
    MetFile met{
        .path = path, .folder = root.get(), .name = path.c_str(), .info = {}};
    Known next;
    next.path = path;
    next.absent =
        fstatat(root.get(), path.c_str(), &met.info, AT_SYMLINK_NOFOLLOW) != 0;
    if (!next.absent && !S_ISREG(met.info.st_mode) &&
        !S_ISLNK(met.info.st_mode)) {
      continue;
    }
    auto at =
        std::lower_bound(state.table.begin(), state.table.end(), path, ByPath);
    const bool known = at != state.table.end() && at->path == path;
    if (known && !next.absent && at->SameStat(met.info)) continue;
    if (!next.absent) TRY(state.Fingerprint(met, now_ns, &next));
    if (!known && next.absent && !state.partial) continue;
    ShadowChange change{path, known ? at->Side() : std::nullopt, next.Side()};
    const bool same = known ? at->SameThing(next) : false;
    if (known && next.absent && !state.partial) {
      state.table.erase(at);
    } else if (known) {
      *at = std::move(next);
    } else {
      state.table.insert(at, std::move(next));
    }
    if (same) continue;
    state.commit.clear();
    if (change.before != change.after) changes.push_back(std::move(change));
  }
  return changes;
}

bool ShadowStore::partial() const { return state_->partial; }
const std::string& ShadowStore::why() const { return state_->why; }
uint64_t ShadowStore::not_kept() const { return state_->not_kept; }
bool ShadowStore::alone() const { return state_->alone; }
uint64_t ShadowStore::bytes() const { return state_->objects->bytes(); }

Result<RawId> ShadowStore::State::BuildTree(size_t* at,
                                            const std::string& prefix_of_tree,
                                            bool* empty) {
  std::string rows;
  while (*at < table.size() && table[*at].path.starts_with(prefix_of_tree)) {
    const Known& known = table[*at];
    const std::string_view rest =
        std::string_view(known.path).substr(prefix_of_tree.size());
    const size_t slash = rest.find('/');
    RawId id = known.id;
    std::string mode = fmt::format("{:o}", known.mode);
    std::string name(rest.substr(0, slash));
    if (slash == std::string_view::npos) {
      ++*at;
      if (!known.kept || known.absent) continue;
    } else {
      bool nothing = true;
      TRY_ASSIGN(id, BuildTree(at, prefix_of_tree + name + "/", &nothing));
      if (nothing) continue;
      mode = "40000";
    }
    rows += mode;
    rows += ' ';
    rows += name;
    rows += '\0';
    rows.append(reinterpret_cast<const char*>(id.data()), id.size());
  }
  *empty = rows.empty();
  const RawId id = ShadowObjects::IdOf(GIT_OBJECT_TREE, rows);
  if (trees.contains(HexOf(id))) return id;
  TRY(objects->Write(GIT_OBJECT_TREE, rows));
  trees.insert(HexOf(id));
  return id;
}

Result<std::string> ShadowStore::Keep(int64_t now_micros) {
  State& state = *state_;
  if (!state.commit.empty()) return state.commit;
  state.ShareLock();
  size_t at = 0;
  bool empty = true;
  TRY_ASSIGN(const RawId tree, state.BuildTree(&at, "", &empty));
  JsonWriter message;
  message.BeginObject().Field("v", 1).Field("partial", state.partial);
  message.Key("absent").BeginArray();
  for (const Known& known : state.table) {
    if (known.absent) message.String(known.path);
  }
  message.EndArray().EndObject();
  const std::string who =
      fmt::format("cofferdam <cofferdam> {} +0000", now_micros / 1'000'000);
  TRY_ASSIGN(const RawId id,
             state.objects->Write(
                 GIT_OBJECT_COMMIT,
                 fmt::format("tree {}\nauthor {}\ncommitter {}\n\n{}\n",
                             HexOf(tree), who, who, message.text())));
  state.commit = HexOf(id);
  return state.commit;
}

Status ShadowStore::State::Flatten(const RawId& tree, const std::string& path,
                                   size_t depth,
                                   std::vector<ShadowFile>* files) {
  if (depth > limits.depth_max || files->size() > limits.files_max) {
    return Error(Code::kTooLarge, "a kept state is beyond the limits");
  }
  TRY_ASSIGN(const std::vector<TreeRow> rows, objects->ReadTree(tree));
  for (const TreeRow& row : rows) {
    if (row.mode == 040000) {
      TRY(Flatten(row.id, path + row.name + "/", depth + 1, files));
    } else {
      files->push_back({path + row.name, ShadowSide{row.mode, HexOf(row.id)}});
    }
  }
  return {};
}

namespace {

struct CommitText {
  RawId tree{};
  bool partial = false;
  std::vector<std::string> absent;
};

Result<CommitText> ReadCommit(ShadowObjects& objects, const std::string& hex) {
  TRY_ASSIGN(const RawId id, IdOfHex(hex));
  TRY_ASSIGN(const std::string text, objects.Read(id, GIT_OBJECT_COMMIT));
  const size_t message = text.find("\n\n");
  if (!text.starts_with("tree ") || message == std::string::npos) {
    return Error(Code::kCorrupt, "a damaged commit: " + hex);
  }
  CommitText commit;
  TRY_ASSIGN(commit.tree, IdOfHex(text.substr(5, 40)));
  TRY_ASSIGN(const JsonDocument json,
             JsonDocument::Parse(std::string_view(text).substr(message + 2)));
  if (json["v"].Int() != 1) {
    return Error(Code::kInvalid, "kept by another version of cofferdam");
  }
  commit.partial = json["partial"].Bool().value_or(false);
  for (const JsonValue& path : json["absent"].Elements()) {
    commit.absent.emplace_back(path.StringOrEmpty());
  }
  return commit;
}

}  // namespace

Result<std::vector<ShadowFile>> ShadowStore::Files(const std::string& commit,
                                                   bool* partial) {
  TRY_ASSIGN(const CommitText text, ReadCommit(*state_->objects, commit));
  *partial = text.partial;
  std::vector<ShadowFile> files;
  TRY(state_->Flatten(text.tree, "", 0, &files));
  for (const std::string& path : text.absent) {
    files.push_back({path, std::nullopt});
  }
  std::sort(
      files.begin(), files.end(),
      [](const ShadowFile& a, const ShadowFile& b) { return a.path < b.path; });
  return files;
}

std::optional<ShadowSide> ShadowStore::Seen(const std::string& path) const {
  const auto at = std::lower_bound(state_->table.begin(), state_->table.end(),
                                   path, ByPath);
  if (at == state_->table.end() || at->path != path) return std::nullopt;
  return at->Side();
}

// Rows of two trees are in one order but for a folder beside a file of a longer
// name, so they are compared by name.
Status ShadowStore::State::CompareTrees(const std::optional<RawId>& before,
                                        const std::optional<RawId>& after,
                                        const std::string& path, size_t depth,
                                        std::vector<ShadowChange>* changes) {
  if (before == after) return {};
  if (depth > limits.depth_max) {
    return Error(Code::kTooLarge, "a kept state is too deep");
  }
  std::map<std::string,
           std::pair<std::optional<TreeRow>, std::optional<TreeRow>>>
      rows;
  if (before) {
    TRY_ASSIGN(std::vector<TreeRow> read, objects->ReadTree(*before));
    for (TreeRow& row : read) rows[row.name].first = std::move(row);
  }
  if (after) {
    TRY_ASSIGN(std::vector<TreeRow> read, objects->ReadTree(*after));
    for (TreeRow& row : read) rows[row.name].second = std::move(row);
  }
  const auto tree_of = [](const std::optional<TreeRow>& row) {
    return row && row->mode == 040000 ? std::optional(row->id) : std::nullopt;
  };
  const auto side_of = [](const std::optional<TreeRow>& row) {
    return row && row->mode != 040000
               ? std::optional(ShadowSide{row->mode, HexOf(row->id)})
               : std::nullopt;
  };
  for (const auto& [name, pair] : rows) {
    ShadowChange change{path + name, side_of(pair.first), side_of(pair.second)};
    if (change.before != change.after) changes->push_back(std::move(change));
    TRY(CompareTrees(tree_of(pair.first), tree_of(pair.second),
                     path + name + "/", depth + 1, changes));
  }
  return {};
}

Result<std::vector<ShadowChange>> ShadowStore::Compare(
    const std::string& before, const std::string& after) {
  std::vector<ShadowChange> changes;
  if (before == after) return changes;
  TRY_ASSIGN(const CommitText a, ReadCommit(*state_->objects, before));
  TRY_ASSIGN(const CommitText b, ReadCommit(*state_->objects, after));
  if (!a.partial && !b.partial) {
    TRY(state_->CompareTrees(a.tree, b.tree, "", 0, &changes));
    std::sort(changes.begin(), changes.end(),
              [](const ShadowChange& x, const ShadowChange& y) {
                return x.path < y.path;
              });
    return changes;
  }
  bool partial = false;
  TRY_ASSIGN(std::vector<ShadowFile> files_a, Files(before, &partial));
  TRY_ASSIGN(std::vector<ShadowFile> files_b, Files(after, &partial));
  std::map<std::string, std::optional<ShadowSide>> sides;
  for (ShadowFile& file : files_a) sides[file.path] = std::move(file.side);
  for (ShadowFile& file : files_b) {
    const auto was = sides.find(file.path);
    if (was == sides.end() || was->second == file.side) continue;
    changes.push_back({file.path, was->second, std::move(file.side)});
  }
  return changes;
}

Result<std::string> ShadowStore::Read(const std::string& blob) {
  TRY_ASSIGN(const RawId id, IdOfHex(blob));
  return state_->objects->Read(id, GIT_OBJECT_BLOB);
}

Status ShadowStore::State::Mark(const RawId& tree, size_t depth,
                                std::unordered_set<std::string>* marked) {
  if (!marked->insert(HexOf(tree)).second) return {};
  // What lies in the repository beside is not ours to delete, nor all of what
  // it leads to.
  if (depth > limits.depth_max) return {};
  auto rows = objects->ReadTree(tree);
  if (!rows.ok()) return {};
  for (const TreeRow& row : *rows) {
    if (row.mode == 040000) {
      TRY(Mark(row.id, depth + 1, marked));
    } else {
      marked->insert(HexOf(row.id));
    }
  }
  return {};
}

Status ShadowStore::Prune(const std::vector<std::string>& commits) {
  if (!state_->alone) return {};
  std::unordered_set<std::string> marked;
  for (const std::string& hex : commits) {
    auto commit = ReadCommit(*state_->objects, hex);
    if (!commit.ok()) continue;
    marked.insert(hex);
    TRY(state_->Mark(commit->tree, 0, &marked));
  }
  return state_->objects->Delete(marked);
}

}  // namespace cofferdam::corpus
