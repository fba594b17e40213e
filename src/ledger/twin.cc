#include <algorithm>
#include <cstdlib>
#include <set>
#include <string>

#include "ledger/group_internal.h"
#include "ledger/keys_internal.h"

// Agents that do not keep the provider's id of an answer keep what it used and
// what it said, which tells it as well: a prompt grows with every turn, so that
// two answers hardly ever use the same to the token.
namespace cofferdam::ledger {
namespace {

// Exchanges of one usage, or that hold one text, that are looked at.
constexpr size_t kSameUsageMax = 256;
constexpr size_t kSameClaimMax = 64;
// Between the gate's time of an answer and the agent's: their clocks, and an
// agent's habit to write down when a turn began.
constexpr int64_t kApartMicros = int64_t{3600} * 1'000'000;
// Between two histories' times of one answer: a copy has the same.
constexpr int64_t kCopyApartMicros = 1'000'000;
// A text that long is no accident, even where nobody says what it used.
constexpr uint64_t kTellingBytes = 200;

bool IsNear(const Exchange& a, const Exchange& b, int64_t apart_micros) {
  if (a.times.finished == 0 || b.times.finished == 0) return true;
  return std::abs(a.times.finished - b.times.finished) <= apart_micros;
}

bool UsedTheSame(const Exchange& a, const Exchange& b) {
  return InputTokens(a.usage) == InputTokens(b.usage) &&
         a.usage.output_tokens == b.usage.output_tokens;
}

bool DifferWhereBothSay(const std::string& a, const std::string& b) {
  return !a.empty() && !b.empty() && a != b;
}

}  // namespace

void Group::PutUsageKey(const Exchange& exchange) {
  std::optional<std::string> key = UsageKey(exchange);
  if (!key) return;
  key->append(SequenceKey(exchange.sequence));
  batch_.Put(Family::kKey, *key, SequenceKey(exchange.sequence));
  usages_.insert(*std::move(key));
}

Result<bool> Group::HoldsClaim(const ClaimDigest& claim, uint64_t sequence) {
  const std::string key = ClaimKey(claim, sequence);
  if (claims_.contains(key)) return true;
  TRY_ASSIGN(const auto value, store_.Get(Family::kClaim, key));
  return value.has_value();
}

Result<std::vector<uint64_t>> Group::TwinCandidates(
    const PreparedDraft& draft) {
  std::set<uint64_t> found;
  const auto collect = [&found](std::string_view head, size_t limit) {
    return [&found, head, left = limit](std::string_view key,
                                        std::string_view) mutable {
      if (!key.starts_with(head) || left-- == 0) return false;
      const auto sequence = SequenceOfKey(key.substr(head.size()));
      if (sequence) found.insert(*sequence);
      return true;
    };
  };
  const auto here = [](const std::set<std::string, std::less<>>& keys,
                       std::string_view head, auto visit) {
    for (auto at = keys.lower_bound(head); at != keys.end(); ++at) {
      if (!visit(*at, std::string_view())) break;
    }
  };
  if (const auto usage = UsageKey(draft.exchange)) {
    TRY(store_.Scan(Family::kKey, *usage, collect(*usage, kSameUsageMax)));
    here(usages_, *usage, collect(*usage, kSameUsageMax));
  }
  // The longest text is the least likely to be somebody else's too.
  const std::vector<PartRecord>& parts = draft.exchange.parts;
  size_t longest = parts.size();
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!draft.claims[i]) continue;
    if (longest == parts.size() || parts[i].bytes > parts[longest].bytes) {
      longest = i;
    }
  }
  if (longest < parts.size()) {
    const std::string head =
        ClaimKey(*draft.claims[longest], 0).substr(0, kClaimBytes);
    TRY(store_.Scan(Family::kClaim, head, collect(head, kSameClaimMax)));
    here(claims_, head, collect(head, kSameClaimMax));
  }
  return std::vector<uint64_t>(found.begin(), found.end());
}

Result<bool> Group::SharesOutput(const PreparedDraft& draft,
                                 const Exchange& other, uint64_t bytes_min) {
  std::set<std::string_view> calls;
  for (const PartRecord& part : other.parts) {
    if (!part.call_id.empty()) calls.insert(part.call_id);
  }
  for (const PartRecord& part : draft.exchange.parts) {
    if (calls.contains(part.call_id)) return true;
  }
  for (size_t i = 0; i < draft.claims.size(); ++i) {
    const auto& claim = draft.claims[i];
    if (!claim || draft.exchange.parts[i].bytes < bytes_min) continue;
    TRY_ASSIGN(const bool holds, HoldsClaim(*claim, other.sequence));
    if (holds) return true;
  }
  return false;
}

Result<bool> Group::IsTwin(const PreparedDraft& draft, const Exchange& other) {
  const Exchange& mine = draft.exchange;
  if (other.continues || other.operation != mine.operation ||
      DifferWhereBothSay(other.origin.person, mine.origin.person)) {
    return false;
  }
  if (other.route == Route::kContext) {
    // All of the turn must be the answer's.
    size_t held = 0;
    std::set<std::string_view> said;
    for (const PartRecord& part : other.parts) said.insert(part.digest);
    std::set<ClaimDigest> mine_claims;
    for (const auto& claim : draft.claims) {
      if (claim) mine_claims.insert(*claim);
    }
    for (const ClaimDigest& claim : mine_claims) {
      TRY_ASSIGN(const bool holds, HoldsClaim(claim, other.sequence));
      held += holds ? 1 : 0;
    }
    return !said.empty() && held >= said.size();
  }
  if (other.origin.provider != mine.origin.provider ||
      DifferWhereBothSay(other.provider_response_id,
                         mine.provider_response_id)) {
    return false;
  }
  const bool both_reported =
      other.usage_source == wire::UsageSource::kReported &&
      mine.usage_source == wire::UsageSource::kReported;
  if (both_reported && !UsedTheSame(other, mine)) return false;
  if (other.route == Route::kImport) {
    // Agents copy answers when a session is forked.
    if (other.session == mine.session || !both_reported ||
        !IsNear(other, mine, kCopyApartMicros)) {
      return false;
    }
  } else if (!IsNear(other, mine, kApartMicros)) {
    return false;
  }
  // Nothing of what was said is left to compare.
  if (other.purged == Purged::kRecord) return both_reported;
  const bool told = both_reported || other.session == mine.session;
  return SharesOutput(draft, other, told ? 0 : kTellingBytes);
}

Result<std::optional<uint64_t>> Group::FindTwin(const PreparedDraft& draft) {
  std::optional<uint64_t> best;
  std::pair<bool, int64_t> best_rank;
  TRY_ASSIGN(const auto candidates, TwinCandidates(draft));
  for (uint64_t sequence : candidates) {
    TRY_ASSIGN(const Exchange other, Record(sequence));
    TRY_ASSIGN(const bool is_twin, IsTwin(draft, other));
    if (!is_twin) continue;
    const std::pair<bool, int64_t> rank(
        other.session != draft.exchange.session,
        std::abs(other.times.finished - draft.exchange.times.finished));
    if (best && best_rank <= rank) continue;
    best = sequence;
    best_rank = rank;
  }
  return best;
}

}  // namespace cofferdam::ledger
