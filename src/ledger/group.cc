#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "base/encoding.h"
#include "ledger/group_internal.h"
#include "ledger/keys_internal.h"
#include "ledger/log_internal.h"
#include "ledger/merge_internal.h"
#include "ledger/secrets.h"
#include "seal/hash.h"

namespace cofferdam::ledger {
namespace {

using PartIdentity = std::tuple<wire::PartKind, std::string, std::string>;
PartIdentity IdentityOf(const PartRecord& part) {
  return {part.kind, part.path, part.digest};
}

// An id for the parts that came later with `id`: of the same time, and the
// same whenever it is made again.
Ulid ContinuationId(const Ulid& id, size_t number) {
  std::string input(IdKey(id));
  AppendBigEndian64(number, &input);
  const seal::Digest digest = seal::Sha256(input);
  Ulid made = id;
  std::copy_n(digest.begin(), 10, made.bytes.begin() + 6);
  return made;
}

void SortUnique(std::vector<std::string>* values) {
  std::sort(values->begin(), values->end());
  values->erase(std::unique(values->begin(), values->end()), values->end());
}

// Of an exchange that passed us, whatever came in its answer is there.
bool IsWhole(const Exchange& exchange) {
  if (exchange.route != Route::kGate && exchange.route != Route::kAgent) {
    return false;
  }
  const auto says = [&](std::string_view note) {
    return std::find(exchange.notes.begin(), exchange.notes.end(), note) !=
           exchange.notes.end();
  };
  return !says("parts_truncated") && !says("answer_unreadable");
}

size_t BytesOf(const ExchangeDraft& draft) {
  size_t bytes = draft.pending_prompt.size();
  for (const wire::Part& part : draft.parts) bytes += part.text.size();
  return bytes;
}

}  // namespace

Result<PreparedDraft> Prepare(ExchangeDraft draft,
                              const LedgerOptions& options) {
  if (draft.exchange.id == Ulid{}) {
    return Error(Code::kInvalid, "append: exchange without an id");
  }
  if (draft.parts.size() > ExchangeDraft::kPartsMax) {
    return Error(Code::kTooLarge,
                 fmt::format("append: {} parts, at most {}", draft.parts.size(),
                             ExchangeDraft::kPartsMax));
  }
  PreparedDraft out;
  out.bytes = BytesOf(draft);
  if (out.bytes > options.draft_bytes_max) {
    return Error(Code::kTooLarge,
                 fmt::format("append: {} bytes, at most {}", out.bytes,
                             options.draft_bytes_max));
  }
  out.exchange = std::move(draft.exchange);
  out.exchange.sequence = 0;
  out.exchange.parts.clear();
  SortUnique(&out.exchange.context_origins);
  SortUnique(&out.exchange.notes);
  size_t masked = 0;
  for (wire::Part& part : draft.parts) {
    masked += MaskSecrets(&part.text);
    out.exchange.parts.push_back(MakePartRecord(part));
    out.claims.push_back(ClaimOf(part));
    out.texts.push_back(
        {static_cast<uint16_t>(out.texts.size()), RawText(part.text)});
    part.text = {};
  }
  if (masked > 0) {
    out.exchange.notes.push_back(MaskedNote(masked));
    SortUnique(&out.exchange.notes);
  }
  out.later_of = std::exchange(out.exchange.continues, std::nullopt);
  out.key = DedupeKey(out.exchange, draft.history_id);
  out.arrival = draft.arrival;
  out.pending_prompt = std::move(draft.pending_prompt);
  out.protocol = draft.protocol;
  return out;
}

Result<std::optional<std::vector<uint64_t>>> Group::FindKey(
    const std::string& key) {
  if (const auto here = keys_.find(key); here != keys_.end()) {
    return std::optional(here->second);
  }
  TRY_ASSIGN(const auto value, store_.Get(Family::kKey, key));
  if (!value) return std::optional<std::vector<uint64_t>>();
  TRY_ASSIGN(auto sequences, ReadSequences(*value));
  return std::optional(std::move(sequences));
}

Result<std::optional<uint64_t>> Group::FindId(const Ulid& id) {
  if (const auto here = ids_.find(id); here != ids_.end()) {
    return std::optional(here->second);
  }
  TRY_ASSIGN(const auto value, store_.Get(Family::kId, IdKey(id)));
  if (!value) return std::optional<uint64_t>();
  TRY_ASSIGN(const auto sequences, ReadSequences(*value));
  return std::optional(sequences.front());
}

Result<Exchange> Group::Record(uint64_t sequence) {
  if (const auto here = records_.find(sequence); here != records_.end()) {
    return here->second;
  }
  TRY_ASSIGN(const auto value,
             store_.Get(Family::kExchange, SequenceKey(sequence)));
  if (!value) {
    return Error(
        Code::kCorrupt,
        fmt::format("ledger: no exchange {} though it is named", sequence));
  }
  return FromJson(*value);
}

Result<std::optional<uint64_t>> Group::FindNamed(const PreparedDraft& draft) {
  if (!draft.later_of || *draft.later_of == Ulid{}) {
    return std::optional<uint64_t>();
  }
  TRY_ASSIGN(const auto sequence, FindId(*draft.later_of));
  if (!sequence) return sequence;
  TRY_ASSIGN(const Exchange record, Record(*sequence));
  const std::string& person = draft.exchange.origin.person;
  if (!record.origin.person.empty() && record.origin.person != person) {
    return std::optional<uint64_t>();
  }
  return sequence;
}

Result<AppendReceipt> Group::Add(PreparedDraft& draft) {
  if (draft.key) {
    TRY_ASSIGN(auto sequences, FindKey(*draft.key));
    if (sequences) return Merge(draft, *std::move(sequences));
  }
  TRY_ASSIGN(const auto named, FindNamed(draft));
  if (named) return Merge(draft, {*named});
  // Without a key of its own it could not be found by it the next time.
  if (draft.key && draft.exchange.route == Route::kImport) {
    TRY_ASSIGN(const auto twin, FindTwin(draft));
    if (twin) {
      keys_[*draft.key] = {*twin};
      return Merge(draft, {*twin});
    }
  }
  // The same record sent again: nobody else has its id.
  TRY_ASSIGN(const auto known, FindId(draft.exchange.id));
  if (known) return MergeById(draft, *known);
  if (draft.arrival == ExchangeDraft::Arrival::kAgain) {
    return Error(Code::kNotFound, "append: the ledger has no such exchange");
  }
  return AddNew(draft);
}

Result<AppendReceipt> Group::AddNew(PreparedDraft& draft) {
  Count(draft.exchange);
  PutExchange(draft.exchange, draft.texts, draft.claims);
  if (!draft.texts.empty() || !draft.pending_prompt.empty()) PutPending(draft);
  const uint64_t sequence = draft.exchange.sequence;
  if (draft.key) keys_[*draft.key] = {sequence};
  return AppendReceipt{sequence, draft.exchange.id, false};
}

Result<AppendReceipt> Group::MergeById(PreparedDraft& draft,
                                       uint64_t sequence) {
  TRY_ASSIGN(const Exchange first, Record(sequence));
  const auto same = [](const PartRecord& a, const PartRecord& b) {
    return IdentityOf(a) == IdentityOf(b);
  };
  if (!std::equal(first.parts.begin(), first.parts.end(),
                  draft.exchange.parts.begin(), draft.exchange.parts.end(),
                  same)) {
    return Error(Code::kConflict,
                 fmt::format("append: id {} is that of another exchange",
                             first.id.ToString()));
  }
  return Merge(draft, {sequence});
}

Result<AppendReceipt> Group::Merge(PreparedDraft& draft,
                                   std::vector<uint64_t> sequences) {
  TRY_ASSIGN(Exchange first, Record(sequences.front()));
  // What was purged does not come back by arriving again.
  if (first.purged == Purged::kRecord) {
    ++totals_.merged;
    return AppendReceipt{first.sequence, first.id, true};
  }
  TRY_ASSIGN(const auto missing, MissingParts(draft, first, sequences));
  TRY_ASSIGN(const auto alias, FindId(draft.exchange.id));
  if (!missing.empty()) {
    TRY(AddContinuation(draft, first, missing, sequences));
  }
  CountModel(first, -1);
  ++totals_.merged;
  const Exchange before = first;
  MergeInto(draft.exchange, &first);
  if (first != before) {
    first.revision = totals_.merged;
    PutMerge(before, first);
  }
  CountModel(first, 1);
  if (before.route == Route::kContext && first.route != Route::kContext) {
    --totals_.claimed;
  }
  if (UsageKey(before) != UsageKey(first)) PutUsageKey(first);
  if (!alias) ids_[draft.exchange.id] = first.sequence;
  const AppendReceipt receipt{first.sequence, first.id, true};
  Replace(before, std::move(first));
  return receipt;
}

Result<std::vector<uint16_t>> Group::MissingParts(
    const PreparedDraft& draft, const Exchange& first,
    const std::vector<uint64_t>& sequences) {
  std::vector<uint16_t> missing;
  // An agent's own words for what it was answered are not the answer's.
  const Route route = draft.exchange.route;
  const bool imported =
      route == Route::kImport || (route == Route::kAgent && !draft.later_of);
  if (imported && IsWhole(first)) return missing;
  std::set<PartIdentity> present;
  for (uint64_t sequence : sequences) {
    TRY_ASSIGN(const Exchange arrival, Record(sequence));
    for (const PartRecord& part : arrival.parts) {
      present.insert(IdentityOf(part));
    }
  }
  for (size_t i = 0; i < draft.exchange.parts.size(); ++i) {
    bool is_there = present.contains(IdentityOf(draft.exchange.parts[i]));
    // Agents trim what they keep, and write JSON anew.
    for (uint64_t sequence : sequences) {
      if (is_there || !imported || !draft.claims[i]) break;
      TRY_ASSIGN(is_there, HoldsClaim(*draft.claims[i], sequence));
    }
    if (!is_there) missing.push_back(static_cast<uint16_t>(i));
  }
  return missing;
}

void Group::PutMerge(Exchange before, Exchange after) {
  const uint64_t number = after.revision;
  before.parts.clear();
  after.parts.clear();
  batch_.Put(Family::kMeta, MergeKey(number), MergeToJson({before, after}));
}

void Group::Replace(const Exchange& before, Exchange record) {
  if (record == before) return;
  records_[record.sequence] = std::move(record);
}

Status Group::AddContinuation(PreparedDraft& draft, const Exchange& first,
                              const std::vector<uint16_t>& missing,
                              std::vector<uint64_t> sequences) {
  if (sequences.size() > kContinuationsMax) {
    return Error(Code::kConflict,
                 fmt::format("append: exchange {} got parts {} times already",
                             first.id.ToString(), kContinuationsMax));
  }
  PreparedDraft more;
  more.exchange = draft.exchange;
  more.exchange.id = ContinuationId(draft.exchange.id, sequences.size());
  more.exchange.continues = first.id;
  more.exchange.usage = {};
  more.exchange.usage_source = wire::UsageSource::kNone;
  more.exchange.parts.clear();
  for (uint16_t part : missing) {
    more.exchange.parts.push_back(draft.exchange.parts[part]);
    more.claims.push_back(draft.claims[part]);
    more.texts.push_back({static_cast<uint16_t>(more.texts.size()),
                          std::move(draft.texts[part].stored)});
  }
  more.pending_prompt = std::move(draft.pending_prompt);
  more.protocol = draft.protocol;
  PutExchange(more.exchange, more.texts, more.claims);
  PutPending(more);
  sequences.push_back(more.exchange.sequence);
  CHECK(draft.key.has_value());  // found by its id it has no other parts
  keys_[*draft.key] = std::move(sequences);
  return {};
}

void Group::PutExchange(Exchange& exchange,
                        const std::vector<StoredText>& texts,
                        const std::vector<std::optional<ClaimDigest>>& claims) {
  CHECK(texts.size() == exchange.parts.size());
  CHECK(claims.size() == exchange.parts.size());
  exchange.sequence = ++totals_.last_sequence;
  for (const StoredText& text : texts) {
    batch_.Put(Family::kText, PartKey(exchange.sequence, text.part),
               text.stored);
  }
  for (const auto& claim : claims) {
    if (!claim) continue;
    std::string key = ClaimKey(*claim, exchange.sequence);
    batch_.Put(Family::kClaim, key, exchange.origin.contract);
    claims_.insert(std::move(key));
  }
  PutUsageKey(exchange);
  for (const PartRecord& part : exchange.parts) {
    ++totals_.parts;
    totals_.part_bytes += part.bytes;
  }
  ids_[exchange.id] = exchange.sequence;
  records_[exchange.sequence] = exchange;
}

void Group::PutPending(const PreparedDraft& draft) {
  const uint64_t sequence = draft.exchange.sequence;
  const std::string head = PendingHead(draft.protocol);
  batch_.Put(Family::kPending, SequenceKey(sequence), head,
             draft.pending_prompt);
  ++totals_.pending_exchanges;
  totals_.pending_bytes += head.size() + draft.pending_prompt.size();
  added_pending_ = true;
}

void Group::Count(const Exchange& exchange) {
  ++totals_.exchanges;
  if (exchange.route == Route::kContext) ++totals_.claimed;
  if (!exchange.parts.empty()) ++totals_.outputs;
  CountModel(exchange, 1);
}

void Group::CountModel(const Exchange& exchange, int sign) {
  // Claims say nothing about use, and counting tokens costs none.
  if (exchange.route == Route::kContext ||
      exchange.operation != wire::Operation::kGenerate) {
    return;
  }
  ModelName name(exchange.origin.provider, exchange.origin.model);
  if (name.second.empty()) name.second = exchange.origin.model_requested;
  auto before = models_before_.find(name);
  if (before == models_before_.end() && !models_.contains(name)) {
    if (models_before_.size() + models_fresh_ >= LedgerStats::kModelsMax) {
      name = {"", std::string(LedgerStats::kModelOther)};
      before = models_before_.find(name);
    } else {
      ++models_fresh_;
    }
  }
  const auto [at, fresh] = models_.try_emplace(name);
  if (fresh && before != models_before_.end()) at->second = before->second;
  CountUsage(exchange, sign, &at->second);
}

void Group::PutIndexed(uint64_t sequence,
                       const std::vector<IndexedPart>& indexed) {
  for (const IndexedPart& part : indexed) {
    const std::string key = PartKey(sequence, part.part);
    batch_.Put(Family::kEvidence, key, part.stream);
    batch_.Put(Family::kFingerprint, key, part.postings);
  }
}

Result<std::vector<Group::Waiting>> Group::FirstPending(size_t count) const {
  std::vector<Waiting> waiting;
  TRY(store_.Scan(Family::kPending, SequenceKey(totals_.indexed_through + 1),
                  [&](std::string_view key, std::string_view value) {
                    waiting.push_back({*SequenceOfKey(key), value.size()});
                    return waiting.size() < count;
                  }));
  return waiting;
}

Status Group::AddIndexed(const std::vector<IndexedExchange>& indexed) {
  CHECK(!added_pending_);
  // They must be the first that wait: exchanges are indexed in their order.
  TRY_ASSIGN(const auto waiting, FirstPending(indexed.size() + 1));
  for (size_t i = 0; i < indexed.size(); ++i) {
    if (i >= waiting.size() || waiting[i].sequence != indexed[i].sequence) {
      return Error(Code::kNotFound,
                   fmt::format("exchange {} is not the next to be indexed",
                               indexed[i].sequence));
    }
    TRY(AddIndexed(indexed[i], waiting[i].stored_bytes));
  }
  if (waiting.size() > indexed.size()) {
    totals_.indexed_through = waiting.back().sequence - 1;
  }
  return {};
}

Status Group::AddIndexed(const IndexedExchange& indexed, size_t stored_bytes) {
  TRY_ASSIGN(Exchange record, Record(indexed.sequence));
  const Exchange before = record;
  TRY_ASSIGN(const auto turns, FreshTurns(indexed.claimed));
  for (const FreshTurn& fresh : turns) {
    Exchange exchange = fresh.turn->exchange;
    Count(exchange);
    PutExchange(exchange, fresh.turn->texts, fresh.turn->claims);
    PutIndexed(exchange.sequence, fresh.turn->indexed);
    keys_[fresh.key] = {exchange.sequence};
  }
  PutIndexed(indexed.sequence, indexed.indexed);
  for (const StoredText& text : indexed.texts) {
    batch_.Put(Family::kText, PartKey(indexed.sequence, text.part),
               text.stored);
  }
  for (const auto& [more, to] :
       {std::pair(&indexed.context_origins, &record.context_origins),
        std::pair(&indexed.notes, &record.notes)}) {
    to->insert(to->end(), more->begin(), more->end());
    SortUnique(to);
  }
  Replace(before, std::move(record));
  batch_.DeleteOnce(Family::kPending, SequenceKey(indexed.sequence));
  --totals_.pending_exchanges;
  totals_.pending_bytes -= stored_bytes;
  return {};
}

Result<std::vector<Group::FreshTurn>> Group::FreshTurns(
    const std::vector<ClaimedTurn>& turns) {
  std::vector<FreshTurn> fresh;
  std::set<std::string> seen;
  for (const ClaimedTurn& turn : turns) {
    std::vector<ClaimDigest> claims;
    for (const auto& claim : turn.claims) {
      if (claim) claims.push_back(*claim);
    }
    std::string key = ClaimedTurnKey(claims);
    TRY_ASSIGN(const auto known, FindKey(key));
    if (!known && seen.insert(key).second) {
      fresh.push_back({&turn, std::move(key)});
    }
  }
  return fresh;
}

Status Group::PutRecords() {
  for (const auto& [sequence, record] : records_) {
    std::optional<uint64_t> previous;
    if (sequence <= last_before_) {
      TRY_ASSIGN(const auto opening, OpeningOf(store_, sequence));
      if (opening) previous = opening->leaf;
    }
    const std::string json = ToJson(record);
    batch_.Put(Family::kExchange, SequenceKey(sequence), json);
    AddVersion(sequence, json, previous, random_, &tree_, &batch_);
  }
  totals_.leaves = tree_.size();
  return {};
}

Result<Batch> Group::Finish() {
  if (totals_.pending_exchanges == 0) {
    totals_.indexed_through = totals_.last_sequence;
  }
  TRY(PutRecords());
  for (const auto& [key, sequences] : keys_) {
    batch_.Put(Family::kKey, key, SequencesValue(sequences));
  }
  for (const auto& [id, sequence] : ids_) {
    batch_.Put(Family::kId, IdKey(id), SequenceKey(sequence));
  }
  for (const auto& [name, totals] : models_) {
    batch_.Put(Family::kMeta, ModelKey(name), ModelToJson(name, totals));
  }
  batch_.Put(Family::kMeta, kTotalsKey, TotalsToJson(totals_));
  return std::move(batch_);
}

}  // namespace cofferdam::ledger
