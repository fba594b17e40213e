#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <map>

#include "base/thread_name.h"
#include "ledger/keys_internal.h"
#include "ledger/log_internal.h"
#include "ledger/writer_internal.h"

namespace cofferdam::ledger {
namespace {

constexpr auto kRecoverInterval = std::chrono::milliseconds(250);

// About what a record and its entries take in a batch beside its texts.
constexpr size_t kRecordBytes = 2048;

Error Refused() {
  return Error(Code::kUnavailable, "ledger: the disk refuses writes");
}
Error Closed() { return Error(Code::kUnavailable, "ledger: closed"); }

uint64_t PendingBytes(const PreparedDraft& draft) {
  if (draft.texts.empty() && draft.pending_prompt.empty()) return 0;
  return 1 + draft.pending_prompt.size();
}

}  // namespace

Writer::Writer(Store* store, const LedgerOptions& options, const Clock& clock,
               const Logger& logger, Totals totals, ModelMap models,
               seal::CompactTree tree)
    : store_(store),
      options_(options),
      clock_(clock),
      logger_(logger),
      totals_(totals),
      models_(std::move(models)),
      tree_(std::move(tree)),
      pending_bytes_(totals.pending_bytes) {
  writer_ = std::thread([this] {
    SetThreadName("ledger-writer");
    Run();
  });
  if (options_.sync == SyncMode::kGroup) {
    syncer_ = std::thread([this] {
      SetThreadName("ledger-syncer");
      RunSync();
    });
  }
}

Writer::~Writer() { (void)Close(); }

Status Writer::Admit(const PreparedDraft& draft) const {
  if (closing_) return Closed();
  if (!healthy()) return Refused();
  if (queue_drafts_ + 1 > options_.queue_exchanges_max) {
    return Error(
        Code::kExhausted,
        fmt::format("ledger: {} exchanges wait to be written", queue_drafts_));
  }
  // A draft beyond the limit by itself goes when nothing else waits.
  if (queue_drafts_ > 0 &&
      queue_bytes_ + draft.bytes > options_.queue_bytes_max) {
    return Error(
        Code::kExhausted,
        fmt::format("ledger: {} bytes wait to be written", queue_bytes_));
  }
  const uint64_t pending = pending_bytes_.load(std::memory_order_relaxed) +
                           queue_pending_bytes_ + PendingBytes(draft);
  if (pending > options_.pending_bytes_max) {
    return Error(
        Code::kExhausted,
        fmt::format("ledger: pending_bytes_max of {} reached: the indexer is "
                    "behind",
                    options_.pending_bytes_max));
  }
  return {};
}

bool Writer::CallersLead() const {
  // A caller is often an event loop, which no sync of a disk may hold up.
  if (options_.sync == SyncMode::kEach) return false;
  const int64_t now = clock_.SteadyMicros();
  if (now < callers_lead_from_.load(std::memory_order_relaxed)) return false;
  return commits_.empty() ||
         now - commits_.front().since < kCommitWaitMicrosMax;
}

Status Writer::Append(PreparedDraft& draft) {
  bool lead = false;
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    TRY(Admit(draft));
    ++queue_drafts_;
    queue_bytes_ += draft.bytes;
    const uint64_t pending = PendingBytes(draft);
    queue_pending_bytes_ += pending;
    NoteQueue();
    queue_.push_back({std::move(draft), pending});
    // Whoever leads now takes it along. What was queued before is left to the
    // thread, which has been told.
    if (!leading_) {
      lead = queue_.size() == 1 && CallersLead();
      wake = !lead;
      leading_ = lead;
    }
  }
  if (lead) Lead(kCallerRoundsMax);
  if (wake) ready_.notify_one();
  return {};
}

Status Writer::Commit(Change change, CommitDone done) {
  {
    std::lock_guard lock(mutex_);
    if (closing_) return Closed();
    if (!healthy()) return Refused();
    commits_.push_back(
        {std::move(change), std::move(done), clock_.SteadyMicros()});
    if (leading_) return {};
  }
  ready_.notify_one();
  return {};
}

bool Writer::AcceptsMore() const {
  return healthy() && !queue_full_.load(std::memory_order_relaxed) &&
         pending_bytes_.load(std::memory_order_relaxed) <
             options_.pending_bytes_max;
}

Totals Writer::totals() const {
  std::lock_guard lock(totals_mutex_);
  return totals_;
}

