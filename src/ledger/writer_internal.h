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

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "ledger/group_internal.h"
#include "ledger/ledger_options.h"
#include "ledger/store_internal.h"
#include "ledger/totals_internal.h"
#include "seal/merkle.h"

namespace cofferdam::ledger {

// Everything that changes the store goes through here: a bounded queue, and
// whoever leads writes what is in it as one batch. One thread leads at a time:
// the one that appended while nobody did, for a few rounds, so that an append
// costs no change of threads; else the writer's own. That one also leads while
// the disk is slow, when each batch is synced, for what the indexer commits
// (whose thread may run at a low priority and must not hold up the others),
// and to recover. In SyncMode::kGroup another thread syncs after them.
class Writer {
 public:
  using CommitDone = std::function<void(Status)>;

  // Batches that a caller writes before it hands what is left to the thread.
  static constexpr int kCallerRoundsMax = 4;
  // After this long a commit goes before all that is appended from then on.
  static constexpr int64_t kCommitWaitMicrosMax = 20'000;

  // Starts the threads. The others must outlive it.
  Writer(Store* store, const LedgerOptions& options, const Clock& clock,
         const Logger& logger, Totals totals, ModelMap models,
         seal::CompactTree tree);
  ~Writer();

  // Error: refused, `draft` is untouched and nothing will be called. May write
  // it, and what others append meanwhile, and call their `done`.
  Status Append(PreparedDraft& draft);
  // One batch of what `change` adds to it. Both are called on the writer's
  // thread, `done` once the batch is written.
  using Change = std::function<Status(Group&)>;
  Status Commit(Change change, CommitDone done);

  bool AcceptsMore() const;
  bool healthy() const { return healthy_.load(std::memory_order_relaxed); }
  Totals totals() const;
  ModelMap models() const;
  // The counters and the log as they stood at one moment.
  std::pair<Totals, seal::CompactTree> log() const;
  // Everything that was acknowledged is on the disk when this returns.
  Status SyncNow();
  // Drafts and bytes that wait.
  std::pair<size_t, size_t> queue() const;
  void SetPendingListener(std::function<void()> listener);

  // Writes what waits, syncs, and ends the threads. The sync's error.
  Status Close();

 private:
  struct Item {
    PreparedDraft draft;
    // What it adds to pending_bytes; taken before it is emptied.
    uint64_t pending_bytes = 0;
  };
  // What one item came to, told once the batch is written.
  struct Answer {
    Item item;
    Result<AppendReceipt> receipt;
  };
  struct CommitItem {
    Change change;
    CommitDone done;
    int64_t since = 0;  // SteadyMicros
  };

  Status Admit(const PreparedDraft& draft) const;
  // Whether the calling thread may write what it appends. mutex_ held.
  bool CallersLead() const;
  void Run();
  // Writes rounds until nothing is queued, or `rounds_max`; `leading_` must be
  // this thread's and is given back.
  void Lead(int rounds_max);
  // True when there is nothing more for this leader. mutex_ held.
  bool StopLeading(int rounds_left);
  std::vector<Item> TakeGroup();
  void WriteGroup(std::vector<Item> items);
  void WriteCommit();
  Status WriteBatch(Group& group);
  // Drafts are in the queue's sums until they are in totals_.
  void LeaveQueue(const std::vector<Answer>& answers);
  void NoteQueue();  // mutex_ held
  static void Tell(std::vector<Answer>& answers, const Status& written);
  void TellPending();
  void Publish(const Group& group);
  void Fail(const Error& error);
  void TryRecover();
  void RunSync();
  void NoteUnsynced();

  Store* const store_;
  const LedgerOptions options_;
  const Clock& clock_;
  const Logger& logger_;

  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Item> queue_;
  std::deque<CommitItem> commits_;
  // Somebody writes, and alone may touch the store's contents and totals_.
  bool leading_ = false;
  size_t queue_drafts_ = 0;
  size_t queue_bytes_ = 0;
  size_t queue_pending_bytes_ = 0;
  bool closing_ = false;
  std::atomic<bool> healthy_ = true;
  // SteadyMicros: callers do not write before.
  std::atomic<int64_t> callers_lead_from_ = 0;

  mutable std::mutex totals_mutex_;
  Totals totals_;
  ModelMap models_;
  seal::CompactTree tree_;
  // Copies for those who cannot wait.
  std::atomic<bool> queue_full_ = false;
  std::atomic<uint64_t> pending_bytes_;

  std::mutex listener_mutex_;
  std::function<void()> listener_;

  std::mutex store_sync_mutex_;
  std::mutex sync_mutex_;
  std::condition_variable sync_ready_;
  bool unsynced_ = false;
  bool sync_closing_ = false;
  std::atomic<bool> sync_failed_ = false;

  std::thread writer_;
  std::thread syncer_;
};

}  // namespace cofferdam::ledger
