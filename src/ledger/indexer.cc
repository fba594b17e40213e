#include "ledger/indexer.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <limits>
#include <map>
#include <mutex>
#include <thread>

#include "base/thread_name.h"
#include "base/ulid.h"
#include "ledger/output_sorter_internal.h"

namespace cofferdam::ledger {
namespace {

uint64_t BytesOf(const std::vector<IndexedPart>& parts) {
  uint64_t bytes = 0;
  for (const IndexedPart& part : parts) {
    bytes += part.stream.size() + part.postings.size();
  }
  return bytes;
}

uint64_t BytesOf(const IndexedExchange& indexed) {
  uint64_t bytes = BytesOf(indexed.indexed);
  for (const ClaimedTurn& turn : indexed.claimed) {
    bytes += BytesOf(turn.indexed);
  }
  return bytes;
}

// Requests come first: this thread takes the processor from no other when it
// wakes, and gets a tenth of one that is busy, which is still enough to keep
// up. Where the system does not allow it, all stays as it is.
void GiveWay() {
  const sched_param none{};
  (void)sched_setscheduler(0, SCHED_BATCH, &none);
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 10);
}

}  // namespace

class Indexer::Impl {
 public:
  Impl(Ledger* ledger, const IndexerOptions& options, const Clock& clock,
       Random& random, const Logger& logger)
      : ledger_(ledger),
        options_(options),
        logger_(logger),
        ids_(clock, random),
        sorter_([this](const ClaimDigest& digest) { return FindClaim(digest); },
                [this] { return ids_.Next(); }, options, random) {
    ledger_->SetPendingListener([this] { Wake(); });
    thread_ = std::thread([this] {
      SetThreadName("indexer");
      GiveWay();
      Run();
    });
  }

  ~Impl() { Stop(); }

  void Stop() {
    {
      std::lock_guard lock(mutex_);
      if (stopping_) return;
      stopping_ = true;
    }
    ledger_->SetPendingListener({});
    wake_ready_.notify_all();
    progress_.notify_all();
    thread_.join();
  }

  Status Flush(uint64_t sequence, int64_t timeout_ms) {
    std::unique_lock lock(mutex_);
    const auto done = [&] { return ledger_->indexed_through() >= sequence; };
    ++flushing_;
    wake_ready_.notify_all();
    const bool in_time =
        progress_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                           [&] { return stopping_ || done(); });
    --flushing_;
    if (done()) return {};
    if (!in_time) {
      return Error(Code::kDeadline,
                   "index: exchange " + std::to_string(sequence) +
                       " is not indexed yet, only those up to " +
                       std::to_string(ledger_->indexed_through()));
    }
    return Error(Code::kCancelled, "index: the indexer stops");
  }

  void SetListener(std::function<void(uint64_t)> listener) {
    std::lock_guard lock(listener_mutex_);
    listener_ = std::move(listener);
  }

 private:
  // By who appends: costs nothing while the thread is awake.
  void Wake() {
    if (woken_.exchange(true)) return;
    {
      std::lock_guard lock(mutex_);
    }
    wake_ready_.notify_one();
  }

  Result<std::vector<ClaimHolder>> FindClaim(const ClaimDigest& digest) {
    TRY_ASSIGN(auto holders,
               ledger_->FindClaim(digest, OutputSorter::kHoldersMax));
    const auto fresh = uncommitted_.find(digest);
    if (fresh != uncommitted_.end() &&
        holders.size() < OutputSorter::kHoldersMax) {
      holders.push_back(fresh->second);
    }
    return holders;
  }

  bool Stopping() {
    std::lock_guard lock(mutex_);
    return stopping_;
  }

  // What a claimed turn holds is known to the exchanges after it, though it is
  // not in the ledger before the batch is.
  void NoteClaims(const IndexedExchange& indexed) {
    for (const ClaimedTurn& turn : indexed.claimed) {
      for (const auto& claim : turn.claims) {
        if (!claim) continue;
        uncommitted_.try_emplace(
            *claim, ClaimHolder{std::numeric_limits<uint64_t>::max(),
                                turn.exchange.origin.contract});
      }
    }
  }

  // False when there was nothing to do; an error is to be tried again.
  Result<bool> IndexSome() {
    TRY_ASSIGN(const auto pending,
               ledger_->ReadPending(0, {options_.batch_exchanges_max,
                                        options_.batch_prompt_bytes_max}));
    std::vector<IndexedExchange> batch;
    uint64_t bytes = 0;
    uncommitted_.clear();
    for (const PendingExchange& one : pending) {
      if (Stopping()) return false;
      TRY_ASSIGN(IndexedExchange indexed, sorter_.Sort(one));
      bytes += BytesOf(indexed);
      NoteClaims(indexed);
      batch.push_back(std::move(indexed));
    }
    if (batch.empty()) return false;
    TRY(ledger_->CommitIndexed(std::move(batch)));
    std::lock_guard lock(listener_mutex_);
    if (listener_) listener_(bytes);
    return true;
  }

  // Waits until there may be something to do; false when it is to stop.
  bool Rest(const Result<bool>& last) {
    std::unique_lock lock(mutex_);
    const auto stop = [this] { return stopping_; };
    if (!last.ok()) {
      wake_ready_.wait_for(lock, std::chrono::milliseconds(options_.retry_ms),
                           stop);
    } else if (!*last) {
      wake_ready_.wait(lock, [this] { return stopping_ || woken_; });
      wake_ready_.wait_for(lock, std::chrono::milliseconds(options_.gather_ms),
                           [this] { return stopping_ || flushing_ > 0; });
    }
    return !stopping_;
  }

  void Run() {
    Result<bool> indexed = true;
    while (Rest(indexed)) {
      woken_ = false;  // what comes from here on wakes again
      indexed = IndexSome();
      {
        // Taken so that Flush cannot miss it between its look and its wait.
        std::lock_guard lock(mutex_);
      }
      progress_.notify_all();
      Report(indexed.ok() ? Status() : Status(indexed.error()));
    }
  }

  // Says a failure once, not at every try.
  void Report(const Status& status) {
    const std::string message = status.ok() ? "" : status.error().message();
    if (message != reported_ && !status.ok()) {
      logger_.Error("indexing_failed", {{"error", message}});
    }
    reported_ = message;
  }

  Ledger* const ledger_;
  const IndexerOptions options_;
  const Logger& logger_;
  UlidGenerator ids_;
  OutputSorter sorter_;
  std::string reported_;
  // Claims of the batch at hand.
  std::map<ClaimDigest, ClaimHolder> uncommitted_;

  std::mutex mutex_;
  std::condition_variable wake_ready_;
  std::condition_variable progress_;
  bool stopping_ = false;
  int flushing_ = 0;
  std::atomic<bool> woken_ = false;

  std::mutex listener_mutex_;
  std::function<void(uint64_t)> listener_;

  std::thread thread_;
};

Indexer::Indexer(Ledger* ledger, IndexerOptions options, const Clock& clock,
                 Random& random, const Logger& logger)
    : impl_(std::make_unique<Impl>(ledger, options, clock, random, logger)) {}
Indexer::~Indexer() = default;

Status Indexer::Flush(uint64_t sequence, int64_t timeout_ms) {
  return impl_->Flush(sequence, timeout_ms);
}
void Indexer::SetListener(std::function<void(uint64_t bytes)> listener) {
  impl_->SetListener(std::move(listener));
}
void Indexer::Stop() { impl_->Stop(); }

}  // namespace cofferdam::ledger
