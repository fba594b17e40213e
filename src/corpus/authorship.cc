#include "corpus/authorship.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "base/file.h"
#include "corpus/agent_trace.h"
#include "corpus/claim_ranges_internal.h"
#include "corpus/commit_claims_internal.h"
#include "corpus/git_ai_note.h"
#include "corpus/git_notes_internal.h"
#include "corpus/loose_objects_internal.h"
#include "corpus/revision_internal.h"
#include "corpus/revision_trees_internal.h"

namespace cofferdam::corpus {
namespace {

constexpr const char* kGitAiNotes = "refs/notes/ai";
constexpr const char* kTraceNotes = "refs/notes/agent-trace";
constexpr std::string_view kTraceFolder = ".agent-trace";
// Of all records together, in memory.
constexpr size_t kTraceClaimsMax = 1'000'000;

bool IsTraceFile(std::string_view name) {
  return name.ends_with(".jsonl") || name.ends_with(".json");
}

}  // namespace

class Authorship::Reader {
 public:
  Reader(RepositoryHandle handle, const AuthorshipLimits& limits)
      : handle_(std::move(handle)),
        limits_(limits),
        notices_(limits.notices_max) {}

  void List() {
    git_ai_ = ListNotes(kGitAiNotes);
    traces_on_ = ListNotes(kTraceNotes);
    trace_count_ = traces_on_.by_object.size();
    traces_without_commit_ = traces_on_.missing;
    ReadTraceFiles();
    said_ = notices_.Take();
  }

  Result<std::vector<LineClaim>> Of(const std::string& commit) {
    git_oid id;
    if (commit.size() != GIT_OID_HEXSZ ||
        git_oid_fromstr(&id, commit.c_str()) != 0) {
      return Error(Code::kInvalid,
                   fmt::format("\"{}\" is no commit's id", commit));
    }
    git_commit* found = nullptr;
    if (git_commit_lookup(&found, handle_.get(), &id) != 0) {
      return Error(Code::kNotFound,
                   fmt::format("the repository has no commit {}", commit));
    }
    const CommitObject owned(found);
    std::vector<LineClaim> claims;
    ReadNote(git_ai_, id, commit, "git-ai note", [&](std::string_view text) {
      ClaimsRead read = ReadGitAiNote(text);
      Append(std::move(read.claims), &claims);
      return std::move(read.notices);
    });
    ReadNote(traces_on_, id, commit, "agent-trace note",
             [&](std::string_view text) {
               TracesRead read = ReadAgentTrace(text, "it");
               for (TraceRecord& record : read.records)
                 Append(std::move(record.claims), &claims);
               return std::move(read.notices);
             });
    const auto [begin, end] = traces_.equal_range(commit);
    for (auto record = begin; record != end; ++record)
      Append(record->second, &claims);
    Append(ClaimsOfCommit(found), &claims);
    return claims;
  }

  size_t notes() const { return git_ai_.by_object.size(); }
  size_t missing() const { return git_ai_.missing; }
  size_t traces() const { return trace_count_; }
  size_t traces_without_commit() const { return traces_without_commit_; }
  const std::vector<std::string>& notices() const { return said_; }

 private:
  // Notices after the listing, each once.
  void Say(std::string sentence) {
    if (!said_once_.insert(sentence).second) return;
    if (said_.size() < limits_.notices_max) {
      said_.push_back(std::move(sentence));
    } else if (said_.size() == limits_.notices_max) {
      said_.push_back("and more, which are not listed");
    }
  }

  NoteList ListNotes(const char* ref) {
    NoteList list = ListGitNotes(handle_.get(), ref, limits_.notes_max);
    for (std::string& notice : list.notices) notices_.Add(std::move(notice));
    return list;
  }

  static void Append(std::vector<LineClaim> from, std::vector<LineClaim>* to) {
    for (LineClaim& claim : from) {
      if (to->size() == kLineClaimsMax) return;
      to->push_back(std::move(claim));
    }
  }

  void ReadNote(
      const NoteList& list, const git_oid& id, const std::string& commit,
      std::string_view kind,
      const std::function<std::vector<std::string>(std::string_view)>& read) {
    const auto note = list.by_object.find(id);
    if (note == list.by_object.end()) return;
    std::string text;
    const auto passed =
        ReadBlob(handle_.get(), note->second, kNoteBytesMax, &text);
    const std::string where =
        fmt::format("{} of {}", kind, commit.substr(0, 12));
    if (passed) {
      Say(fmt::format("{}: not read: {}", where, passed->detail));
      return;
    }
    for (const std::string& notice : read(text))
      Say(fmt::format("{}: {}", where, notice));
  }

  void ReadTraceFiles() {
    const char* root = git_repository_workdir(handle_.get());
    if (root != nullptr) {
      ReadTraceFolder(std::filesystem::path(root) / kTraceFolder);
    } else {
      ReadTraceTree();
    }
  }

