#include "scan/scan.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/thread_name.h"
#include "evidence/thresholds.h"
#include "fingerprint/index.h"
#include "scan/chunk_scan_internal.h"
#include "scan/journal.h"
#include "scan/pass_store.h"
#include "scan/progress.h"
#include "seal/hash.h"

namespace cofferdam::scan {
namespace {

// A chunk's result with what a journal knows it by.
struct Done {
  ChunkResult result;
  uint64_t shape = 0;
};

// Threads that take chunks from the source, one after the other, and read them.
// Results wait in a ring until all before them were taken.
class Readers {
 public:
  Readers(corpus::Source* source, ScanShared* shared, uint64_t first,
          uint64_t first_shape, size_t threads)
      : source_(*source),
        shared_(*shared),
        ring_(threads * kChunksAheadPerThread),
        first_(first),
        expected_shape_(first_shape),
        taken_(first) {
    for (size_t i = 0; i < threads; ++i)
      threads_.emplace_back([this] { Run(); });
  }
  ~Readers() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      closing_ = true;
    }
    room_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  // The result of the next chunk, in order; none at the end, and none with
  // `*waiting` while it takes longer than kLookMs.
  Result<std::optional<Done>> Take(bool* waiting) {
    std::unique_lock<std::mutex> lock(mutex_);
    std::optional<Done>& slot = ring_[taken_ % ring_.size()];
    auto ready = [&] {
      return slot.has_value() || (ended_ && taken_ >= given_);
    };
    *waiting = !done_.wait_for(lock, std::chrono::milliseconds(kLookMs), ready);
    if (*waiting) return std::optional<Done>();
    if (!slot.has_value()) {
      if (error_) return *error_;
      return std::optional<Done>();
    }
    std::optional<Done> done = std::move(slot);
    slot.reset();
    ++taken_;
    --ready_;
    if (HasNews(*done)) --news_;
    lock.unlock();
    room_.notify_all();
    return done;
  }

  ProgressCounts progress() const {
    return {.bytes_done = bytes_done_, .bytes_total = bytes_total_};
  }
  // After the end.
  std::vector<std::string> notices() const { return source_.notices(); }

 private:
  // The next chunk that has to be read; none when there is no more.
  std::optional<corpus::Chunk> Next() {
    std::lock_guard<std::mutex> turn(source_mutex_);
    for (;;) {
      {
        std::unique_lock<std::mutex> lock(mutex_);
        room_.wait(lock, [&] {
          return closing_ || ended_ || given_ < taken_ + ring_.size();
        });
        if (closing_ || ended_) return std::nullopt;
      }
      Result<std::optional<corpus::Chunk>> chunk = source_.Next();
      bytes_done_ = source_.bytes_done();
      bytes_total_ = source_.bytes_total();
      if (!chunk.ok()) {
        End(std::move(chunk).error());
        return std::nullopt;
      }
      if (!chunk->has_value()) {
        End(seen_ < first_ ? std::optional<Error>(Changed()) : std::nullopt);
        return std::nullopt;
      }
      const bool skipped = seen_++ < first_;
      if (skipped) {
        shape_ = Journal::MixShape(shape_, (*chunk)->shape());
        if (seen_ == first_ && shape_ != expected_shape_) {
          End(Changed());
          return std::nullopt;
        }
        continue;
      }
      std::lock_guard<std::mutex> lock(mutex_);
      ++given_;
      return std::move(*chunk);
    }
  }

  static Error Changed() {
    return Error(Code::kInvalid,
                 "the corpus is not the one that the journal is of; remove the "
                 "journal to begin again");
  }

  void End(std::optional<Error> error) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      ended_ = true;
      error_ = std::move(error);
    }
    done_.notify_all();
    room_.notify_all();
  }

  void Run() {
    SetThreadName("scan");
    ChunkScan scan(&shared_);
    while (std::optional<corpus::Chunk> chunk = Next()) {
      Done done;
      scan.Read(*chunk, &done.result);
      if (!shared_.options.journal.empty() || shared_.several_passes())
        done.shape = chunk->shape();
      const uint64_t number = chunk->number();
      chunk.reset();
      if (Put(number, std::move(done))) done_.notify_one();
    }
  }

  // What somebody may wait to see, which is not so of sums.
  static bool HasNews(const Done& done) {
    return done.result.error.has_value() || !done.result.steps.empty();
  }

  // Whether it is worth waking the taker: of a corpus in which nothing is found
  // it takes many results at once, since waking it stops one of the readers.
  bool Put(uint64_t number, Done done) {
    std::lock_guard<std::mutex> lock(mutex_);
    ++ready_;
    if (HasNews(done)) ++news_;
    ring_[number % ring_.size()] = std::move(done);
    return ring_[taken_ % ring_.size()].has_value() &&
           (news_ > 0 || ended_ || ready_ >= ring_.size() / 2);
  }

  corpus::Source& source_;
  ScanShared& shared_;
  // Held while the source is used, before the other.
  std::mutex source_mutex_;
  uint64_t seen_ = 0;   // chunks that the source gave
  uint64_t shape_ = 0;  // of those that were skipped
  std::mutex mutex_;
  std::condition_variable room_;
  std::condition_variable done_;
  std::vector<std::optional<Done>> ring_;
  const uint64_t first_;
  const uint64_t expected_shape_;
  uint64_t given_ = first_;  // chunks handed to threads
  uint64_t taken_ = 0;       // results taken
  size_t ready_ = 0;         // results in the ring
  size_t news_ = 0;          // those of them that have some
  bool ended_ = false;
  bool closing_ = false;
  std::optional<Error> error_;
  std::atomic<uint64_t> bytes_done_ = 0;
  std::atomic<uint64_t> bytes_total_ = 0;
  std::vector<std::thread> threads_;
};

