#include "corpus/line_history.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>

#include "corpus/line_walk_internal.h"
#include "corpus/revision_internal.h"
#include "corpus/text_file.h"

namespace cofferdam::corpus {
namespace {

constexpr int64_t kMicros = 1'000'000;
constexpr size_t kThreadsMax = 8;
constexpr uint32_t kUnset = UINT32_MAX;

// A file that is asked about.
struct Wanted {
  std::string path;
  std::optional<git_oid> blob;  // in the revision
};

std::string_view View(const char* text) {
  return text == nullptr ? std::string_view() : text;
}

HistoryCommit Describe(git_commit* commit, bool boundary) {
  HistoryCommit described;
  described.id = Hexadecimal(*git_commit_id(commit));
  described.boundary = boundary;
  if (const git_signature* author = git_commit_author(commit)) {
    described.author = View(author->name);
    described.author_mail = View(author->email);
    described.authored_micros = author->when.time * kMicros;
  }
  if (const git_signature* committer = git_commit_committer(commit)) {
    described.committer = View(committer->name);
    described.committer_mail = View(committer->email);
    described.committed_micros = committer->when.time * kMicros;
  }
  described.summary = View(git_commit_summary(commit));
  for (unsigned i = 0; i < git_commit_parentcount(commit); ++i)
    described.parents.push_back(Hexadecimal(*git_commit_parent_id(commit, i)));
  return described;
}

// Ordinals of strings, in the order they are first asked for.
class Ordinals {
 public:
  uint32_t Of(const std::string& text) {
    const auto [at, added] =
        ordinals_.try_emplace(text, static_cast<uint32_t>(texts_.size()));
    if (added) texts_.push_back(text);
    return at->second;
  }
  std::vector<std::string> Take() { return std::move(texts_); }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  std::unordered_map<std::string, uint32_t> ordinals_;
  std::vector<std::string> texts_;
};

// Some of the files, by one thread with a handle of its own. Ordinals are of
// its own tables until Merge.
class Shard {
 public:
  Shard(std::shared_ptr<git_repository> handle, std::string root,
        const LineHistoryOptions& options, std::atomic<uint64_t>* lines)
      : handle_(std::move(handle)),
        root_(std::move(root)),
        options_(options),
        lines_(lines),
        walk_(
            handle_.get(), options.limits,
            [this](const TracedSpan& span, git_commit* commit,
                   const std::string& path,
                   bool boundary) { Settle(span, commit, path, boundary); },
            [this](uint32_t file, const std::string& path) {
              AddFormer(file, path);
            }) {}

  void Add(Wanted wanted) { wanted_.push_back(std::move(wanted)); }

  Status Run(const std::optional<git_oid>& commit) {
    Suspects suspects;
    for (const Wanted& wanted : wanted_) {
      FileLines file{.path = wanted.path, .text = {}, .lines = {}};
      if (std::optional<PassedOver> passed = ReadText(wanted, &file.text)) {
        passed->path = wanted.path;
        passed_.push_back(*std::move(passed));
        continue;
      }
      const size_t count = CountLines(file.text);
      if (lines_->fetch_add(count) + count > options_.limits.lines_max) {
        return Error(Code::kTooLarge, fmt::format("more than {} lines",
                                                  options_.limits.lines_max));
      }
      file.former_paths.push_back(paths_.Of(file.path));
      files_.push_back(std::move(file));
      Begin(wanted, static_cast<uint32_t>(count), &suspects);
    }
    if (commit && !suspects.empty())
      TRY(walk_.Run(*commit, std::move(suspects)));
    return {};
  }

  std::vector<FileLines>& files() { return files_; }
  std::vector<PassedOver>& passed() { return passed_; }
  const std::vector<HistoryCommit>& commits() const { return commits_; }
  const std::vector<std::string>& paths() const { return paths_.texts(); }
  const std::vector<std::string>& notices() const { return walk_.notices(); }

 private:
  std::optional<PassedOver> ReadText(const Wanted& wanted, std::string* text) {
    const TextLimits limits = {.document_bytes_max =
                                   options_.limits.file_bytes_max};
    if (options_.content == LineContent::kWorkTree) {
      return ReadTextFile(root_ + "/" + wanted.path, limits, FinalLink::kRefuse,
                          text);
    }
    std::optional<PassedOver> passed =
        ReadBlob(handle_.get(), *wanted.blob, limits.document_bytes_max, text);
    return passed ? passed : CheckText(wanted.path, *text, limits);
  }

