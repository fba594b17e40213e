#include "blame/repository_blame.h"

#include <algorithm>
#include <atomic>
#include <span>
#include <thread>
#include <utility>

#include "corpus/authorship.h"
#include "fingerprint/file_language.h"

namespace cofferdam::blame {
namespace {

constexpr size_t kThreadsMax = 8;

using CommitClaims = std::vector<std::vector<corpus::LineClaim>>;

// What each commit of the history says of its lines.
CommitClaims AllClaims(const std::string& path, RepositoryBlame* blame) {
  CommitClaims claims(blame->history.commits.size());
  auto authorship = corpus::Authorship::Open(path);
  if (!authorship.ok()) {
    blame->notices.push_back("what commits say of themselves is not read: " +
                             authorship.error().message());
    return claims;
  }
  for (size_t i = 0; i < claims.size(); ++i) {
    const std::string& id = blame->history.commits[i].id;
    if (id.empty()) continue;
    auto of_commit = authorship->Of(id);
    if (of_commit.ok()) {
      claims[i] = *std::move(of_commit);
    } else {
      blame->notices.push_back(of_commit.error().message());
    }
  }
  const auto& notices = authorship->notices();
  blame->notices.insert(blame->notices.end(), notices.begin(), notices.end());
  return claims;
}

// What the threads share.
struct Work {
  const fingerprint::Index& index;
  const RepositoryOutputs& outputs;
  const BlamerOptions& options;
  const CommitClaims& claims;
  RepositoryBlame* blame;
  std::atomic<size_t> next = 0;
};

Status BlameFiles(Work* work) {
  Blamer blamer(work->index, work->outputs, work->options);
  const corpus::LineHistory& history = work->blame->history;
  for (size_t i = work->next++; i < history.files.size(); i = work->next++) {
    const corpus::FileLines& file = history.files[i];
    BlamedText text = {
        .text = file.text,
        .path = file.path,
        .language = fingerprint::LanguageOfFile(file.path, file.text),
        .history = &history,
        .file = &file,
        .claims = [work](uint32_t commit) {
          return std::span<const corpus::LineClaim>(work->claims[commit]);
        }};
    Result<BlamedFile> blamed = blamer.Blame(text);
    if (!blamed.ok()) return std::move(blamed).error().Within(file.path);
    work->blame->files[i] = *std::move(blamed);
  }
  return {};
}

}  // namespace

std::string LedgerName(const corpus::Repository& repository) {
  return repository.remote.empty() ? corpus::NormaliseRemote(repository.root)
                                   : repository.remote;
}

Result<RepositoryBlame> BlameRepository(const fingerprint::Index& index,
                                        const std::string& path,
                                        const RepositoryBlameOptions& options) {
  RepositoryBlame blame;
  blame.covered_sequence = index.covered();
  TRY_ASSIGN(blame.history, corpus::ReadLineHistory(path, options.history));
  blame.notices = blame.history.notices;
  BlamerOptions blamer = options.blamer;
  if (blamer.repository.empty())
    blamer.repository = LedgerName(blame.history.repository);
  blame.repository = blamer.repository;
  TRY_ASSIGN(const RepositoryOutputs outputs,
             RepositoryOutputs::List(index, blamer.repository,
                                     blame.history.repository.root));
  CommitClaims claims(blame.history.commits.size());
  if (options.claims == ReadClaims::kYes) claims = AllClaims(path, &blame);
  blame.files.resize(blame.history.files.size());
  Work work = {index, outputs, blamer, claims, &blame};
  size_t threads = options.history.threads == 0
                       ? std::thread::hardware_concurrency()
                       : options.history.threads;
  threads = std::clamp<size_t>(threads, 1, kThreadsMax);
  threads = std::clamp<size_t>(blame.files.size(), 1, threads);
  std::vector<Status> ended(threads);
  std::vector<std::thread> running;
  for (size_t i = 1; i < threads; ++i)
    running.emplace_back([&, i] { ended[i] = BlameFiles(&work); });
  ended[0] = BlameFiles(&work);
  for (std::thread& thread : running) thread.join();
  for (Status& status : ended) TRY(std::move(status));
  return blame;
}

void LineCounts::Add(LineClass line_class) {
  ++lines;
  switch (line_class) {
    case LineClass::kModel:
      ++model;
      break;
    case LineClass::kMixed:
      ++mixed;
      break;
    case LineClass::kHuman:
      ++human;
      break;
    case LineClass::kUnknown:
      ++unknown;
      break;
  }
}

LineCounts& LineCounts::operator+=(const LineCounts& other) {
  lines += other.lines;
  model += other.model;
  mixed += other.mixed;
  human += other.human;
  unknown += other.unknown;
  return *this;
}

}  // namespace cofferdam::blame
