#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/indexed.h"
#include "ledger/ledger.h"
#include "ledger/store_internal.h"
#include "ledger/totals_internal.h"
#include "seal/merkle.h"

namespace cofferdam::ledger {

// A draft with everything computed that needs no look at the store.
struct PreparedDraft {
  Exchange exchange;  // with parts
  std::vector<StoredText> texts;
  std::vector<std::optional<ClaimDigest>> claims;
  std::optional<std::string> key;
  std::string pending_prompt;
  wire::Protocol protocol = wire::Protocol::kAnthropicMessages;
  // Parts that came after the answer of an exchange, and, if not zero, that
  // exchange's id: what ExchangeDraft::exchange.continues says.
  std::optional<Ulid> later_of;
  ExchangeDraft::Arrival arrival = ExchangeDraft::Arrival::kAny;
  AppendDone done;
  // Memory that it takes while it waits.
  size_t bytes = 0;
};

// kTooLarge or kInvalid, by the limits that Ledger::Append names.
Result<PreparedDraft> Prepare(ExchangeDraft draft,
                              const LedgerOptions& options);

// Builds one atomic batch out of several additions, each of which sees those
// before it. On the thread that leads the writer.
class Group {
 public:
  // All of it must outlive the group and stand still meanwhile. `bytes`: of
  // texts and prompts that will be added, about.
  Group(const Store& store, const Totals& totals, const ModelMap& models,
        const seal::CompactTree& tree, Random& random, size_t bytes)
      : store_(store),
        last_before_(totals.last_sequence),
        models_before_(models),
        random_(random),
        totals_(totals),
        tree_(tree),
        batch_(store, bytes) {}

  // Parts that arrived later for one exchange, each arrival a record.
  static constexpr size_t kContinuationsMax = 64;

  // After an error, nothing of the addition is in the group.
  Result<AppendReceipt> Add(PreparedDraft& draft);
  // Not in a group with drafts. After an error the group is of no use.
  Status AddIndexed(const std::vector<IndexedExchange>& indexed);
  // Takes `what` out of a record that is indexed; the audit row `audit` says
  // why. How many texts went. As for AddIndexed.
  Result<uint64_t> Purge(uint64_t sequence, Purged what,
                         std::string_view audit);
  void DeleteClaim(const std::string& key) {
    batch_.Delete(Family::kClaim, key);
  }
  // Entries of family `outcome`, which nothing else of a group touches.
  void PutOutcome(std::string_view key, std::string_view value) {
    batch_.Put(Family::kOutcome, key, value);
  }
  void DeleteOutcome(std::string_view key) {
    batch_.Delete(Family::kOutcome, key);
  }
  // What a merge changed in a record that is purged.
  void ForgetMerge(const MergedRecord& merged, std::string_view audit) {
    PutMerge(ForgetRecord(merged.before, audit),
             ForgetRecord(merged.after, audit));
  }

  // The whole as a batch, the counters with it. Once.
  Result<Batch> Finish();
  // What the counters are once the batch is written.
  const Totals& totals() const { return totals_; }
  const seal::CompactTree& tree() const { return tree_; }
  const ModelMap& models_changed() const { return models_; }
  bool added_pending() const { return added_pending_; }

 private:
  struct Waiting {
    uint64_t sequence = 0;
    size_t stored_bytes = 0;
  };
  // A claimed turn that the ledger lacks, and the key it goes under.
  struct FreshTurn {
    const ClaimedTurn* turn;
    std::string key;
  };

  Result<std::optional<std::vector<uint64_t>>> FindKey(const std::string& key);
  Result<std::optional<uint64_t>> FindNamed(const PreparedDraft& draft);
  Result<std::optional<uint64_t>> FindId(const Ulid& id);
  // The record as it stands in this group.
  Result<Exchange> Record(uint64_t sequence);
  // Keeps `record` in the place of `before`, as a new version if they differ.
  void Replace(const Exchange& before, Exchange record);
  Status PutRecords();

  Result<AppendReceipt> AddNew(PreparedDraft& draft);
  // The exchange that an import tells of again, though its key is another
  // (twin.cc); none if there is none.
  Result<std::optional<uint64_t>> FindTwin(const PreparedDraft& draft);
  Result<std::vector<uint64_t>> TwinCandidates(const PreparedDraft& draft);
  Result<bool> IsTwin(const PreparedDraft& draft, const Exchange& other);
  // A call, or a text of at least so many bytes.
  Result<bool> SharesOutput(const PreparedDraft& draft, const Exchange& other,
                            uint64_t bytes_min);
  Result<bool> HoldsClaim(const ClaimDigest& claim, uint64_t sequence);
  // Parts of an arrival that none of the exchanges at `sequences` has.
  Result<std::vector<uint16_t>> MissingParts(
      const PreparedDraft& draft, const Exchange& first,
      const std::vector<uint64_t>& sequences);
  // Lets the exchange be found by what it used.
  void PutUsageKey(const Exchange& exchange);
  Result<AppendReceipt> MergeById(PreparedDraft& draft, uint64_t sequence);
  Result<AppendReceipt> Merge(PreparedDraft& draft,
                              std::vector<uint64_t> sequences);
  Status AddContinuation(PreparedDraft& draft, const Exchange& first,
                         const std::vector<uint16_t>& missing,
                         std::vector<uint64_t> sequences);
  // Gives `exchange` its sequence and puts what belongs to every exchange.
  void PutExchange(Exchange& exchange, const std::vector<StoredText>& texts,
                   const std::vector<std::optional<ClaimDigest>>& claims);
  void PutPending(const PreparedDraft& draft);
  // Keeps what the merge `after.revision` changed.
  void PutMerge(Exchange before, Exchange after);
  // The first `count` entries that wait, with their sizes.
  Result<std::vector<Waiting>> FirstPending(size_t count) const;
  Status AddIndexed(const IndexedExchange& indexed, size_t stored_bytes);
  void PutIndexed(uint64_t sequence, const std::vector<IndexedPart>& indexed);
  Result<std::vector<FreshTurn>> FreshTurns(
      const std::vector<ClaimedTurn>& turns);
  void Count(const Exchange& exchange);
  void CountModel(const Exchange& exchange, int sign);

  const Store& store_;
  const uint64_t last_before_;
  const ModelMap& models_before_;
  Random& random_;
  Totals totals_;
  seal::CompactTree tree_;
  ModelMap models_;
  size_t models_fresh_ = 0;
  Batch batch_;
  // Changes that later additions of the group must see: records that are new or
  // become another version.
  std::map<uint64_t, Exchange> records_;
  std::map<std::string, std::vector<uint64_t>, std::less<>> keys_;
  std::map<Ulid, uint64_t> ids_;
  // Keys of claims and of usage that the group adds; both end in a sequence.
  std::set<std::string, std::less<>> claims_;
  std::set<std::string, std::less<>> usages_;
  bool added_pending_ = false;
};

}  // namespace cofferdam::ledger