  // Which lines of the last file stand in the revision, and where.
  void Begin(const Wanted& wanted, uint32_t count, Suspects* suspects) {
    FileLines& file = files_.back();
    const auto ordinal = static_cast<uint32_t>(files_.size() - 1);
    std::vector<SameLines> same;
    if (options_.content == LineContent::kRevision) {
      file.lines.resize(count);
      same.push_back({0, 0, count});
    } else {
      same = InRevision(wanted, file.text, count);
      file.lines.resize(count, {.commit = kUnset});
    }
    std::vector<TracedSpan> spans;
    for (const SameLines& lines : same) {
      if (lines.count == 0) continue;
      spans.push_back({ordinal, lines.after, lines.before, lines.count});
    }
    if (!spans.empty())
      suspects->emplace(wanted.path, Suspect{*wanted.blob, std::move(spans)});
    if (options_.content == LineContent::kRevision) return;
    size_t committed = 0;
    for (const SameLines& lines : same) committed += lines.count;
    if (committed == count) return;
    if (uncommitted_ == kUnset) {
      uncommitted_ = static_cast<uint32_t>(commits_.size());
      commits_.emplace_back();
    }
    for (uint32_t line = 0; line < count; ++line)
      file.lines[line] = {uncommitted_, file.former_paths.front(), line + 1};
  }

  std::vector<SameLines> InRevision(const Wanted& wanted,
                                    const std::string& text, uint32_t count) {
    std::string committed;
    if (!wanted.blob || count == 0 ||
        ReadBlob(handle_.get(), *wanted.blob, options_.limits.file_bytes_max,
                 &committed)) {
      return {};
    }
    // git may have changed the ends of lines when it wrote the file.
    const bool returns = text.find("\r\n") != std::string::npos;
    Result<std::vector<SameLines>> same = MatchLines(
        committed, text, returns ? LineEnds::kIgnored : LineEnds::kExact);
    return same.ok() ? *std::move(same) : std::vector<SameLines>();
  }

  void Settle(const TracedSpan& span, git_commit* commit,
              const std::string& path, bool boundary) {
    const auto [at, added] = ordinals_.try_emplace(
        *git_commit_id(commit), static_cast<uint32_t>(commits_.size()));
    if (added) commits_.push_back(Describe(commit, boundary));
    const uint32_t path_ordinal = paths_.Of(path);
    FileLines& file = files_[span.file];
    for (uint32_t i = 0; i < span.count; ++i) {
      file.lines[span.final_line + i] = {at->second, path_ordinal,
                                         span.line + i + 1};
    }
  }

  void AddFormer(uint32_t file, const std::string& path) {
    std::vector<uint32_t>& former = files_[file].former_paths;
    const uint32_t ordinal = paths_.Of(path);
    if (std::find(former.begin(), former.end(), ordinal) == former.end())
      former.push_back(ordinal);
  }

  std::shared_ptr<git_repository> handle_;
  std::string root_;
  const LineHistoryOptions& options_;
  std::atomic<uint64_t>* lines_;
  LineWalk walk_;
  std::vector<Wanted> wanted_;
  std::vector<FileLines> files_;
  std::vector<PassedOver> passed_;
  std::vector<HistoryCommit> commits_;
  std::unordered_map<git_oid, uint32_t, ObjectIdHash, ObjectIdEqual> ordinals_;
  Ordinals paths_;
  uint32_t uncommitted_ = kUnset;
};

// The parts of the result of all shards, with ordinals that do not depend on
// how many there were.
class Merger {
 public:
  explicit Merger(LineHistory* into) : into_(into) {}

  void Add(Shard* shard) {
    for (FileLines& file : shard->files())
      files_.push_back({std::move(file), shard});
    std::move(shard->passed().begin(), shard->passed().end(),
              std::back_inserter(into_->passed));
    for (const std::string& notice : shard->notices()) {
      if (seen_.insert(notice).second) into_->notices.push_back(notice);
    }
  }

