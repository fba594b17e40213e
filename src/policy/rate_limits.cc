#include "policy/rate_limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/hash.h"

namespace cofferdam::policy {
namespace {

// Bounds what one request adds, so that no sum overflows.
constexpr int64_t kTokensMax = int64_t{1} << 40;
// Nobody knows when a stream ends.
constexpr int64_t kStreamsWaitMs = 2'000;
// How many subjects a request looks at to forget those that are idle.
constexpr int kLooks = 2;
constexpr int kLooksWhenFull = 64;

std::string_view Named(const RateSubject& subject, Per per) {
  switch (per) {
    case Per::kCompany:
      return "";
    case Per::kTeam:
      return subject.team;
    case Per::kPerson:
      return subject.person_id;
    case Per::kKey:
      return subject.key_id;
  }
  CHECK(false);
}

std::string_view ForWhom(Per per) {
  switch (per) {
    case Per::kCompany:
      return "the whole company";
    case Per::kTeam:
      return "each team";
    case Per::kPerson:
      return "each person";
    case Per::kKey:
      return "each key";
  }
  CHECK(false);
}

// "1 request", "30 requests".
std::string Counted(int64_t number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

}  // namespace

std::string_view PerName(Per per) {
  switch (per) {
    case Per::kCompany:
      return "company";
    case Per::kTeam:
      return "team";
    case Per::kPerson:
      return "person";
    case Per::kKey:
      return "key";
  }
  CHECK(false);
}

std::string DescribeRate(const RateLimit& limit, RateReached reached) {
  const std::string_view whom = ForWhom(limit.per);
  switch (reached) {
    case RateReached::kNothing:
      return "";
    case RateReached::kRequests:
      return fmt::format("at most {} per minute for {}",
                         Counted(limit.requests_per_minute, "request"), whom);
    case RateReached::kTokens:
      return fmt::format("at most {} per minute for {}",
                         Counted(limit.tokens_per_minute, "token"), whom);
    case RateReached::kStreams:
      return fmt::format("at most {} at one time for {}",
                         Counted(limit.streams, "request"), whom);
    case RateReached::kSubjects:
      return "the gate counts for as many people and keys as it can";
  }
  CHECK(false);
}

RateTicket& RateTicket::operator=(RateTicket&& other) noexcept {
  if (this != &other) {
    Drop();
    limits_ = std::exchange(other.limits_, nullptr);
    subject_ = other.subject_;
    shard_ = other.shard_;
    slot_ = other.slot_;
    tokens_ = other.tokens_;
  }
  return *this;
}

void RateTicket::Settle(int64_t tokens) {
  CHECK(tokens >= 0);
  if (limits_ == nullptr) return;
  std::exchange(limits_, nullptr)->Settle(*this, std::min(tokens, kTokensMax));
}

void RateTicket::Drop() {
  if (limits_ == nullptr) return;
  std::exchange(limits_, nullptr)->Settle(*this, tokens_);
}

RateLimits::RateLimits(const Clock& clock, size_t subjects_max)
    : clock_(clock),
      shard_subjects_max_(std::max<size_t>(subjects_max / kShards, 1)) {}

size_t RateLimits::KeyHash::operator()(const Key& key) const {
  return Hash64(key.subject, Hash64(key.rule, static_cast<uint64_t>(key.per)));
}

// Clears what has left the minute. The clock is read before the lock is held,
// so `slot` may be behind what another thread has seen.
void RateLimits::Subject::Advance(int64_t slot) {
  if (slot <= newest) return;
  const int64_t from = std::max(newest + 1, slot - kSlots + 1);
  for (int64_t i = from; i <= slot; ++i) slots[i % kSlots] = Counts();
  newest = slot;
}

RateLimits::Counts RateLimits::Subject::Sum() const {
  Counts sum;
  for (const Counts& counts : slots) {
    sum.requests += counts.requests;
    sum.tokens += counts.tokens;
  }
  return sum;
}

RateReached RateLimits::Reached(const RateLimit& limit, const Subject& subject,
                                int64_t tokens) {
  const Counts sum = subject.Sum();
  if (limit.streams > 0 && subject.open >= limit.streams) {
    return RateReached::kStreams;
  }
  if (limit.requests_per_minute > 0 &&
      sum.requests >= limit.requests_per_minute) {
    return RateReached::kRequests;
  }
  if (limit.tokens_per_minute > 0 && sum.tokens > 0 &&
      sum.tokens > limit.tokens_per_minute - tokens) {
    return RateReached::kTokens;
  }
  return RateReached::kNothing;
}

// Plays the passing of the slots until the request would be let through.
int64_t RateLimits::WaitMs(const Ask& ask, const Subject& subject,
                           RateReached reached) const {
  if (reached == RateReached::kStreams) return kStreamsWaitMs;
  const int64_t tokens = std::min(ask.tokens_bound, kTokensMax);
  RateLimit limit = ask.limit;
  limit.streams = 0;
  Subject later = {
      .per = subject.per, .newest = subject.newest, .slots = subject.slots};
  for (int64_t i = 0; i < kSlots; ++i) {
    if (Reached(limit, later, tokens) == RateReached::kNothing) break;
    later.Advance(later.newest + 1);
  }
  const int64_t wait = later.newest * kSlotMicros - clock_.SteadyMicros() + 999;
  return std::max<int64_t>(wait / 1000, 1);
}

// Looks at a few of those that were used least recently, so that forgetting
// costs the same whoever comes and however many there are.
void RateLimits::ForgetIdle(Shard& shard, int64_t slot) const {
  const int looks =
      shard.by_key.size() < shard_subjects_max_ ? kLooks : kLooksWhenFull;
  for (int i = 0; i < looks && !shard.by_use.empty(); ++i) {
    auto last = std::prev(shard.by_use.end());
    if (last->newest > slot - kSlots) return;
    if (last->open > 0) {
      shard.by_use.splice(shard.by_use.begin(), shard.by_use, last);
      continue;
    }
    shard.by_key.erase(last->key());
    shard.by_use.erase(last);
  }
}

RateLimits::Subject* RateLimits::FindOrAdd(Shard& shard, const Key& key,
                                           int64_t slot) {
  auto it = shard.by_key.find(key);
  if (it != shard.by_key.end()) {
    shard.by_use.splice(shard.by_use.begin(), shard.by_use, it->second);
    return &*it->second;
  }
  if (shard.by_key.size() >= shard_subjects_max_) return nullptr;
  shard.by_use.push_front({.rule = std::string(key.rule),
                           .subject = std::string(key.subject),
                           .per = key.per,
                           .newest = slot});
  shard.by_key.emplace(shard.by_use.front().key(), shard.by_use.begin());
  return &shard.by_use.front();
}

RateAnswer RateLimits::Admit(const Ask& ask) {
  CHECK(ask.tokens_bound >= 0);
  if (!ask.limit.any()) return {};
  const Key key = {ask.limit.per, ask.rule, Named(ask.subject, ask.limit.per)};
  const int64_t tokens = std::min(ask.tokens_bound, kTokensMax);
  const int64_t slot = Slot();
  const size_t index = (KeyHash()(key) >> 32) % kShards;
  Shard& shard = shards_[index];
  std::lock_guard lock(shard.mutex);
  ForgetIdle(shard, slot);
  RateAnswer answer;
  Subject* subject = FindOrAdd(shard, key, slot);
  if (subject == nullptr) {
    answer.reached = RateReached::kSubjects;
    answer.wait_ms = kSlotMicros / 1000;
    return answer;
  }
  subject->Advance(slot);
  answer.reached = Reached(ask.limit, *subject, tokens);
  if (answer.reached != RateReached::kNothing) {
    answer.wait_ms = WaitMs(ask, *subject, answer.reached);
    return answer;
  }
  Counts& now = subject->slots[subject->newest % kSlots];
  now.requests += 1;
  now.tokens += tokens;
  subject->open += 1;
  answer.ticket.limits_ = this;
  answer.ticket.subject_ = subject;
  answer.ticket.shard_ = index;
  answer.ticket.slot_ = subject->newest;
  answer.ticket.tokens_ = tokens;
  return answer;
}

void RateLimits::Settle(const RateTicket& ticket, int64_t tokens) {
  const int64_t slot = Slot();
  std::lock_guard lock(shards_[ticket.shard_].mutex);
  // Not forgotten while it has an open ticket.
  Subject& subject = *static_cast<Subject*>(ticket.subject_);
  subject.open -= 1;
  const int64_t more = tokens - ticket.tokens_;
  if (more == 0) return;
  subject.Advance(slot);
  if (more > 0) {
    subject.slots[subject.newest % kSlots].tokens += more;
  } else if (subject.Holds(ticket.slot_)) {
    subject.slots[ticket.slot_ % kSlots].tokens += more;
  }
}

size_t RateLimits::subjects() const {
  size_t count = 0;
  for (const Shard& shard : shards_) {
    std::lock_guard lock(shard.mutex);
    count += shard.by_key.size();
  }
  return count;
}

}  // namespace cofferdam::policy
