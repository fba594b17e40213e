#include "corpus/changes.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "corpus/blob_lines_internal.h"
#include "corpus/changes_internal.h"
#include "corpus/object_ids_internal.h"
#include "corpus/revision_internal.h"
#include "corpus/revision_trees_internal.h"
#include "corpus/text_file.h"

namespace cofferdam::corpus {
namespace {

using DiffObject = std::unique_ptr<git_diff, GitFree<git_diff_free>>;
using EntryObject =
    std::unique_ptr<git_tree_entry, GitFree<git_tree_entry_free>>;
using OdbObject = std::unique_ptr<git_odb, GitFree<git_odb_free>>;

constexpr int64_t kMicros = 1'000'000;

const std::vector<LineSpan>& AllLines() {
  static const std::vector<LineSpan> all = {{1, kLastLine}};
  return all;
}

// Gives the watched files of one difference.
class Reading {
 public:
  Reading(git_repository* repository, const ChangeOptions& options,
          const ChangeVisitor& visitor)
      : repository_(repository), options_(options), visitor_(visitor) {
    auto described = std::make_shared<Repository>();
    if (git_repository_workdir(repository) != nullptr) {
      *described = Describe(repository);
    } else {
      described->root = git_repository_path(repository);
      described->remote = RemoteOf(repository);
    }
    place_.repository = std::move(described);
  }

  void SetCommit(const git_commit* commit) {
    place_.commit = Hexadecimal(*git_commit_id(commit));
    const git_signature* author = git_commit_author(commit);
    if (author == nullptr) return;
    place_.author = fmt::format("{} <{}>", author->name, author->email);
    place_.time_micros = author->when.time * kMicros;
  }
  void SetTime(int64_t time_micros) { place_.time_micros = time_micros; }
  void Notice(std::string sentence) {
    read_.notices.push_back(std::move(sentence));
  }

  // `others` are trees in which lines may stand, too.
  Status Visit(git_diff* diff, const std::vector<TreeObject>& others) {
    const size_t count = git_diff_num_deltas(diff);
    if (count > options_.limits.files_max) {
      return Error(Code::kTooLarge,
                   fmt::format("the change touches {} files, more than {}",
                               count, options_.limits.files_max));
    }
    FollowRenames(diff);
    for (size_t i = 0; i < git_diff_num_deltas(diff); ++i)
      TRY(VisitFile(*git_diff_get_delta(diff, i), others));
    return {};
  }

  ChangesRead Take() { return std::move(read_); }

 private:
  // Joins the two halves of renames. Only where a watched file is new, and
  // by content only where no file is too large to be compared.
  void FollowRenames(git_diff* diff) {
    git_odb* odb = nullptr;
    if (git_repository_odb(&odb, repository_) != 0) return;
    const OdbObject owned(odb);
    bool watched = false;
    size_t brought = 0;
    bool small = true;
    for (size_t i = 0; i < git_diff_num_deltas(diff); ++i) {
      const git_diff_delta* delta = git_diff_get_delta(diff, i);
      const bool is_new = delta->status == GIT_DELTA_ADDED;
      if (!is_new && delta->status != GIT_DELTA_DELETED) continue;
      const git_diff_file& file = is_new ? delta->new_file : delta->old_file;
      brought += is_new ? 1 : 0;
      watched = watched || (is_new && options_.watch(file.path) != 0);
      size_t bytes = 0;
      git_object_t type = GIT_OBJECT_INVALID;
      if (small && (git_odb_read_header(&bytes, &type, odb, &file.id) != 0 ||
                    bytes > options_.limits.blob_bytes_max))
        small = false;
    }
    if (!watched) return;
    git_diff_find_options find;
    git_diff_find_options_init(&find, GIT_DIFF_FIND_OPTIONS_VERSION);
    find.flags = GIT_DIFF_FIND_RENAMES;
    find.rename_limit = options_.limits.renames_max;
    if (!small || brought > options_.limits.renames_max)
      find.flags |= GIT_DIFF_FIND_EXACT_MATCH_ONLY;
    if (git_diff_find_similar(diff, &find) != 0)
      Notice("renames are not followed: " + GitError("compare").message());
  }

  Status VisitFile(const git_diff_delta& delta,
                   const std::vector<TreeObject>& others) {
    ++read_.files;
    if (delta.status == GIT_DELTA_DELETED ||
        delta.status == GIT_DELTA_CONFLICTED)
      return {};
    const std::string path = delta.new_file.path;
    const uint64_t watch = options_.watch(path);
    if (watch == 0) return {};
    if (delta.new_file.mode == GIT_FILEMODE_LINK) {
      read_.passed.push_back({path, Reason::kSymlink, ""});
      return {};
    }
    if (delta.new_file.mode == GIT_FILEMODE_COMMIT) {
      read_.passed.push_back({path, Reason::kSpecial, "a submodule"});
      return {};
    }
    ChangedFile file;
    file.place = place_;
    file.place.path = file.place.outer = file.place.path_in_repository = path;
    file.blob = Hexadecimal(delta.new_file.id);
    if (auto passed = ReadBlob(repository_, delta.new_file.id,
                               options_.limits.blob_bytes_max, &file.bytes)) {
      passed->path = path;
      read_.passed.push_back(*std::move(passed));
      return {};
    }
    if (delta.status == GIT_DELTA_RENAMED)
      file.former_path = delta.old_file.path;
    const bool from_elsewhere =
        !file.former_path.empty() &&
        (options_.watch(file.former_path) & watch) != watch;
    const bool compared = delta.status != GIT_DELTA_ADDED && !from_elsewhere &&
                          delta.old_file.mode != GIT_FILEMODE_LINK;
    file.added = compared ? AddedTo(delta.old_file.id, file.bytes) : AllLines();
    if (!from_elsewhere) TRY(TakeAwayKnown(others, delta.new_file.id, &file));
    return file.added.empty() ? Status() : visitor_(file);
  }