  void ReadTraceFolder(const std::filesystem::path& folder) {
    std::error_code failed;
    std::vector<std::string> paths;
    for (auto entry = std::filesystem::directory_iterator(folder, failed);
         !failed && entry != std::filesystem::directory_iterator();
         entry.increment(failed)) {
      // Neither links, which may lead anywhere, nor pipes.
      std::error_code unread;
      if (entry->symlink_status(unread).type() !=
          std::filesystem::file_type::regular)
        continue;
      if (IsTraceFile(entry->path().native()))
        paths.push_back(entry->path().native());
      if (paths.size() == limits_.trace_files_max) {
        notices_.Add(fmt::format("{}: files beyond {} are not read",
                                 kTraceFolder, limits_.trace_files_max));
        break;
      }
    }
    std::sort(paths.begin(), paths.end());
    for (const std::string& path : paths) {
      const auto text = ReadFile(path, limits_.trace_file_bytes_max);
      if (text.ok()) {
        ReadTraces(*text, fmt::format("{}/{}", kTraceFolder,
                                      path.substr(path.rfind('/') + 1)));
      } else {
        notices_.Add(text.error().message());
      }
    }
  }

  void ReadTraceTree() {
    git_object* object = nullptr;
    if (git_revparse_single(&object, handle_.get(), "HEAD:.agent-trace") != 0)
      return;
    const std::unique_ptr<git_object, GitFree<git_object_free>> owned(object);
    if (git_object_type(object) != GIT_OBJECT_TREE) return;
    const auto* tree = reinterpret_cast<const git_tree*>(object);
    const size_t count =
        std::min(git_tree_entrycount(tree), limits_.trace_files_max);
    for (size_t i = 0; i < count; ++i) {
      const git_tree_entry* entry = git_tree_entry_byindex(tree, i);
      const std::string name =
          fmt::format("{}/{}", kTraceFolder, git_tree_entry_name(entry));
      if (git_tree_entry_type(entry) != GIT_OBJECT_BLOB || !IsTraceFile(name))
        continue;
      std::string text;
      const auto passed = ReadBlob(handle_.get(), *git_tree_entry_id(entry),
                                   limits_.trace_file_bytes_max, &text);
      if (passed) {
        notices_.Add(fmt::format("{}: not read: {}", name, passed->detail));
      } else {
        ReadTraces(text, name);
      }
    }
  }

  void ReadTraces(std::string_view text, const std::string& name) {
    TracesRead read = ReadAgentTrace(text, name);
    for (std::string& notice : read.notices) notices_.Add(std::move(notice));
    trace_count_ += read.records.size();
    for (TraceRecord& record : read.records) {
      if (record.claims.empty()) continue;
      if (trace_claims_ + record.claims.size() > kTraceClaimsMax) {
        notices_.Add(fmt::format("{}: claims beyond {} are left out", name,
                                 kTraceClaimsMax));
        return;
      }
      const std::string revision = FullId(record.revision);
      if (revision.empty()) {
        ++traces_without_commit_;
        continue;
      }
      trace_claims_ += record.claims.size();
      traces_.emplace(revision, std::move(record.claims));
    }
  }

  // The commit's id in full; empty where the repository has no such commit.
  std::string FullId(const std::string& revision) {
    if (revision.size() < GIT_OID_MINPREFIXLEN ||
        revision.size() > GIT_OID_HEXSZ)
      return "";
    const auto known = full_ids_.find(revision);
    if (known != full_ids_.end()) return known->second;
    std::string& full = full_ids_[revision];
    git_oid prefix;
    git_commit* commit = nullptr;
    if (git_oid_fromstrn(&prefix, revision.c_str(), revision.size()) != 0 ||
        git_commit_lookup_prefix(&commit, handle_.get(), &prefix,
                                 revision.size()) != 0) {
      return full;
    }
    const CommitObject owned(commit);
    full = Hexadecimal(*git_commit_id(commit));
    return full;
  }

  RepositoryHandle handle_;
  AuthorshipLimits limits_;
  Notices notices_;
  std::vector<std::string> said_;
  std::set<std::string> said_once_;
  NoteList git_ai_;
  NoteList traces_on_;
  std::multimap<std::string, std::vector<LineClaim>> traces_;  // by commit
  std::unordered_map<std::string, std::string> full_ids_;
  size_t trace_claims_ = 0;
  size_t trace_count_ = 0;
  size_t traces_without_commit_ = 0;
};

Authorship::Authorship(std::unique_ptr<Reader> reader)
    : reader_(std::move(reader)) {}
Authorship::Authorship(Authorship&&) noexcept = default;
Authorship& Authorship::operator=(Authorship&&) noexcept = default;
Authorship::~Authorship() = default;

Result<Authorship> Authorship::Open(const std::string& path,
                                    const AuthorshipLimits& limits) {
  UseGit();
  git_repository* handle = nullptr;
  const int failed = git_repository_open_ext(
      &handle, path.c_str(), GIT_REPOSITORY_OPEN_CROSS_FS, nullptr);
  if (failed == GIT_ENOTFOUND)
    return Error(Code::kNotFound, path + ": not in a git repository");
  if (failed != 0) return GitError("git repository around " + path);
  GuardLooseObjects(handle);
  auto reader = std::make_unique<Reader>(RepositoryHandle(handle), limits);
  reader->List();
  return Authorship(std::move(reader));
}

Result<std::vector<LineClaim>> Authorship::Of(const std::string& commit) {
  return reader_->Of(commit);
}

size_t Authorship::notes() const { return reader_->notes(); }
size_t Authorship::notes_on_missing_commits() const {
  return reader_->missing();
}
size_t Authorship::traces() const { return reader_->traces(); }
size_t Authorship::traces_without_commit() const {
  return reader_->traces_without_commit();
}
const std::vector<std::string>& Authorship::notices() const {
  return reader_->notices();
}

}  // namespace cofferdam::corpus
