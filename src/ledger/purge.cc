#include "ledger/purge.h"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <set>
#include <utility>
#include <vector>

#include "ledger/group_internal.h"
#include "ledger/keys_internal.h"
#include "ledger/outcomes_internal.h"
#include "ledger/purge_internal.h"

namespace cofferdam::ledger {
namespace {

// Records that change in one batch.
constexpr size_t kBatch = 256;
// Records that are read at a time; the store is not held between them.
constexpr size_t kChunk = 256;

struct Chosen {
  std::vector<uint64_t> sequences;  // rising
  std::set<Ulid> ids;
  uint64_t already = 0;
};

// A record without times is as old as its id.
int64_t TimeOf(const Exchange& exchange) {
  if (exchange.times.received > 0) return exchange.times.received;
  if (exchange.times.finished > 0) return exchange.times.finished;
  return exchange.id.milliseconds() * 1000;
}

bool Matches(const PurgeRequest& request, const Exchange& exchange) {
  return (!request.exchange || exchange.id == *request.exchange) &&
         (request.person.empty() || exchange.origin.person == request.person) &&
         (!request.before_micros || TimeOf(exchange) < *request.before_micros);
}

Status CheckRequest(const PurgeRequest& request, std::string_view audit) {
  if (!request.exchange && request.person.empty() && !request.before_micros) {
    return Error(Code::kInvalid, "purge: says of nothing what is to go");
  }
  if (request.what == Purged::kNothing || audit.empty()) {
    return Error(Code::kInvalid, "purge: needs what is to go and its audit");
  }
  return {};
}

// A pass over the records. Those that continue a chosen one come after it.
Result<Chosen> Choose(const Store& store, const PurgeRequest& request,
                      uint64_t last_sequence) {
  Chosen chosen;
  uint64_t next = 1;
  while (next <= last_sequence) {
    std::vector<Exchange> records;
    std::optional<Error> wrong;
    TRY(store.Scan(Family::kExchange, SequenceKey(next),
                   [&](std::string_view key, std::string_view value) {
                     next = SequenceOfKey(key).value_or(next) + 1;
                     Result<Exchange> record = FromJson(value);
                     if (!record.ok()) {
                       wrong = record.error();
                       return false;
                     }
                     records.push_back(*std::move(record));
                     return records.size() < kChunk && next <= last_sequence;
                   }));
    if (wrong) return *std::move(wrong);
    if (records.empty()) break;
    for (const Exchange& record : records) {
      if (!Matches(request, record) &&
          (!record.continues || !chosen.ids.contains(*record.continues))) {
        continue;
      }
      chosen.ids.insert(record.id);
      const bool gone =
          record.purged == Purged::kRecord || (record.purged == request.what);
      if (gone) ++chosen.already;
      chosen.sequences.push_back(record.sequence);
    }
  }
  return chosen;
}

// Claims are sorted by what is claimed, so all of them are looked at.
Result<std::vector<std::string>> ClaimKeys(const Store& store,
                                           const std::set<uint64_t>& of) {
  std::vector<std::string> keys;
  TRY(store.Scan(Family::kClaim, "",
                 [&](std::string_view key, std::string_view) {
                   if (key.size() != kClaimBytes + kSequenceBytes) return true;
                   const auto sequence = SequenceOfKey(key.substr(kClaimBytes));
                   if (of.contains(*sequence)) keys.emplace_back(key);
                   return true;
                 }));
  return keys;
}

Result<std::vector<MergedRecord>> MergesOf(const Store& store,
                                           const std::set<uint64_t>& of) {
  std::vector<MergedRecord> merges;
  std::optional<Error> wrong;
  TRY(store.Scan(Family::kMeta, kMergePrefix,
                 [&](std::string_view key, std::string_view value) {
                   if (!key.starts_with(kMergePrefix)) return false;
                   Result<MergedRecord> merged = MergeFromJson(value);
                   if (!merged.ok()) {
                     wrong = merged.error();
                     return false;
                   }
                   if (of.contains(merged->after.sequence)) {
                     merges.push_back(*std::move(merged));
                   }
                   return true;
                 }));
  if (wrong) return *std::move(wrong);
  return merges;
}

Status Commit(Writer* writer, Writer::Change change) {
  std::promise<Status> promise;
  auto status = promise.get_future();
  TRY(writer->Commit(std::move(change), [&promise](Status result) {
    promise.set_value(std::move(result));
  }));
  return status.get();
}

// Gives each of `all` to `change`, some of them in each batch.
template <typename T>
Status CommitEach(const std::vector<T>& all, Writer* writer,
                  const std::function<Status(const T&, Group&)>& change) {
  for (size_t at = 0; at < all.size(); at += kBatch) {
    const size_t end = std::min(at + kBatch, all.size());
    TRY(Commit(writer, [&](Group& group) -> Status {
      for (size_t i = at; i < end; ++i) TRY(change(all[i], group));
      return {};
    }));
  }
  return {};
}

// What says something of purged records elsewhere.
Status ForgetBesideRecords(const std::set<uint64_t>& sequences,
                           std::string_view audit, Store* store,
                           Writer* writer) {
  TRY_ASSIGN(const auto claims, ClaimKeys(*store, sequences));
  TRY(CommitEach<std::string>(claims, writer,
                              [](const std::string& key, Group& group) {
                                group.DeleteClaim(key);
                                return Status();
                              }));
  TRY_ASSIGN(const auto merges, MergesOf(*store, sequences));
  return CommitEach<MergedRecord>(
      merges, writer, [audit](const MergedRecord& merged, Group& group) {
        group.ForgetMerge(merged, audit);
        return Status();
      });
}

// What came of the exchanges; and whose commits they were, where all of a
// person is to go.
Status ForgetOutcomes(const PurgeRequest& request,
                      const std::set<Ulid>& exchanges, Store* store,
                      Writer* writer) {
  if (request.what != Purged::kRecord) return {};
  const bool whole = !request.exchange && !request.before_micros;
  return ForgetInOutcomes(exchanges, whole ? request.person : "", store,
                          writer);
}

Status ScrubAll(Store* store, Purged what,
                const std::vector<uint64_t>& sequences) {
  const std::string from = SequenceKey(sequences.front());
  const std::string to = SequenceKey(sequences.back() + 1);
  TRY(store->Scrub(Family::kText, from, to));
  TRY(store->Scrub(Family::kExchange, from, to));
  // The salts that old versions had.
  TRY(store->Scrub(Family::kSalt, from, to));
  if (what != Purged::kRecord) return {};
  TRY(store->Scrub(Family::kMeta, kMergePrefix, MergeKey(UINT64_MAX)));
  TRY(store->Scrub(Family::kEvidence, from, to));
  TRY(store->Scrub(Family::kFingerprint, from, to));
  return store->Scrub(Family::kClaim, "", std::string(kClaimBytes + 1, '\xff'));
}

}  // namespace

Result<uint64_t> Group::Purge(uint64_t sequence, Purged what,
                              std::string_view audit) {
  TRY_ASSIGN(Exchange record, Record(sequence));
  uint64_t texts = 0;
  std::vector<std::string> parts;
  TRY(store_.Scan(Family::kText, SequenceKey(sequence),
                  [&](std::string_view key, std::string_view) {
                    if (SequenceOfKey(key) != sequence) return false;
                    parts.emplace_back(key);
                    return true;
                  }));
  for (const std::string& key : parts) {
    batch_.Delete(Family::kText, key);
    ++texts;
  }
  if (record.purged == Purged::kRecord || record.purged == what) return texts;
  const Exchange before = record;
  if (what == Purged::kRecord) {
    for (size_t i = 0; i < before.parts.size(); ++i) {
      const std::string key = PartKey(sequence, static_cast<uint16_t>(i));
      batch_.Delete(Family::kEvidence, key);
      batch_.Delete(Family::kFingerprint, key);
    }
    record = ForgetRecord(before, audit);
  } else {
    record.purged = what;
    record.purge_audit = audit;
  }
  Replace(before, std::move(record));
  return texts;
}

Result<PurgeReport> PurgeRecords(const PurgeRequest& request,
                                 std::string_view audit, Store* store,
                                 Writer* writer) {
  TRY(CheckRequest(request, audit));
  const Totals totals = writer->totals();
  TRY_ASSIGN(const Chosen chosen,
             Choose(*store, request, totals.last_sequence));
  PurgeReport report;
  report.already = chosen.already;
  report.exchanges = chosen.sequences.size() - chosen.already;
  if (chosen.sequences.empty()) {
    // Somebody's commits may be here without an exchange.
    if (!request.exchange) {
      TRY(ForgetOutcomes(request, chosen.ids, store, writer));
      return report;
    }
    return Error(Code::kNotFound, fmt::format("exchange {}: not in the ledger",
                                              request.exchange->ToString()));
  }
  if (chosen.sequences.back() > totals.indexed_through) {
    return Error(Code::kConflict,
                 fmt::format("purge: exchange {} waits to be indexed",
                             chosen.sequences.back()));
  }
  const auto& sequences = chosen.sequences;
  TRY(CommitEach<uint64_t>(
      sequences, writer, [&](uint64_t sequence, Group& group) -> Status {
        TRY_ASSIGN(const uint64_t texts,
                   group.Purge(sequence, request.what, audit));
        report.texts += texts;
        return {};
      }));
  if (request.what == Purged::kRecord) {
    TRY(ForgetBesideRecords({sequences.begin(), sequences.end()}, audit, store,
                            writer));
    TRY(ForgetOutcomes(request, chosen.ids, store, writer));
  }
  TRY(ScrubAll(store, request.what, chosen.sequences));
  return report;
}

}  // namespace cofferdam::ledger