  // All of it where the older bytes have no lines, or cannot be had.
  std::vector<LineSpan> AddedTo(const git_oid& before,
                                const std::string& bytes) {
    std::string old;
    if (LooksBinary(bytes.substr(0, kTextProbeBytes)) ||
        ReadBlob(repository_, before, options_.limits.blob_bytes_max, &old) ||
        LooksBinary(old.substr(0, kTextProbeBytes)))
      return AllLines();
    auto added = AddedLines(old, bytes);
    return added.ok() ? *std::move(added) : AllLines();
  }

  // What another tree has at the same path is not added either.
  Status TakeAwayKnown(const std::vector<TreeObject>& others, const git_oid& id,
                       ChangedFile* file) {
    for (const TreeObject& tree : others) {
      if (file->added.empty()) return {};
      git_tree_entry* entry = nullptr;
      if (git_tree_entry_bypath(&entry, tree.get(), file->place.path.c_str()) !=
          0)
        continue;
      const EntryObject owned(entry);
      if (git_oid_equal(git_tree_entry_id(entry), &id) != 0) {
        file->added.clear();
      } else if (git_tree_entry_type(entry) == GIT_OBJECT_BLOB) {
        file->added = CommonSpans(
            file->added, AddedTo(*git_tree_entry_id(entry), file->bytes));
      }
    }
    return {};
  }

