#include "ledger/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <mutex>
#include <tuple>

#include "base/encoding.h"
#include "ledger/group_internal.h"
#include "ledger/keys_internal.h"
#include "ledger/log_internal.h"
#include "ledger/outcomes_internal.h"
#include "ledger/pending_internal.h"
#include "ledger/purge_internal.h"
#include "ledger/store_internal.h"
#include "ledger/totals_internal.h"
#include "ledger/verify_internal.h"
#include "ledger/writer_internal.h"

namespace cofferdam::ledger {
namespace {

// Records that Scan reads at a time, and the store is not held while the
// visitor looks at them.
constexpr size_t kScanChunk = 256;

}  // namespace

class Ledger::Impl {
 public:
  Impl(std::unique_ptr<Store> store, const LedgerOptions& options,
       const Clock& clock, const Logger& logger, const Totals& totals,
       ModelMap models, seal::CompactTree tree)
      : store_(std::move(store)),
        options_(options),
        clock_(clock),
        writer_(store_.get(), options, clock, logger, totals, std::move(models),
                std::move(tree)) {}

  Store& store() { return *store_; }
  const Store& store() const { return *store_; }
  const LedgerOptions& options() const { return options_; }
  const Clock& clock() const { return clock_; }
  Writer& writer() { return writer_; }
  const Writer& writer() const { return writer_; }

  Status Close() {
    std::lock_guard lock(close_mutex_);
    if (closed_) return {};
    closed_ = true;
    const Status written = writer_.Close();
    const Status closed = store_->Close();
    return written.ok() ? closed : written;
  }

  Result<std::vector<Exchange>> Read(uint64_t from, size_t limit) const {
    std::vector<Exchange> records;
    std::optional<Error> wrong;
    TRY(store_->Scan(Family::kExchange, SequenceKey(from),
                     [&](std::string_view, std::string_view value) {
                       if (records.size() == limit) return false;
                       Result<Exchange> record = FromJson(value);
                       if (record.ok()) {
                         records.push_back(*std::move(record));
                       } else {
                         wrong = record.error();
                       }
                       return !wrong;
                     }));
    if (wrong) return *std::move(wrong);
    return records;
  }

