#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/ulid.h"
#include "ledger/exchange.h"
#include "ledger/indexed.h"
#include "ledger/ledger_options.h"
#include "ledger/log.h"
#include "ledger/outcome.h"
#include "ledger/purge.h"
#include "wire/types.h"

namespace cofferdam::ledger {

// What is to be recorded. The ledger fills in `exchange.sequence` and
// `exchange.parts`; `exchange.id` must be set and new.
struct ExchangeDraft {
  Exchange exchange;
  // At most kPartsMax.
  std::vector<wire::Part> parts;
  // The request body, from which the indexer learns what was quoted; deleted
  // once it has. Empty when there is none (imports): all is novel then.
  std::string pending_prompt;
  wire::Protocol protocol = wire::Protocol::kAnthropicMessages;
  // Of an answer read from an agent's history: the agent's own id of it, which
  // with its session tells it from others where the provider's is unknown.
  std::string history_id;
  // Whether it may be a new exchange, or must be one that the ledger has.
  enum class Arrival { kAny, kAgain };
  Arrival arrival = Arrival::kAny;

  static constexpr size_t kPartsMax = 65'535;
};

struct AppendReceipt {
  // Of the record that holds the exchange now: the first one's if merged.
  uint64_t sequence = 0;
  Ulid id;
  bool merged = false;
};

// What a second arrival changed: the record as it was and as it became, both
// without their parts. `after.revision` numbers the merges of a ledger.
struct MergedRecord {
  Exchange before;
  Exchange after;
};

using AppendDone = std::function<void(Result<AppendReceipt>)>;

// Totals since the ledger was made. Kept as counters in the same batches as
// the records, so reading them costs nothing.
struct LedgerStats {
  uint64_t last_sequence = 0;
  uint64_t exchanges = 0;  // without those that continue another
  uint64_t claimed = 0;    // of them, on route context
  uint64_t outputs = 0;    // of them, with at least one part
  uint64_t parts = 0;
  uint64_t part_bytes = 0;
  uint64_t merged = 0;  // second arrivals

  uint64_t indexed_through = 0;
  uint64_t pending_exchanges = 0;
  uint64_t pending_bytes = 0;
  // Age of the oldest exchange that waits for the indexer; 0 if none does.
  int64_t lag_micros = 0;

  uint64_t queue_exchanges = 0;
  uint64_t queue_bytes = 0;
  // False while the disk refuses writes.
  bool healthy = true;

  struct Model {
    std::string provider;
    std::string model;
    uint64_t exchanges = 0;
    // By who said it: the provider, or our own bound.
    wire::Usage reported;
    wire::Usage estimated;
  };
  // By provider and model; sorted. Beyond kModelsMax names the rest is counted
  // under model kModelOther of no provider.
  std::vector<Model> models;
  static constexpr size_t kModelsMax = 4096;
  static constexpr std::string_view kModelOther = "(other)";
};

// The durable record of exchanges, in a folder that this process alone holds
// (RocksDB; docs/formats/ledger.md). Safe from any thread.
//
// One thread writes at a time: it gives sequence numbers and writes everything
// that has been appended so far as one atomic batch, records, texts, claims and
// pending prompts together. That is the caller of Append when nobody else
// writes, else the ledger's own thread (LedgerOptions says when). Numbers are
// dense: a batch that fails uses none up. When the disk refuses, every append
// is kUnavailable until the store has recovered, which the ledger's thread
// tries four times a second; what had been acknowledged stays.
class Ledger {
 public:
  // Makes the folder (0700) if it is not there. kInvalid for a folder that
  // holds something else or was written by a newer version, kConflict when
  // another process holds it, kCorrupt when its files are damaged, the errno's
  // code when it cannot be written. `clock` and `logger` must outlive it.
  static Result<std::unique_ptr<Ledger>> Open(const std::string& folder,
                                              LedgerOptions options,
                                              const Clock& clock,
                                              const Logger& logger);
  ~Ledger();

  // Writes `draft` or hands it to who writes now, and calls `done` once when
  // the batch is in the OS (kEach: on the disk), or with the error: on the
  // calling thread before this returns, on the ledger's own, or on that of
  // another caller of Append. `done` must not block, nor call Append* or Close.
  // A call that writes takes along what others append meanwhile, for a few
  // batches at most. Refusals that write nothing: kExhausted (a limit of
  // LedgerOptions), kTooLarge, kInvalid, kUnavailable (closed, or the disk
  // refuses writes).
  //
  // An id that another exchange has is kConflict, the same record again no
  // error. A second arrival of an exchange, by provider and
  // provider_response_id, or without that by session and parts, merges into the
  // first and is not counted again: sequence, id, parts and received time stay
  // the first's; the usage that was reported beats one estimated, that beats
  // none; kComplete beats any other outcome, with status, error, stop reason
  // and finished time; the stronger identity grade wins with its person, team,
  // repo, commit and purpose; route gate beats agent beats import beats
  // context; empty strings are filled in; context origins and notes are united.
  // The second id becomes an alias of the first. Parts that the first lacks
  // become an exchange of their own with `continues` set, so that none is lost
  // for the index; what an import brings that the gate saw whole is none.
  //
  // An import is also the second arrival of an exchange that only looks the
  // same: one whose usage is the same to the token and that shares a call's id
  // or a text with it, about when it was; and of a turn that a prompt claimed,
  // whose place it takes. kNotFound where Arrival::kAgain finds nothing.
  void Append(ExchangeDraft draft, AppendDone done);

