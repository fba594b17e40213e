#include "scan/scan.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <variant>

#include "fingerprint/index.h"
#include "fingerprint/language.h"
#include "fingerprint/lex.h"

namespace cofferdam::scan {
namespace {

using corpus::Document;
using corpus::PassedOver;

// A step of the walk and what came of it.
struct Step {
  std::variant<Document, PassedOver> found;
  bool done = false;

  std::vector<evidence::Finding> findings;
  uint64_t bytes = 0;
  uint64_t tokens = 0;
  evidence::MatchCounts work;
  std::optional<Error> error;
};

// What all threads share.
struct Shared {
  const fingerprint::Index& index;
  const ScanOptions& options;
  std::mutex large;  // held while a large document is in memory
};

// Scans one document after the other; one per thread.
class Reader {
 public:
  explicit Reader(Shared* shared)
      : shared_(*shared),
        matcher_(shared->index, nullptr, shared->options.match) {}

  // Sets everything of `step` but `done`.
  void Read(Step* step) {
    const Document& document = std::get<Document>(step->found);
    std::optional<PassedOver> passed =
        ReadDocument(document, shared_.options.tree.text, &bytes_);
    if (passed) {
      step->found = *std::move(passed);
      return;
    }
    if (bytes_.size() <= kLargeDocumentBytes) {
      Match(document, step);
      return;
    }
    std::lock_guard<std::mutex> lock(shared_.large);
    Match(document, step);
    tokens_ = fingerprint::TokenStream();
    bytes_ = std::string();
  }

 private:
  void Match(const Document& document, Step* step) {
    auto language = fingerprint::LanguageOfPath(document.path);
    if (language == fingerprint::Language::kGeneral)
      language = fingerprint::GuessLanguage(bytes_);
    fingerprint::Lex(bytes_, language, &tokens_);
    step->bytes = bytes_.size();
    step->tokens = tokens_.size();
    auto matches = matcher_.Find(tokens_, language, &step->work);
    if (!matches.ok()) {
      step->error = std::move(matches).error();
      return;
    }
    if (matches->empty()) return;
    evidence::DocumentPlace place = {.path = document.path};
    if (document.repository != nullptr) {
      place.repository = document.repository->remote;
      place.path_in_repository = document.path_in_repository;
    }
    auto findings =
        MakeFindings(shared_.index, *std::move(matches),
                     {.tokens = tokens_,
                      .text = bytes_,
                      .language = language,
                      .place = place},
                     shared_.options.judgement, shared_.options.keep_text);
    if (findings.ok()) {
      step->findings = *std::move(findings);
    } else {
      step->error = std::move(findings).error();
    }
  }

  Shared& shared_;
  evidence::Matcher matcher_;
  std::string bytes_;
  fingerprint::TokenStream tokens_;
};

// Threads that read the steps given to them.
class Readers {
 public:
  Readers(Shared* shared, size_t threads) {
    for (size_t i = 0; i < threads; ++i)
      threads_.emplace_back([this, shared] { Run(shared); });
  }
  ~Readers() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      closing_ = true;
    }
    given_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  // `step` stays the caller's and must live until Wait has returned for it or
  // this object is gone.
  void Give(Step* step) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      waiting_.push_back(step);
    }
    given_.notify_one();
  }

  void Wait(const Step& step) {
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [&] { return step.done; });
  }

 private:
  void Run(Shared* shared) {
    Reader reader(shared);
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      given_.wait(lock, [&] { return closing_ || !waiting_.empty(); });
      if (closing_) return;
      Step* step = waiting_.front();
      waiting_.pop_front();
      lock.unlock();
      reader.Read(step);
      lock.lock();
      step->done = true;
      done_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable given_;
  std::condition_variable done_;
  std::deque<Step*> waiting_;
  bool closing_ = false;
  std::vector<std::thread> threads_;
};

// Hands on what came of a step.
Status Emit(const Step& step, Sink* sink, ScanReport* report) {
  if (step.error) return *step.error;
  if (const auto* passed = std::get_if<PassedOver>(&step.found)) {
    ++report->passed_over;
    sink->OnPassedOver(*passed);
    return {};
  }
  ++report->files;
  ++report->records;
  report->bytes += step.bytes;
  report->tokens += step.tokens;
  report->work += step.work;
  for (const evidence::Finding& finding : step.findings) {
    report->verdicts.Add(finding);
    report->origins.Add(finding);
    sink->OnFinding(finding);
  }
  return {};
}

size_t ThreadCount(size_t asked) {
  if (asked > 0) return asked;
  return std::max(1u, std::thread::hardware_concurrency());
}

Status ScanAll(corpus::TreeWalk* walk, Shared* shared, Sink* sink,
               ScanReport* report) {
  // Outlives the threads, which may still write to it after an error.
  std::deque<std::unique_ptr<Step>> ahead;
  Readers readers(shared, ThreadCount(shared->options.threads));
  bool more = true;
  while (more || !ahead.empty()) {
    while (more && ahead.size() < kDocumentsAheadMax) {
      auto found = walk->Next();
      more = found.has_value();
      if (!more) break;
      ahead.push_back(std::make_unique<Step>());
      Step* step = ahead.back().get();
      step->found = *std::move(found);
      step->done = std::holds_alternative<PassedOver>(step->found);
      if (!step->done) readers.Give(step);
    }
    if (ahead.empty()) break;
    readers.Wait(*ahead.front());
    TRY(Emit(*ahead.front(), sink, report));
    ahead.pop_front();
  }
  return {};
}

}  // namespace

Result<ScanReport> Scan(const std::vector<std::string>& paths,
                        const ScanOptions& options, Sink* sink) {
  TRY_ASSIGN(fingerprint::Index index,
             fingerprint::Index::Open(options.index_folder));
  TRY_ASSIGN(corpus::TreeWalk walk,
             corpus::TreeWalk::Open(paths, options.tree));
  ScanReport report;
  report.covered_sequence = index.covered();
  Shared shared = {.index = index, .options = options, .large = {}};
  TRY(ScanAll(&walk, &shared, sink, &report));
  report.notices = walk.notices();
  return report;
}

}  // namespace cofferdam::scan