// Hands on what came of chunks, in order, and adds it up.
class Emitter {
 public:
  Emitter(Sink* sink, ScanReport* report) : sink_(*sink), report_(*report) {}

  void Emit(const ChunkResult& result) {
    for (const ChunkResult::Step& step : result.steps) {
      if (const auto* finding = std::get_if<evidence::Finding>(&step)) {
        report_.verdicts.Add(*finding);
        report_.origins.Add(*finding);
        sink_.OnFinding(*finding);
      } else {
        const auto& passed = std::get<corpus::PassedOver>(step);
        report_.passed_over += std::max<uint64_t>(passed.records, 1);
        sink_.OnPassedOver(passed);
      }
    }
    sums_.Append(result.sums);
  }

  const ChunkCounts& counts() const { return sums_.counts; }

 private:
  Sink& sink_;
  ScanReport& report_;
  ChunkSums sums_;
};

size_t ThreadCount(size_t asked) {
  if (asked > 0) return asked;
  return std::max(1u, std::thread::hardware_concurrency());
}

// Everything that decides what a scan gives, for its journal.
std::string ScanKey(const std::vector<std::string>& paths,
                    const ScanOptions& options,
                    const fingerprint::Index& index) {
  JsonWriter key;
  key.BeginObject().Key("paths").BeginArray();
  for (const std::string& path : paths) key.String(path);
  key.EndArray().Key("fields").BeginArray();
  for (const std::string& field : options.source.fields) key.String(field);
  key.EndArray()
      .Field("revision", options.source.revision)
      .Field("history",
             options.source.revision_scope == corpus::RevisionScope::kHistory)
      .Field("thresholds",
             fmt::format("{:016x}", Hash64(evidence::BuiltInThresholdsText())))
      .Field("purpose", policy::ScanPurposeName(options.judgement.purpose))
      .Field("trains", options.judgement.organisation_trains_models)
      .Field("lines", options.keep_text == evidence::KeepText::kYes)
      .Field("propose", uint64_t{options.propose.candidate_tokens_min})
      .Field("match", uint64_t{options.match.candidate_tokens_min})
      .Key("background")
      .BeginArray();
  for (size_t i = 0; options.background && i < options.background->layers();
       ++i) {
    key.String(fmt::format("{:016x}", options.background->info(i).digest));
  }
  key.EndArray()
      .Field("datasets",
             options.datasets ? options.datasets->version() : std::string())
      .Field("index", fingerprint::FormatManifest(index.manifest()))
      .EndObject();
  return ToHex(seal::Sha256(key.text()));
}

Error Stopped(const ScanOptions& options) {
  return Error(
      Code::kCancelled,
      options.journal.empty()
          ? std::string("stopped")
          : fmt::format("stopped; go on with --resume {}", options.journal));
}

// A scan of one part of the index, or of all of it.
struct Pass {
  size_t number = 0;
  size_t count = 1;
};

// Hands results to `use`, in order, until the end. `progress` fills in what is
// known beside the bytes.
Status TakeAll(Readers* readers, const ScanOptions& options, Pass pass,
               const std::function<void(ProgressCounts*)>& progress,
               const std::function<Status(Done)>& use) {
  for (;;) {
    if (options.stop != nullptr && options.stop->load())
      return Stopped(options);
    bool waiting = false;
    TRY_ASSIGN(std::optional<Done> done, readers->Take(&waiting));
    if (options.progress != nullptr) {
      ProgressCounts counts = readers->progress();
      counts.bytes_done += pass.number * counts.bytes_total;
      counts.bytes_total *= pass.count;
      progress(&counts);
      options.progress->Show(counts);
    }
    if (waiting) continue;
    if (!done) return {};
    if (done->result.error) return *done->result.error;
    TRY(use(*std::move(done)));
  }
}

// A pass that is not the last; `*shape` becomes that of the corpus.
Status Propose(corpus::Source* source, ScanShared* shared, Pass pass,
               PassStore* store, uint64_t* shape) {
  *shape = 0;
  Readers readers(source, shared, 0, 0, ThreadCount(shared->options.threads));
  uint64_t chunk = 0;
  evidence::MatchCounts work;
  TRY(TakeAll(
      &readers, shared->options, pass, [](ProgressCounts*) {},
      [&](Done done) -> Status {
        *shape = Journal::MixShape(*shape, done.shape);
        work += done.result.sums.counts.work;
        return store->Add(chunk++, std::move(done.result.proposed));
      }));
  work.fingerprints = 0;  // the last pass counts them
  store->work += work;
  return {};
}