  void Finish() {
    std::sort(files_.begin(), files_.end(), [](const From& a, const From& b) {
      return a.file.path < b.file.path;
    });
    for (From& from : files_) {
      for (uint32_t& path : from.file.former_paths)
        path = paths_.Of(from.shard->paths()[path]);
      LineSource last;
      LineSource became;
      for (LineSource& line : from.file.lines) {
        // Lines that follow each other mostly came together.
        if (became.line == 0 || line.commit != last.commit ||
            line.path != last.path) {
          last = line;
          became = {Commit(from.shard->commits()[line.commit]),
                    paths_.Of(from.shard->paths()[line.path]), 1};
        }
        line.commit = became.commit;
        line.path = became.path;
      }
      into_->files.push_back(std::move(from.file));
    }
    into_->paths = paths_.Take();
    std::sort(into_->passed.begin(), into_->passed.end(),
              [](const PassedOver& a, const PassedOver& b) {
                return a.path < b.path;
              });
    std::sort(into_->notices.begin(), into_->notices.end());
  }

 private:
  struct From {
    FileLines file;
    Shard* shard = nullptr;
  };

  uint32_t Commit(const HistoryCommit& commit) {
    const uint32_t ordinal = ids_.Of(commit.id);
    if (ordinal == into_->commits.size()) into_->commits.push_back(commit);
    return ordinal;
  }

  LineHistory* into_;
  std::vector<From> files_;
  Ordinals ids_;
  Ordinals paths_;
  std::set<std::string> seen_;
};

// The files that the options name.
class Choice {
 public:
  explicit Choice(const LineHistoryOptions& options)
      : options_(options), found_(options.paths.size()) {}

  void OfTree(const std::string& path, const TreeEntry& entry,
              LineHistory* history) {
    if (!Names(path)) return;
    switch (entry.kind) {
      case TreeEntryKind::kFile:
        files_[path] = {path, entry.id};
        break;
      case TreeEntryKind::kLink:
        history->passed.push_back({path, Reason::kSymlink, ""});
        break;
      case TreeEntryKind::kSubmodule:
        history->passed.push_back(
            {path, Reason::kSpecial, "a submodule, a repository of its own"});
        break;
      default:
        history->passed.push_back({path, Reason::kSpecial, ""});
    }
  }

  // Files that the revision does not have.
  void OfWorkTree(git_repository* repository, const std::string& root) {
    git_index* index = nullptr;
    if (git_repository_index(&index, repository) == 0) {
      const IndexHandle owned(index);
      for (size_t i = 0; i < git_index_entrycount(index); ++i) {
        const git_index_entry* entry = git_index_get_byindex(index, i);
        if ((entry->mode & S_IFMT) == S_IFREG && Names(entry->path))
          files_.try_emplace(entry->path, Wanted{entry->path, std::nullopt});
      }
    }
    for (size_t i = 0; i < found_.size(); ++i) {
      struct stat status;
      const std::string& path = options_.paths[i];
      if (found_[i] || ::lstat((root + "/" + path).c_str(), &status) != 0 ||
          !S_ISREG(status.st_mode)) {
        continue;
      }
      found_[i] = true;
      files_.try_emplace(path, Wanted{path, std::nullopt});
    }
    // Removed, but not committed.
    std::erase_if(files_, [&](const auto& file) {
      struct stat status;
      return ::lstat((root + "/" + file.first).c_str(), &status) != 0;
    });
  }

  Result<std::vector<Wanted>> Take() {
    for (size_t i = 0; i < found_.size(); ++i) {
      if (!found_[i])
        return Error(
            Code::kNotFound,
            fmt::format("no such file in the {}: {}",
                        options_.revision.empty() ? "repository" : "revision",
                        options_.paths[i]));
    }
    if (files_.size() > options_.limits.files_max)
      return Error(Code::kTooLarge, fmt::format("more than {} files",
                                                options_.limits.files_max));
    std::vector<Wanted> files;
    for (auto& [path, wanted] : files_) files.push_back(std::move(wanted));
    return files;
  }

 private:
  bool Names(std::string_view path) {
    if (found_.empty()) return true;
    bool named = false;
    for (size_t i = 0; i < found_.size(); ++i) {
      std::string_view name = options_.paths[i];
      while (name.ends_with('/')) name.remove_suffix(1);
      if (!name.empty() && path != name &&
          !(path.starts_with(name) && path[name.size()] == '/')) {
        continue;
      }
      found_[i] = named = true;
    }
    return named;
  }

