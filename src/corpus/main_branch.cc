#include "corpus/main_branch.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "corpus/agent_marks.h"
#include "corpus/loose_objects_internal.h"
#include "corpus/main_branch_internal.h"
#include "corpus/revision_internal.h"

namespace cofferdam::corpus {
namespace {

constexpr int64_t kMicros = 1'000'000;

// Files that package managers write, by their names.
constexpr std::string_view kLockFiles[] = {".terraform.lock.hcl",
                                           "Cargo.lock",
                                           "Cartfile.resolved",
                                           "Gemfile.lock",
                                           "Package.resolved",
                                           "Pipfile.lock",
                                           "Podfile.lock",
                                           "bun.lock",
                                           "composer.lock",
                                           "conan.lock",
                                           "deno.lock",
                                           "flake.lock",
                                           "go.sum",
                                           "gradle.lockfile",
                                           "mix.lock",
                                           "npm-shrinkwrap.json",
                                           "package-lock.json",
                                           "packages.lock.json",
                                           "pdm.lock",
                                           "pixi.lock",
                                           "pnpm-lock.yaml",
                                           "poetry.lock",
                                           "pubspec.lock",
                                           "uv.lock",
                                           "yarn.lock"};

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string_view View(const char* text) {
  return text == nullptr ? std::string_view() : text;
}

// Nobody who is at a keyboard.
bool IsAgent(const std::string& name, const std::string& mail) {
  CommitText text;
  text.author_name = name;
  text.author_email = mail;
  return mail.empty() || mail.find("[bot]@") != std::string::npos ||
         !FindAgentMarks(text).empty();
}

// "Name <mail>" of a trailer.
bool SplitPerson(std::string_view text, std::string* name, std::string* mail) {
  const size_t open = text.rfind('<');
  const size_t close = text.rfind('>');
  if (open == std::string_view::npos || close == std::string_view::npos ||
      close < open) {
    return false;
  }
  *mail = text.substr(open + 1, close - open - 1);
  std::string_view rest = text.substr(0, open);
  while (!rest.empty() && rest.back() == ' ') rest.remove_suffix(1);
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  *name = rest;
  return true;
}

// The tip of the main branch and what it is called.
Result<CommitObject> FindTip(git_repository* repository,
                             const std::string& asked, std::string* name) {
  if (!asked.empty()) {
    *name = asked;
    return ResolveCommit(repository, asked);
  }
  git_reference* head = nullptr;
  if (git_reference_lookup(&head, repository, "refs/remotes/origin/HEAD") ==
      0) {
    const std::string target(View(git_reference_symbolic_target(head)));
    git_reference_free(head);
    auto commit = ResolveCommit(repository, target);
    if (commit.ok()) {
      *name = target.substr(target.find("origin/"));
      return commit;
    }
  }
  for (const char* branch : {"main", "master"}) {
    auto commit =
        ResolveCommit(repository, std::string("refs/heads/") + branch);
    if (!commit.ok()) continue;
    *name = branch;
    return commit;
  }
  *name = "HEAD";
  return ResolveCommit(repository, "HEAD");
}

}  // namespace

bool IsLockFile(std::string_view path) {
  const size_t slash = path.rfind('/');
  const std::string_view name =
      slash == std::string_view::npos ? path : path.substr(slash + 1);
  return std::find(std::begin(kLockFiles), std::end(kLockFiles), name) !=
         std::end(kLockFiles);
}

CommitPeople::CommitPeople(git_repository* repository) {
  git_mailmap* mailmap = nullptr;
  // Without one, addresses are what commits say.
  if (git_mailmap_from_repository(&mailmap, repository) == 0) {
    mailmap_.reset(mailmap);
  }
}

std::string CommitPeople::Resolve(const std::string& name,
                                  const std::string& mail) const {
  const char* real_name = nullptr;
  const char* real_mail = nullptr;
  if (mailmap_ == nullptr ||
      git_mailmap_resolve(&real_name, &real_mail, mailmap_.get(), name.c_str(),
                          mail.c_str()) != 0) {
    return Lower(mail);
  }
  return Lower(View(real_mail));
}

std::vector<std::string> CommitPeople::Of(const git_commit* commit) const {
  std::vector<std::string> people;
  const auto add = [&](const std::string& name, const std::string& mail) {
    if (IsAgent(name, mail)) return;
    std::string address = Resolve(name, mail);
    if (std::find(people.begin(), people.end(), address) == people.end()) {
      people.push_back(std::move(address));
    }
  };
  if (const git_signature* author = git_commit_author(commit)) {
    add(std::string(View(author->name)), std::string(View(author->email)));
  }
  std::string_view message = View(git_commit_message(commit));
  constexpr std::string_view kTrailer = "co-authored-by:";
  for (size_t lines = 0; !message.empty() && lines < kMarkLinesMax; ++lines) {
    const size_t end = std::min(message.find('\n'), message.size());
    const std::string_view line = message.substr(0, end);
    message.remove_prefix(std::min(end + 1, message.size()));
    std::string name;
    std::string mail;
    if (line.size() > kTrailer.size() && line.size() <= kMarkLineBytesMax &&
        Lower(line.substr(0, kTrailer.size())) == kTrailer &&
        SplitPerson(line.substr(kTrailer.size()), &name, &mail)) {
      add(name, mail);
    }
  }
  return people;
}

std::optional<bool> LeftOutFiles::Attribute(const std::string& path,
                                            const char* name) const {
  git_attr_options options = GIT_ATTR_OPTIONS_INIT;
  options.flags = GIT_ATTR_CHECK_INDEX_ONLY | GIT_ATTR_CHECK_NO_SYSTEM |
                  GIT_ATTR_CHECK_INCLUDE_COMMIT;
  options.attr_commit_id = commit_;
  const char* value = nullptr;
  if (git_attr_get_ext(&value, repository_, &options, path.c_str(), name) !=
      0) {
    return std::nullopt;
  }
  switch (git_attr_value(value)) {
    case GIT_ATTR_VALUE_TRUE:
      return true;
    case GIT_ATTR_VALUE_FALSE:
      return false;
    case GIT_ATTR_VALUE_STRING:
      return View(value) == "true";
    default:
      return std::nullopt;
  }
}

bool LeftOutFiles::Has(const std::string& path) {
  const auto known = known_.find(path);
  if (known != known_.end()) return known->second;
  const auto generated = Attribute(path, "linguist-generated");
  const auto vendored = Attribute(path, "linguist-vendored");
  const bool has =
      generated.value_or(IsLockFile(path)) || vendored.value_or(false);
  known_.emplace(path, has);
  return has;
}

struct MainBranch::State {
  RepositoryHandle handle;
  Repository repository;
  std::string branch;
  std::string head;
  int64_t head_micros = 0;
  std::vector<BroughtCommit> commits;
  std::vector<std::string> notices;
  std::unique_ptr<BlobCache> blobs;
};

MainBranch::MainBranch(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
MainBranch::MainBranch(MainBranch&&) noexcept = default;
MainBranch& MainBranch::operator=(MainBranch&&) noexcept = default;
MainBranch::~MainBranch() = default;

Result<MainBranch> MainBranch::Read(const std::string& path,
                                    const MainBranchOptions& options) {
  UseGit();
  git_repository* handle = nullptr;
  if (git_repository_open_ext(&handle, path.c_str(), 0, nullptr) != 0) {
    return GitError(path);
  }
  auto state = std::make_unique<State>();
  GuardLooseObjects(handle);
  state->handle.reset(handle);
  state->repository = DescribeAny(handle);
  auto tip = FindTip(handle, options.branch, &state->branch);
  if (!tip.ok()) return std::move(tip).error().Within(path);
  const git_oid id = *git_commit_id(tip->get());
  state->head = Hexadecimal(id);
  state->head_micros = git_commit_time(tip->get()) * kMicros;
  BranchReplay replay(handle, id, options);
  Status played = replay.Run();
  if (!played.ok()) return std::move(played).error().Within(path);
  state->commits = replay.TakeCommits();
  state->notices = replay.TakeNotices();
  state->blobs = std::make_unique<BlobCache>(handle, options.file_bytes_max);
  return MainBranch(std::move(state));
}

const Repository& MainBranch::repository() const { return state_->repository; }
const std::string& MainBranch::branch() const { return state_->branch; }
const std::string& MainBranch::head() const { return state_->head; }
int64_t MainBranch::head_micros() const { return state_->head_micros; }
const std::vector<BroughtCommit>& MainBranch::commits() const {
  return state_->commits;
}
const std::vector<std::string>& MainBranch::notices() const {
  return state_->notices;
}

Result<std::string> MainBranch::Text(const BroughtFile& file) const {
  git_oid id;
  if (git_oid_fromstr(&id, file.blob.c_str()) != 0) {
    return Error(Code::kInvalid, "not an object's id: " + file.blob);
  }
  TRY_ASSIGN(const BlobCache::Text text, state_->blobs->Read(id));
  return *text;
}

}  // namespace cofferdam::corpus