Status ScanAll(corpus::Source* source, ScanShared* shared, Pass pass,
               uint64_t expected_shape, Journal* journal, Emitter* emitter,
               ScanReport* report) {
  uint64_t shape = journal == nullptr ? 0 : journal->shape();
  Readers readers(source, shared, journal == nullptr ? 0 : journal->chunks(),
                  shape, ThreadCount(shared->options.threads));
  Status status = TakeAll(
      &readers, shared->options, pass,
      [&](ProgressCounts* counts) {
        counts->records = emitter->counts().records;
        counts->findings = report->verdicts.findings();
      },
      [&](Done done) -> Status {
        shape = Journal::MixShape(shape, done.shape);
        emitter->Emit(done.result);
        return journal == nullptr ? Status()
                                  : journal->Add(done.result, done.shape);
      });
  if (!status.ok() && status.error().code() == Code::kCancelled &&
      journal != nullptr) {
    TRY(journal->Close());
  }
  TRY(status);
  if (pass.count > 1 && shape != expected_shape) {
    return Error(Code::kConflict,
                 "the corpus changed while it was scanned, and not all of it "
                 "was compared with all of the index");
  }
  report->notices = readers.notices();
  return {};
}

uint64_t IndexMemory(const ScanOptions& options) {
  if (options.index_memory_bytes > 0) return options.index_memory_bytes;
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || page <= 0) return kIndexMemoryBytesUnknown;
  return static_cast<uint64_t>(pages) * static_cast<uint64_t>(page) / 2;
}

// Runs all passes but the last, which is left in `shared`.
Status ProposeInPasses(const std::vector<std::string>& paths,
                       std::span<const evidence::SegmentSpan> passes,
                       ScanShared* shared, PassStore* store, uint64_t* shape) {
  if (std::ranges::find(paths, "-") != paths.end()) {
    return Error(Code::kInvalid,
                 "the index is larger than --memory, so the corpus is read "
                 "several times, which stdin cannot be; name a file");
  }
  shared->role = ScanShared::Role::kProposes;
  for (size_t i = 0; i + 1 < passes.size(); ++i) {
    TRY_ASSIGN(auto source, corpus::OpenSource(paths, shared->options.source));
    shared->pass = passes[i];
    TRY(Propose(source.get(), shared, {i, passes.size()}, store, shape));
  }
  shared->role = ScanShared::Role::kDecides;
  shared->pass = passes.back();
  shared->earlier = store;
  return {};
}

// What the user should know though nothing failed.
void AddNotices(const ChunkCounts& counts, ScanReport* report) {
  if (counts.textless > 0 && counts.textless * 10 >= counts.records) {
    report->notices.push_back(fmt::format(
        "{} of {} records hold nothing that was taken for a text; name their "
        "fields with --field",
        counts.textless, counts.records));
  }
}

}  // namespace

Result<ScanReport> Scan(const std::vector<std::string>& paths,
                        const ScanOptions& options, Sink* sink) {
  TRY_ASSIGN(fingerprint::Index index,
             fingerprint::Index::Open(options.index_folder));
  TRY_ASSIGN(auto source, corpus::OpenSource(paths, options.source));
  ScanReport report;
  report.covered_sequence = index.covered();
  Emitter emitter(sink, &report);
  std::unique_ptr<Journal> journal;
  if (!options.journal.empty()) {
    TRY_ASSIGN(journal,
               Journal::Open(options.journal, ScanKey(paths, options, index),
                             SystemClock(),
                             [&](ChunkResult done) { emitter.Emit(done); }));
  }
  const auto passes = evidence::PlanPasses(index, IndexMemory(options));
  evidence::RepositoryTables repositories(index);
  ScanShared shared = {.index = index,
                       .options = options,
                       .pass = passes.back(),
                       .repositories = &repositories,
                       .large = {}};
  PassStore store;
  uint64_t shape = 0;
  Status status;
  if (passes.size() > 1)
    status = ProposeInPasses(paths, passes, &shared, &store, &shape);
  if (status.ok()) {
    status = ScanAll(source.get(), &shared, {passes.size() - 1, passes.size()},
                     shape, journal.get(), &emitter, &report);
  }
  if (options.progress != nullptr) options.progress->Clear();
  TRY(status);
  if (journal != nullptr) TRY(journal->Close());
  const ChunkCounts& counts = emitter.counts();
  report.files = counts.files;
  report.records = counts.records;
  report.bytes = counts.bytes;
  report.tokens = counts.tokens;
  report.work = counts.work;
  report.work += store.work;
  if (passes.size() > 1) {
    report.notices.push_back(fmt::format(
        "the index is larger than --memory; the corpus was read {} times",
        passes.size()));
  }
  AddNotices(counts, &report);
  return report;
}

}  // namespace cofferdam::scan