  git_repository* repository_;
  const ChangeOptions& options_;
  const ChangeVisitor& visitor_;
  FilePlace place_;
  ChangesRead read_;
};

git_diff_options DiffOptions() {
  git_diff_options options;
  git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
  options.flags = GIT_DIFF_INCLUDE_TYPECHANGE;
  options.context_lines = 0;
  return options;
}

// The commits that a range's beginnings name. "X^@" are the parents of X.
std::vector<git_oid> Beginnings(git_repository* repository,
                                const CommitRange& range, Reading* reading) {
  std::vector<git_oid> found;
  for (std::string name : range.from) {
    const bool parents = name.ends_with("^@");
    if (parents) name.resize(name.size() - 2);
    Result<CommitObject> commit = ResolveCommit(repository, name);
    if (!commit.ok()) {
      // A tag may be of a tree; a branch may be broken.
      if (!name.starts_with("refs/"))
        reading->Notice(
            fmt::format("{}; its history is missing (a shallow clone?)",
                        commit.error().message()));
      continue;
    }
    if (!parents) {
      found.push_back(*git_commit_id(commit->get()));
      continue;
    }
    for (unsigned i = 0; i < git_commit_parentcount(commit->get()); ++i)
      found.push_back(*git_commit_parent_id(commit->get(), i));
  }
  return found;
}

// Where `to` forked from `from`; these themselves where that cannot be told.
std::vector<git_oid> Bases(git_repository* repository, const git_oid& to,
                           const std::vector<git_oid>& from, size_t bases_max,
                           Reading* reading) {
  if (from.empty()) return {};
  std::vector<git_oid> all = {to};
  all.insert(all.end(), from.begin(), from.end());
  git_oidarray bases = {};
  const int failed =
      git_merge_bases_many(&bases, repository, all.size(), all.data());
  std::vector<git_oid> found;
  if (failed == 0) found.assign(bases.ids, bases.ids + bases.count);
  git_oidarray_dispose(&bases);
  if (failed == GIT_ENOTFOUND && git_repository_is_shallow(repository) == 0)
    return {};  // nothing in common
  if (failed != 0) {
    reading->Notice(
        "the history between the two is missing (a shallow clone?): they are "
        "compared as they are");
    found = from;
  }
  if (found.size() > bases_max) {
    reading->Notice(fmt::format("it forked {} times; {} of them are compared",
                                found.size(), bases_max));
    found.resize(bases_max);
  }
  return found;
}

Result<TreeObject> TreeOf(git_repository* repository, const git_oid& commit) {
  git_commit* object = nullptr;
  if (git_commit_lookup(&object, repository, &commit) != 0)
    return GitError("commit " + Hexadecimal(commit));
  const CommitObject owned(object);
  git_tree* tree = nullptr;
  if (git_commit_tree(&tree, object) != 0)
    return GitError("tree of " + Hexadecimal(commit));
  return TreeObject(tree);
}

}  // namespace

Result<std::vector<LineSpan>> AddedLines(std::string_view before,
                                         std::string_view after) {
  TRY_ASSIGN(const std::vector<SameLines> same,
             MatchLines(before, after, LineEnds::kExact));
  const auto lines = static_cast<uint32_t>(CountLines(after));
  std::vector<LineSpan> added;
  uint32_t next = 0;  // from 0
  for (const SameLines& run : same) {
    if (run.after > next) added.push_back({next + 1, run.after});
    next = run.after + run.count;
  }
  if (lines > next) added.push_back({next + 1, lines});
  return added;
}

std::vector<LineSpan> CommonSpans(const std::vector<LineSpan>& a,
                                  const std::vector<LineSpan>& b) {
  std::vector<LineSpan> both;
  for (size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const uint32_t begin = std::max(a[i].begin, b[j].begin);
    const uint32_t end = std::min(a[i].end, b[j].end);
    if (begin <= end) both.push_back({begin, end});
    (a[i].end < b[j].end ? i : j) += 1;
  }
  return both;
}

Result<RepositoryHandle> OpenForChanges(const ChangePlace& place) {
  UseGit();
  git_repository* handle = nullptr;
  const int failed = git_repository_open_ext(
      &handle, place.path.c_str(), GIT_REPOSITORY_OPEN_CROSS_FS, nullptr);
  if (failed == GIT_ENOTFOUND)
    return Error(Code::kNotFound, place.path + ": not in a git repository");
  if (failed != 0) return GitError("git repository around " + place.path);
  RepositoryHandle owned(handle);
  if (place.object_folders.empty()) return owned;
  git_odb* odb = nullptr;
  if (git_repository_odb(&odb, handle) != 0) return GitError("objects");
  const OdbObject owned_odb(odb);
  for (const std::string& folder : place.object_folders) {
    if (git_odb_add_disk_alternate(odb, folder.c_str()) != 0)
      return GitError("objects in " + folder);
  }
  return owned;
}

Result<std::string> RepositoryNameOf(const ChangePlace& place) {
  TRY_ASSIGN(const RepositoryHandle handle, OpenForChanges(place));
  return RemoteOf(handle.get());
}

Result<ChangesRead> ReadStagedChanges(const ChangePlace& place,
                                      const ChangeOptions& options,
                                      const ChangeVisitor& visitor) {
  TRY_ASSIGN(const RepositoryHandle handle, OpenForChanges(place));
  git_index* index = nullptr;
  const int failed = place.index_file.empty()
                         ? git_repository_index(&index, handle.get())
                         : git_index_open(&index, place.index_file.c_str());
  if (failed != 0) return GitError("index of " + place.path);
  const IndexHandle owned_index(index);
  TreeObject head;
  git_oid id;
  if (git_reference_name_to_id(&id, handle.get(), "HEAD") == 0) {
    TRY_ASSIGN(head, TreeOf(handle.get(), id));
  }
  Reading reading(handle.get(), options, visitor);
  reading.SetTime(options.now_micros);
  const git_diff_options diff_options = DiffOptions();
  git_diff* diff = nullptr;
  if (git_diff_tree_to_index(&diff, handle.get(), head.get(), index,
                             &diff_options) != 0)
    return GitError("what is staged in " + place.path);
  const DiffObject owned_diff(diff);
  TRY(reading.Visit(diff, {}));
  return reading.Take();
}

Result<ChangesRead> ReadChanges(const ChangePlace& place,
                                const CommitRange& range,
                                const ChangeOptions& options,
                                const ChangeVisitor& visitor) {
  TRY_ASSIGN(const RepositoryHandle handle, OpenForChanges(place));
  Result<CommitObject> to = ResolveCommit(handle.get(), range.to);
  if (!to.ok()) return std::move(to).error().Within(place.path);
  Reading reading(handle.get(), options, visitor);
  reading.SetCommit(to->get());
  const git_oid& id = *git_commit_id(to->get());
  const std::vector<git_oid> from = Beginnings(handle.get(), range, &reading);
  std::vector<TreeObject> bases;
  for (const git_oid& base :
       Bases(handle.get(), id, from, options.limits.bases_max, &reading)) {
    Result<TreeObject> tree = TreeOf(handle.get(), base);
    if (tree.ok()) {
      bases.push_back(*std::move(tree));
    } else {
      reading.Notice(tree.error().message() +
                     "; more lines count as added than were");
    }
  }
  TRY_ASSIGN(const TreeObject after, TreeOf(handle.get(), id));
  TreeObject before;
  if (!bases.empty()) {
    before = std::move(bases.front());
    bases.erase(bases.begin());
  }
  const git_diff_options diff_options = DiffOptions();
  git_diff* diff = nullptr;
  if (git_diff_tree_to_tree(&diff, handle.get(), before.get(), after.get(),
                            &diff_options) != 0)
    return GitError("what " + range.to + " changed");
  const DiffObject owned_diff(diff);
  TRY(reading.Visit(diff, bases));
  return reading.Take();
}

}  // namespace cofferdam::corpus