 private:
  const std::unique_ptr<Store> store_;
  const LedgerOptions options_;
  const Clock& clock_;
  Writer writer_;
  std::mutex close_mutex_;
  bool closed_ = false;
};

Ledger::Ledger(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Ledger::~Ledger() { (void)Close(); }

Result<std::unique_ptr<Ledger>> Ledger::Open(const std::string& folder,
                                             LedgerOptions options,
                                             const Clock& clock,
                                             const Logger& logger) {
  const auto within = [&folder](const Error& error) {
    return error.Within("open ledger " + folder);
  };
  Result<std::unique_ptr<Store>> store = Store::Open(folder, options);
  if (!store.ok()) return within(store.error());
  Result<Totals> totals = ReadTotals(**store);
  if (!totals.ok()) return within(totals.error());
  Result<ModelMap> models = ReadModels(**store);
  if (!models.ok()) return within(models.error());
  // The counters are written with the records; where they disagree, something
  // took records away or put them there.
  uint64_t last = 0;
  const Status read = (*store)->ScanBack(
      Family::kExchange, [&last](std::string_view key, std::string_view) {
        last = SequenceOfKey(key).value_or(0);
        return false;
      });
  if (!read.ok()) return within(read.error());
  if (last != totals->last_sequence) {
    return within(
        Error(Code::kCorrupt, fmt::format("ends with exchange {}, should be {}",
                                          last, totals->last_sequence)));
  }
  const Status taken_in =
      TakeInOlderRecords(store->get(), *options.random, &*totals);
  if (!taken_in.ok()) return within(taken_in.error());
  Result<seal::CompactTree> tree = ReadTree(**store, totals->leaves);
  if (!tree.ok()) return within(tree.error());
  return std::unique_ptr<Ledger>(new Ledger(
      std::make_unique<Impl>(*std::move(store), options, clock, logger, *totals,
                             *std::move(models), *std::move(tree))));
}

void Ledger::Append(ExchangeDraft draft, AppendDone done) {
  Result<PreparedDraft> prepared = Prepare(std::move(draft), impl_->options());
  if (!prepared.ok()) return done(prepared.error());
  prepared->done = std::move(done);
  const Status admitted = impl_->writer().Append(*prepared);
  if (!admitted.ok()) prepared->done(admitted.error());
}

Result<AppendReceipt> Ledger::AppendSync(ExchangeDraft draft) {
  std::promise<Result<AppendReceipt>> promise;
  auto receipt = promise.get_future();
  Append(std::move(draft), [&promise](Result<AppendReceipt> result) {
    promise.set_value(std::move(result));
  });
  return receipt.get();
}

bool Ledger::AcceptsMore() const { return impl_->writer().AcceptsMore(); }

Result<Exchange> Ledger::Get(const Ulid& id) const {
  TRY_ASSIGN(const auto value, impl_->store().Get(Family::kId, IdKey(id)));
  if (!value) {
    return Error(Code::kNotFound,
                 fmt::format("exchange {}: not in the ledger", id.ToString()));
  }
  TRY_ASSIGN(const auto sequences, ReadSequences(*value));
  return GetBySequence(sequences.front());
}

Result<Exchange> Ledger::GetBySequence(uint64_t sequence) const {
  TRY_ASSIGN(const auto value,
             impl_->store().Get(Family::kExchange, SequenceKey(sequence)));
  if (!value) {
    return Error(Code::kNotFound,
                 fmt::format("exchange {}: not in the ledger", sequence));
  }
  return FromJson(*value);
}

Status Ledger::Scan(uint64_t from, size_t limit,
                    const std::function<bool(const Exchange&)>& visitor) const {
  while (limit > 0) {
    const size_t chunk = std::min(limit, kScanChunk);
    TRY_ASSIGN(const auto records, impl_->Read(from, chunk));
    for (const Exchange& record : records) {
      if (!visitor(record)) return {};
    }
    if (records.size() < chunk) return {};
    limit -= chunk;
    from = records.back().sequence + 1;
  }
  return {};
}

Status Ledger::ScanMerges(
    uint64_t from, size_t limit,
    const std::function<bool(const MergedRecord&)>& visitor) const {
  std::vector<MergedRecord> merges;
  std::optional<Error> wrong;
  TRY(impl_->store().Scan(Family::kMeta, MergeKey(from),
                          [&](std::string_view key, std::string_view value) {
                            if (merges.size() == limit ||
                                !key.starts_with(kMergePrefix)) {
                              return false;
                            }
                            Result<MergedRecord> merged = MergeFromJson(value);
                            if (merged.ok()) {
                              merges.push_back(*std::move(merged));
                            } else {
                              wrong = merged.error();
                            }
                            return !wrong;
                          }));
  if (wrong) return *std::move(wrong);
  for (const MergedRecord& merged : merges) {
    if (!visitor(merged)) return {};
  }
  return {};
}

Result<std::vector<Exchange>> Ledger::ListLast(size_t n) const {
  if (n == 0) return std::vector<Exchange>();
  // Dense numbers: the last n begin n before the end.
  const uint64_t last = last_sequence();
  return impl_->Read(last >= n ? last - n + 1 : 1, n);
}

Result<std::string> Ledger::PartText(uint64_t sequence, size_t part) const {
  TRY_ASSIGN(const Exchange exchange, GetBySequence(sequence));
  if (part >= exchange.parts.size()) {
    return Error(Code::kNotFound,
                 fmt::format("exchange {}: has {} parts, no number {}",
                             sequence, exchange.parts.size(), part));
  }
  TRY_ASSIGN(
      const auto value,
      impl_->store().Get(Family::kText,
                         PartKey(sequence, static_cast<uint16_t>(part))));
  if (!value) {
    return Error(
        Code::kNotFound,
        fmt::format("exchange {} part {}: text is not kept", sequence, part));
  }
  return ReadText(*value, exchange.parts[part].bytes);
}

uint64_t Ledger::last_sequence() const {
  return impl_->writer().totals().last_sequence;
}

uint64_t Ledger::indexed_through() const {
  return impl_->writer().totals().indexed_through;
}

LedgerStats Ledger::Stats() const {
  const Totals totals = impl_->writer().totals();
  LedgerStats stats;
  stats.last_sequence = totals.last_sequence;
  stats.exchanges = totals.exchanges;
  stats.claimed = totals.claimed;
  stats.outputs = totals.outputs;
  stats.parts = totals.parts;
  stats.part_bytes = totals.part_bytes;
  stats.merged = totals.merged;
  stats.indexed_through = totals.indexed_through;
  stats.pending_exchanges = totals.pending_exchanges;
  stats.pending_bytes = totals.pending_bytes;
  std::tie(stats.queue_exchanges, stats.queue_bytes) = impl_->writer().queue();
  stats.healthy = impl_->writer().healthy();
  if (totals.pending_exchanges > 0) {
    // The one after the watermark is the first that waits.
    const auto oldest = GetBySequence(totals.indexed_through + 1);
    if (oldest.ok()) {
      stats.lag_micros = std::max<int64_t>(
          0, impl_->clock().WallMicros() -
                 std::max(oldest->times.received, oldest->times.finished));
    }
  }
  for (const auto& [name, model] : impl_->writer().models()) {
    stats.models.push_back({name.first, name.second, model.exchanges,
                            model.reported, model.estimated});
  }
  return stats;
}

Result<seal::TreeHead> Ledger::LogHead() {
  const seal::CompactTree tree = impl_->writer().log().second;
  TRY(impl_->writer().SyncNow());
  return tree.head();
}

Result<LogReport> Ledger::VerifyLog(const LogQuestion& question) const {
  const auto [totals, tree] = impl_->writer().log();
  return CheckLog(impl_->store(), question, totals.last_sequence, tree);
}

Result<PurgeReport> Ledger::Purge(const PurgeRequest& request,
                                  std::string_view audit) {
  return PurgeRecords(request, audit, &impl_->store(), &impl_->writer());
}

Result<OutcomeReceipt> Ledger::RecordOutcomes(
    const OutcomeStatement& statement) {
  return RecordStatement(statement, impl_->store(), &impl_->writer());
}

Status Ledger::ScanOutcomes(
    const std::function<bool(const CommitOutcome&)>& visitor) const {
  return ScanCommitOutcomes(impl_->store(), visitor);
}

Result<std::vector<OutcomeHead>> Ledger::OutcomeHeads() const {
  return ReadOutcomeHeads(impl_->store());
}

Result<std::string> Ledger::AuthorId(std::string_view address) {
  return MakeAuthorId(address, impl_->store(), &impl_->writer(),
                      *impl_->options().random);
}

Status Ledger::Close() { return impl_->Close(); }

Result<std::vector<PendingExchange>> Ledger::ReadPending(
    uint64_t after, const PendingLimits& limits) const {
  return ReadPendingExchanges(impl_->store(),
                              std::max(after, indexed_through()) + 1, limits);
}

Result<std::vector<ClaimHolder>> Ledger::FindClaim(const ClaimDigest& digest,
                                                   size_t limit) const {
  std::vector<ClaimHolder> holders;
  if (limit == 0) return holders;
  const std::string from = ClaimKey(digest, 0);
  TRY(impl_->store().Scan(
      Family::kClaim, from, [&](std::string_view key, std::string_view value) {
        if (key.size() != from.size() ||
            !key.starts_with(std::string_view(from).substr(0, kClaimBytes))) {
          return false;
        }
        key.remove_prefix(kClaimBytes);
        holders.push_back({*SequenceOfKey(key), std::string(value)});
        return holders.size() < limit;
      }));
  return holders;
}

Status Ledger::CommitIndexed(std::vector<IndexedExchange> indexed) {
  if (indexed.empty()) return {};
  std::promise<Status> promise;
  auto status = promise.get_future();
  TRY(impl_->writer().Commit(
      [&indexed](Group& group) { return group.AddIndexed(indexed); },
      [&promise](Status result) { promise.set_value(std::move(result)); }));
  return status.get();
}

Result<std::vector<IndexedPart>> Ledger::ReadIndexed(uint64_t sequence) const {
  std::vector<IndexedPart> parts;
  TRY(impl_->store().Scan(Family::kEvidence, SequenceKey(sequence),
                          [&](std::string_view key, std::string_view value) {
                            if (SequenceOfKey(key) != sequence) return false;
                            key.remove_prefix(kSequenceBytes);
                            parts.push_back(
                                {ReadBigEndian16(key), std::string(value), {}});
                            return true;
                          }));
  for (IndexedPart& part : parts) {
    TRY_ASSIGN(auto postings, impl_->store().Get(Family::kFingerprint,
                                                 PartKey(sequence, part.part)));
    if (!postings) {
      return Error(Code::kCorrupt,
                   fmt::format("exchange {} part {}: no fingerprints", sequence,
                               part.part));
    }
    part.postings = *std::move(postings);
  }
  return parts;
}

void Ledger::SetPendingListener(std::function<void()> listener) {
  impl_->writer().SetPendingListener(std::move(listener));
}

}  // namespace cofferdam::ledger