ModelMap Writer::models() const {
  std::lock_guard lock(totals_mutex_);
  return models_;
}

std::pair<Totals, seal::CompactTree> Writer::log() const {
  std::lock_guard lock(totals_mutex_);
  return {totals_, tree_};
}

Status Writer::SyncNow() {
  std::lock_guard lock(store_sync_mutex_);
  return store_->Sync();
}

std::pair<size_t, size_t> Writer::queue() const {
  std::lock_guard lock(mutex_);
  return {queue_drafts_, queue_bytes_};
}

void Writer::SetPendingListener(std::function<void()> listener) {
  std::lock_guard lock(listener_mutex_);
  listener_ = std::move(listener);
}

void Writer::Run() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      const auto work = [this] {
        return !queue_.empty() || !commits_.empty() || sync_failed_;
      };
      if (healthy()) {
        ready_.wait(lock, [&] {
          return !leading_ && (closing_ || work() || !healthy());
        });
      }
      if (!healthy()) {
        ready_.wait_for(lock, kRecoverInterval, [this] { return closing_; });
        ready_.wait(lock, [this] { return !leading_; });
      }
      if (closing_ && !work()) return;
      leading_ = true;
    }
    if (sync_failed_.exchange(false)) Fail(Refused());
    if (!healthy()) TryRecover();
    Lead(std::numeric_limits<int>::max());
  }
}

bool Writer::StopLeading(int rounds_left) {
  if (rounds_left > 0 && !queue_.empty()) return false;
  leading_ = false;
  return true;
}

void Writer::Lead(int rounds_max) {
  const bool caller = rounds_max <= kCallerRoundsMax;
  while (true) {
    // The thread takes commits between the groups; what is refused by an
    // unhealthy store is told at once.
    WriteGroup(TakeGroup());
    if (!caller) WriteCommit();
    std::lock_guard lock(mutex_);
    if (caller && !healthy()) rounds_max = 1;
    if (!caller && !commits_.empty()) continue;
    if (!StopLeading(--rounds_max)) continue;
    if (caller && (!queue_.empty() || !commits_.empty() || closing_ ||
                   sync_failed_ || !healthy())) {
      ready_.notify_one();
    }
    return;
  }
}

