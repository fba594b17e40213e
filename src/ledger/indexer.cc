#include "ledger/indexer.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
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

}  // namespace

class Indexer::Impl {
 public:
  Impl(Ledger* ledger, const IndexerOptions& options, const Clock& clock,
       Random& random, const Logger& logger)
      : ledger_(ledger),
        options_(options),
        logger_(logger),
        ids_(clock, random),
        sorter_(
            [this](const ClaimDigest& digest) {
              return ledger_->FindClaim(digest, OutputSorter::kHoldersMax);
            },
            [this] { return ids_.Next(); }, options.text_compress_bytes_min) {
    ledger_->SetPendingListener([this] { Wake(); });
    thread_ = std::thread([this] {
      SetThreadName("indexer");
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
    const bool in_time =
        progress_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                           [&] { return stopping_ || done(); });
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
  void Wake() {
    {
      std::lock_guard lock(mutex_);
      woken_ = true;
    }
    wake_ready_.notify_one();
  }

  // False when there was nothing to do, or it failed and is to be tried again.
  Result<bool> IndexNext() {
    TRY_ASSIGN(const auto pending, ledger_->NextPending(0));
    if (!pending) return false;
    TRY_ASSIGN(IndexedExchange indexed, sorter_.Sort(*pending));
    const uint64_t bytes = BytesOf(indexed);
    std::vector<IndexedExchange> batch;
    batch.push_back(std::move(indexed));
    TRY(ledger_->CommitIndexed(std::move(batch)));
    {
      std::lock_guard lock(listener_mutex_);
      if (listener_) listener_(bytes);
    }
    return true;
  }

  void Run() {
    while (true) {
      {
        std::unique_lock lock(mutex_);
        if (stopping_) return;
        woken_ = false;  // what comes from here on wakes again
      }
      const Result<bool> indexed = IndexNext();
      {
        // Taken so that Flush cannot miss it between its look and its wait.
        std::lock_guard lock(mutex_);
      }
      progress_.notify_all();
      Report(indexed.ok() ? Status() : Status(indexed.error()));
      if (indexed.ok() && *indexed) continue;
      std::unique_lock lock(mutex_);
      const auto due = [this] { return stopping_ || woken_; };
      if (indexed.ok()) {
        wake_ready_.wait(lock, due);
      } else {
        wake_ready_.wait_for(lock, std::chrono::milliseconds(options_.retry_ms),
                             [this] { return stopping_; });
      }
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

  std::mutex mutex_;
  std::condition_variable wake_ready_;
  std::condition_variable progress_;
  bool stopping_ = false;
  bool woken_ = false;

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