  const LineHistoryOptions& options_;
  std::map<std::string, Wanted> files_;
  std::vector<bool> found_;
};

// What one call has opened.
struct Begun {
  std::shared_ptr<RepositoryPool> pool;
  std::shared_ptr<git_repository> handle;
  std::optional<git_oid> commit;  // none before the first
};

Result<std::vector<Wanted>> ChooseFiles(const Begun& begun,
                                        const LineHistoryOptions& options,
                                        LineHistory* history) {
  Choice choice(options);
  if (begun.commit) {
    TRY_ASSIGN(const CommitObject commit,
               ResolveCommit(begun.handle.get(), Hexadecimal(*begun.commit)));
    TreeChanges trees(begun.handle.get(), options.limits.depth_max);
    TRY(trees.Compare(
        nullptr, git_commit_tree_id(commit.get()),
        [](std::string_view) { return true; },
        [&](const std::string& path, const TreeEntry&, const TreeEntry& after) {
          choice.OfTree(path, after, history);
        }));
  }
  if (options.content == LineContent::kWorkTree)
    choice.OfWorkTree(begun.handle.get(), history->repository.root);
  return choice.Take();
}

Status RunShards(const Begun& begun, const LineHistoryOptions& options,
                 std::vector<Wanted> files, LineHistory* history) {
  size_t threads = options.threads == 0 ? std::thread::hardware_concurrency()
                                        : options.threads;
  threads = std::clamp<size_t>(threads, 1, kThreadsMax);
  threads = std::clamp<size_t>(files.size(), 1, threads);
  std::atomic<uint64_t> lines = 0;
  std::vector<std::unique_ptr<Shard>> shards;
  for (size_t i = 0; i < threads; ++i) {
    TRY_ASSIGN(std::shared_ptr<git_repository> handle, begun.pool->Take());
    shards.push_back(std::make_unique<Shard>(
        std::move(handle), history->repository.root, options, &lines));
  }
  for (size_t i = 0; i < files.size(); ++i)
    shards[i % threads]->Add(std::move(files[i]));
  std::vector<Status> ended(threads);
  std::vector<std::thread> running;
  for (size_t i = 1; i < threads; ++i) {
    running.emplace_back([&, i] { ended[i] = shards[i]->Run(begun.commit); });
  }
  ended[0] = shards[0]->Run(begun.commit);
  for (std::thread& thread : running) thread.join();
  for (Status& status : ended) TRY(std::move(status));
  Merger merger(history);
  for (const auto& shard : shards) merger.Add(shard.get());
  merger.Finish();
  return {};
}

Result<LineHistory> Read(const std::string& path,
                         const LineHistoryOptions& options) {
  Begun begun;
  TRY_ASSIGN(begun.pool, RepositoryPool::Open(path));
  TRY_ASSIGN(begun.handle, begun.pool->Take());
  LineHistory history;
  history.repository = DescribeAny(begun.handle.get());
  if (options.content == LineContent::kWorkTree &&
      git_repository_workdir(begun.handle.get()) == nullptr) {
    return Error(Code::kInvalid, "has no work tree");
  }
  const bool unborn = options.content == LineContent::kWorkTree &&
                      git_repository_head_unborn(begun.handle.get()) == 1;
  if (!unborn) {
    TRY_ASSIGN(
        const CommitObject commit,
        ResolveCommit(begun.handle.get(),
                      options.revision.empty() ? "HEAD" : options.revision));
    begun.commit = *git_commit_id(commit.get());
    history.repository.head_commit = Hexadecimal(*begun.commit);
  }
  TRY_ASSIGN(std::vector<Wanted> files, ChooseFiles(begun, options, &history));
  TRY(RunShards(begun, options, std::move(files), &history));
  return history;
}

}  // namespace

Result<LineHistory> ReadLineHistory(const std::string& path,
                                    const LineHistoryOptions& options) {
  CHECK(options.revision.empty() || options.content == LineContent::kRevision);
  Result<LineHistory> history = Read(path, options);
  if (!history.ok()) return std::move(history).error().Within(path);
  return history;
}

}  // namespace cofferdam::corpus