std::vector<Writer::Item> Writer::TakeGroup() {
  std::vector<Item> items;
  std::lock_guard lock(mutex_);
  size_t bytes = 0;
  while (!queue_.empty() && items.size() < options_.group_exchanges_max) {
    const size_t more = queue_.front().draft.bytes;
    if (!items.empty() && bytes + more > options_.group_bytes_max) break;
    bytes += more;
    items.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return items;
}

void Writer::WriteGroup(std::vector<Item> items) {
  if (items.empty()) return;
  // Only who leads changes totals_ and models_: reading needs no lock.
  size_t bytes = 0;
  for (const Item& item : items) bytes += kRecordBytes + item.draft.bytes;
  Group group(*store_, totals_, models_, tree_, *options_.random, bytes);
  Status written = healthy() ? Status() : Refused();
  std::vector<Answer> answers;
  answers.reserve(items.size());
  for (Item& item : items) {
    Result<AppendReceipt> receipt = Refused();
    if (written.ok()) receipt = group.Add(item.draft);
    answers.push_back({std::move(item), std::move(receipt)});
  }
  if (written.ok()) written = WriteBatch(group);
  LeaveQueue(answers);
  Tell(answers, written);
  if (written.ok() && group.added_pending()) TellPending();
}

void Writer::WriteCommit() {
  CommitItem commit;
  {
    std::lock_guard lock(mutex_);
    if (commits_.empty()) return;
    commit = std::move(commits_.front());
    commits_.pop_front();
  }
  Status written = healthy() ? Status() : Refused();
  if (written.ok()) {
    Group group(*store_, totals_, models_, tree_, *options_.random,
                kRecordBytes);
    written = commit.change(group);
    if (written.ok()) written = WriteBatch(group);
  }
  commit.done(std::move(written));
}

Status Writer::WriteBatch(Group& group) {
  const auto durability = options_.sync == SyncMode::kEach ? Durability::kOnDisk
                                                           : Durability::kInOs;
  Result<Batch> batch = group.Finish();
  const int64_t begin = clock_.SteadyMicros();
  const Status written = batch.ok()
                             ? store_->Write(*std::move(batch), durability)
                             : Status(batch.error());
  const int64_t end = clock_.SteadyMicros();
  if (end - begin > options_.slow_write_micros) {
    callers_lead_from_.store(end + options_.slow_write_pause_ms * 1000,
                             std::memory_order_relaxed);
  }
  if (written.ok()) {
    Publish(group);
  } else {
    Fail(written.error());
  }
  return written;
}

void Writer::LeaveQueue(const std::vector<Answer>& answers) {
  std::lock_guard lock(mutex_);
  for (const Answer& answer : answers) {
    --queue_drafts_;
    queue_bytes_ -= answer.item.draft.bytes;
    queue_pending_bytes_ -= answer.item.pending_bytes;
  }
  NoteQueue();
}

void Writer::Tell(std::vector<Answer>& answers, const Status& written) {
  for (Answer& answer : answers) {
    if (!written.ok()) answer.receipt = written.error();
    answer.item.draft.done(std::move(answer.receipt));
  }
}

void Writer::TellPending() {
  std::lock_guard lock(listener_mutex_);
  if (listener_) listener_();
}

void Writer::NoteQueue() {
  queue_full_.store(queue_drafts_ >= options_.queue_exchanges_max ||
                        queue_bytes_ >= options_.queue_bytes_max,
                    std::memory_order_relaxed);
}

void Writer::Publish(const Group& group) {
  {
    std::lock_guard lock(totals_mutex_);
    totals_ = group.totals();
    tree_ = group.tree();
    for (const auto& [name, totals] : group.models_changed()) {
      models_[name] = totals;
    }
  }
  pending_bytes_.store(group.totals().pending_bytes, std::memory_order_relaxed);
  NoteUnsynced();
}

void Writer::Fail(const Error& error) {
  if (!healthy_.exchange(false)) return;
  logger_.Error("ledger_write_failed", {{"error", error.message()}});
}

void Writer::TryRecover() {
  const Status recovered = store_->Recover();
  if (!recovered.ok()) return;
  // What failed may have stayed in part or whole, so the store says what
  // there is; a write then shows whether the disk takes more.
  Result<Totals> totals = ReadTotals(*store_);
  Result<ModelMap> models = ReadModels(*store_);
  if (!totals.ok() || !models.ok()) return;
  Result<seal::CompactTree> tree = ReadTree(*store_, totals->leaves);
  if (!tree.ok()) return;
  Batch probe(*store_);
  probe.Put(Family::kMeta, kTotalsKey, TotalsToJson(*totals));
  if (!store_->Write(std::move(probe), Durability::kOnDisk).ok()) return;
  {
    std::lock_guard lock(totals_mutex_);
    totals_ = *totals;
    models_ = *std::move(models);
    tree_ = *std::move(tree);
  }
  pending_bytes_.store(totals->pending_bytes, std::memory_order_relaxed);
  healthy_.store(true);
  logger_.Info(
      "ledger_recovered",
      {{"last_sequence", static_cast<int64_t>(totals->last_sequence)}});
  TellPending();
}

void Writer::NoteUnsynced() {
  if (options_.sync != SyncMode::kGroup) return;
  {
    std::lock_guard lock(sync_mutex_);
    if (unsynced_) return;
    unsynced_ = true;
  }
  sync_ready_.notify_one();
}

void Writer::RunSync() {
  // Half the interval to gather, the other half for the disk.
  const auto gather =
      std::chrono::microseconds(options_.sync_interval_ms * 1000 / 2);
  while (true) {
    {
      std::unique_lock lock(sync_mutex_);
      sync_ready_.wait(lock, [this] { return unsynced_ || sync_closing_; });
      sync_ready_.wait_for(lock, gather, [this] { return sync_closing_; });
      if (sync_closing_) return;  // Close syncs once more
      unsynced_ = false;
    }
    const Status synced = SyncNow();
    if (synced.ok() || !healthy()) continue;
    logger_.Error("ledger_sync_failed", {{"error", synced.error().message()}});
    {
      std::lock_guard lock(mutex_);
      sync_failed_ = true;
    }
    ready_.notify_one();
  }
}

Status Writer::Close() {
  {
    std::lock_guard lock(mutex_);
    if (closing_) return {};
    closing_ = true;
  }
  ready_.notify_one();
  writer_.join();
  {
    std::lock_guard lock(sync_mutex_);
    sync_closing_ = true;
  }
  sync_ready_.notify_one();
  if (syncer_.joinable()) syncer_.join();
  return SyncNow();
}

}  // namespace cofferdam::ledger