  // Append, and wait for it. Not from within a `done`.
  Result<AppendReceipt> AppendSync(ExchangeDraft draft);

  // Whether an append would be admitted now: one atomic read, for the gate to
  // answer 503 before it forwards a request.
  bool AcceptsMore() const;

  // kNotFound, kCorrupt or kUnavailable. By either id of a merged exchange.
  Result<Exchange> Get(const Ulid& id) const;
  Result<Exchange> GetBySequence(uint64_t sequence) const;
  // Calls `visitor` for at most `limit` records from sequence `from` on, in
  // order, until it returns false. The writer is not held up.
  Status Scan(uint64_t from, size_t limit,
              const std::function<bool(const Exchange&)>& visitor) const;
  // The same for merges that changed a record, from number `from` on, at most
  // `limit`, by rising number. With Scan it tells every change of what records
  // say of origin and use: whoever read a record knows by its `revision` which
  // merges that reading included.
  Status ScanMerges(
      uint64_t from, size_t limit,
      const std::function<bool(const MergedRecord&)>& visitor) const;
  // The last `n` records, the newest last.
  Result<std::vector<Exchange>> ListLast(size_t n) const;
  // The text of part number `part` (from 0) of an exchange.
  Result<std::string> PartText(uint64_t sequence, size_t part) const;

  uint64_t last_sequence() const;
  // Every exchange up to here is indexed, or was empty.
  uint64_t indexed_through() const;
  LedgerStats Stats() const;

  // The log's size and root, of which all is on the disk. kUnavailable.
  Result<seal::TreeHead> LogHead();
  // Reads the log, the records and their texts, and finds what was changed or
  // removed without being purged. Writers are not held up. Errors are those of
  // reading; what is found stands in the report.
  Result<LogReport> VerifyLog(const LogQuestion& question) const;
  // Takes texts or records out of the ledger, for good: of files and logs of
  // writes, too. Their leaves stay. What belongs to a chosen exchange (see
  // `continues`) goes with it. The audit row `audit` must have been written.
  // Again is harmless, and finishes what was interrupted. kConflict where an
  // exchange is not indexed yet. Costs a pass over the records.
  Result<PurgeReport> Purge(const PurgeRequest& request,
                            std::string_view audit);

  // Takes a statement about a repository's main branch: its commits take the
  // places of those that were recorded of that time, of the same id and of the
  // same content, in one batch. Nothing changes where a newer head has been
  // stated before. kInvalid and kTooLarge by what outcome.h says.
  Result<OutcomeReceipt> RecordOutcomes(const OutcomeStatement& statement);
  // Calls `visitor` for every outcome, a repository's in the order of time,
  // until it returns false. It must not call the ledger.
  Status ScanOutcomes(
      const std::function<bool(const CommitOutcome&)>& visitor) const;
  // The repositories that statements were made about.
  Result<std::vector<OutcomeHead>> OutcomeHeads() const;
  // An opaque id for an author whom no person is known for: the same for the
  // same address in this ledger, in no other one.
  Result<std::string> AuthorId(std::string_view address);

  // Refuses further appends, writes and syncs what was handed over, and lets
  // the folder go. Called by the destructor if it was not. Readers get
  // kUnavailable afterwards.
  Status Close();

  // --- For Indexer and Sealer -----------------------------------------------

  // The first exchanges after sequence `after` that wait to be indexed, in
  // order; none when nothing waits.
  Result<std::vector<PendingExchange>> ReadPending(
      uint64_t after, const PendingLimits& limits) const;
  // The exchanges whose outputs contained this text, by digest of
  // wire::ClaimText: the first `limit` of them, in order.
  Result<std::vector<ClaimHolder>> FindClaim(const ClaimDigest& digest,
                                             size_t limit) const;
  // Stores what the indexer made of the first pending exchanges, in their order
  // and in one batch: streams and fingerprints, claimed turns as exchanges with
  // theirs, context origins; deletes the pending prompts. Waits for it.
  // kNotFound, and nothing is stored, when they are not the next to be indexed.
  Status CommitIndexed(std::vector<IndexedExchange> indexed);
  // What was stored for each indexed part of an exchange.
  Result<std::vector<IndexedPart>> ReadIndexed(uint64_t sequence) const;
  // `listener` is called by who writes after each batch that left something
  // pending, so it must be quick; an empty one takes it away, and waits for a
  // running call to end.
  void SetPendingListener(std::function<void()> listener);

 private:
  class Impl;
  explicit Ledger(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cofferdam::ledger
