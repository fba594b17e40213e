#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "ledger/group_internal.h"
#include "ledger/ledger_options.h"
#include "ledger/store_internal.h"
#include "ledger/totals_internal.h"

namespace cofferdam::ledger {

// The ledger's one writer: a bounded queue, the thread that empties it into
// batches, and in SyncMode::kGroup the thread that syncs after it. Everything
// that changes the store goes through here.
class Writer {
 public:
  using CommitDone = std::function<void(Status)>;

  // Starts the threads. `store` and `logger` must outlive it.
  Writer(Store* store, const LedgerOptions& options, const Logger& logger,
         Totals totals, ModelMap models);
  ~Writer();

  // Error: refused, `draft` is untouched and nothing will be called.
  Status Append(PreparedDraft& draft);
  Status Commit(IndexedExchange indexed, CommitDone done);

  bool AcceptsMore() const;
  bool healthy() const { return healthy_.load(std::memory_order_relaxed); }
  Totals totals() const;
  ModelMap models() const;
  // Drafts and bytes that wait.
  std::pair<size_t, size_t> queue() const;
  void SetPendingListener(std::function<void()> listener);

  // Writes what waits, syncs, and ends the threads. The sync's error.
  Status Close();

 private:
  struct Item {
    // One of the two.
    std::optional<PreparedDraft> draft;
    std::optional<IndexedExchange> indexed;
    CommitDone committed;
    // What the draft adds to pending_bytes; taken before it is emptied.
    uint64_t pending_bytes = 0;
  };
  // What one item came to, told once the batch is written.
  struct Answer {
    Item item;
    Result<AppendReceipt> receipt;
  };

  Status Admit(const PreparedDraft& draft) const;
  void Run();
  std::vector<Item> TakeGroup();
  void WriteGroup(std::vector<Item> items);
  Status WriteBatch(Group& group);
  // Drafts are in the queue's sums until they are in totals_.
  void LeaveQueue(const std::vector<Answer>& answers);
  void NoteQueue();  // mutex_ held
  static void Tell(std::vector<Answer>& answers, const Status& written);
  void Publish(const Group& group);
  void Fail(const Error& error);
  void TryRecover();
  void RunSync();
  void NoteUnsynced();

  Store* const store_;
  const LedgerOptions options_;
  const Logger& logger_;

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Item> queue_;
  size_t queue_drafts_ = 0;
  size_t queue_bytes_ = 0;
  size_t queue_pending_bytes_ = 0;
  bool closing_ = false;
  std::atomic<bool> healthy_ = true;

  mutable std::mutex totals_mutex_;
  Totals totals_;
  ModelMap models_;
  // Copies for those who cannot wait.
  std::atomic<bool> queue_full_ = false;
  std::atomic<uint64_t> pending_bytes_;

  std::mutex listener_mutex_;
  std::function<void()> listener_;

  std::mutex sync_mutex_;
  std::condition_variable sync_ready_;
  bool unsynced_ = false;
  bool sync_closing_ = false;
  std::atomic<bool> sync_failed_ = false;

  std::thread writer_;
  std::thread syncer_;
};

}  // namespace cofferdam::ledger
