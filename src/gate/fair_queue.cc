#include "gate/fair_queue.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace cofferdam::gate {
namespace {

constexpr int64_t kMinuteMicros = 60'000'000;  // also: level of one unit
constexpr int64_t kBurstParts = 8;
// Keeps sums of debts far from overflow.
constexpr int64_t kDebtMax = int64_t{1} << 62;

}  // namespace

// What 60 s can take is less than burst + refill: for whole requests the last
// one is given to the refill, so that a limit of 1 refills, too.
void RateBucket::SetPerMinute(int64_t per_minute, int64_t now_micros) {
  CHECK(per_minute >= 0 && per_minute <= kPerMinuteMax);
  const bool first = per_minute_ == 0;
  if (!first) Refill(now_micros);
  per_minute_ = per_minute;
  const int64_t burst = std::max<int64_t>(per_minute / kBurstParts, 1);
  refill_ = per_minute - burst + 1;
  burst_ = burst * kMinuteMicros;
  level_ = first ? burst_ : std::min(level_, burst_);
  at_micros_ = std::max(at_micros_, now_micros);
}

void RateBucket::Refill(int64_t now_micros) {
  if (per_minute_ == 0 || now_micros <= at_micros_) return;
  const int64_t elapsed = now_micros - at_micros_;
  at_micros_ = now_micros;
  const int64_t missing = burst_ - level_;
  level_ = elapsed > missing / refill_ ? burst_ : level_ + elapsed * refill_;
}

bool RateBucket::Has(int64_t amount) const { return WaitMicros(amount) == 0; }

void RateBucket::Take(int64_t amount) {
  if (per_minute_ == 0) return;
  level_ -= std::min(amount, kAmountMax) * kMinuteMicros;
  level_ = std::max(level_, -kDebtMax);
}

void RateBucket::Correct(int64_t taken, int64_t used, int64_t taken_micros,
                         int64_t now_micros) {
  if (per_minute_ == 0) return;
  taken = std::min(taken, kAmountMax);
  used = std::min(used, kAmountMax);
  Refill(now_micros);
  if (used >= taken) {
    Take(used - taken);
    return;
  }
  const int64_t over = (taken - used) * kMinuteMicros;
  const int64_t elapsed = std::max<int64_t>(now_micros - taken_micros, 0);
  if (elapsed > over / refill_) return;
  level_ = std::min(level_ + over - elapsed * refill_, burst_);
}

int64_t RateBucket::WaitMicros(int64_t amount) const {
  if (per_minute_ == 0) return 0;
  const int64_t wanted =
      std::min(std::min(amount, kAmountMax) * kMinuteMicros, burst_);
  if (level_ >= wanted) return 0;
  return (wanted - level_ + refill_ - 1) / refill_;
}

FairQueue::FairQueue(const Limits& limits, int64_t now_micros) {
  SetLimits(limits, now_micros);
}

void FairQueue::SetLimits(const Limits& limits, int64_t now_micros) {
  limits_ = limits;
  requests_.SetPerMinute(limits.requests_per_minute, now_micros);
  tokens_.SetPerMinute(limits.tokens_per_minute, now_micros);
}

double FairQueue::Size(int64_t tokens) const {
  double size = 0;
  if (limits_.requests_per_minute > 0) {
    size = 1.0 / static_cast<double>(limits_.requests_per_minute);
  }
  if (limits_.tokens_per_minute > 0) {
    size = std::max(size, static_cast<double>(tokens) /
                              static_cast<double>(limits_.tokens_per_minute));
  }
  return size;
}

bool FairQueue::HasFor(int64_t tokens) const {
  return requests_.Has(1) && tokens_.Has(tokens);
}

FairQueue::Person& FairQueue::Find(std::string_view name) {
  auto it = people_.find(name);
  if (it != people_.end()) return *it->second;
  auto person = std::make_unique<Person>();
  person->name = name;
  person->finish = now_;
  Person& added = *person;
  people_.emplace(added.name, std::move(person));
  idle_.emplace(added.finish, &added);
  return added;
}

// A person whose line has begun, or whose first in line went.
void FairQueue::Queue(Person& person) {
  idle_.erase({person.finish, &person});
  person.start = std::max(now_, person.finish);
  person.turn = next_++;
  turns_.insert(TurnOf(person));
}

void FairQueue::Idle(Person& person) {
  turns_.erase(TurnOf(person));
  idle_.emplace(person.finish, &person);
}

// Whoever had no more than others counts as new.
void FairQueue::ForgetIdle() {
  while (!idle_.empty()) {
    Person* person = idle_.begin()->second;
    if (idle_.size() > kIdleMax) now_ = std::max(now_, person->finish);
    if (person->finish > now_) return;
    idle_.erase(idle_.begin());
    people_.erase(std::string_view(person->name));
  }
}

// The person is in neither set.
void FairQueue::Go(Person& person, int64_t tokens, double weight) {
  requests_.Take(1);
  tokens_.Take(tokens);
  now_ = std::max(now_, person.start);
  person.finish = person.start + Size(tokens) / weight;
}

FairQueue::Entered FairQueue::Enter(const Ask& ask, int64_t now_micros) {
  CHECK(ask.weight >= 1 && ask.weight <= kWeightMax && ask.tokens >= 0);
  requests_.Refill(now_micros);
  tokens_.Refill(now_micros);
  const auto weight = static_cast<double>(ask.weight);
  if (turns_.empty() && HasFor(ask.tokens)) {
    const bool contention =
        (limits_.requests_per_minute > 0 && !requests_.full()) ||
        (limits_.tokens_per_minute > 0 && !tokens_.full());
    if (!contention) {
      idle_.clear();
      people_.clear();
    }
    Person& person = Find(ask.person);
    idle_.erase({person.finish, &person});
    person.start = std::max(now_, person.finish);
    Go(person, ask.tokens, weight);
    idle_.emplace(person.finish, &person);
    ForgetIdle();
    return {Outcome::kMayGo};
  }
  auto known = people_.find(ask.person);
  const size_t ahead = known == people_.end() ? 0 : known->second->line.size();
  if (ahead >= limits_.waiting_per_person_max) return {Outcome::kLineFull};
  Entered entered = {Outcome::kWaits};
  if (waiters_.size() >= limits_.waiting_max) {
    entered.pushed_out = PushOut(ahead + 1);
    if (entered.pushed_out == 0) return {Outcome::kQueueFull};
  }
  Person& person = Find(ask.person);
  entered.waiter = next_++;
  person.line.push_back({entered.waiter, ask.tokens, weight});
  waiters_.emplace(entered.waiter,
                   Place{&person, std::prev(person.line.end())});
  if (person.line.size() == 1) Queue(person);
  return entered;
}

uint64_t FairQueue::PushOut(size_t longer_than) {
  Person* longest = nullptr;
  for (const Turn& turn : turns_) {
    Person* person = std::get<Person*>(turn);
    if (person->line.size() <= longer_than) continue;
    longer_than = person->line.size();
    longest = person;
  }
  if (longest == nullptr) return 0;
  const uint64_t last = longest->line.back().id;
  Leave(last);
  return last;
}

// The next in line inherits the turn of one who leaves from its head.
bool FairQueue::Leave(uint64_t waiter) {
  auto it = waiters_.find(waiter);
  if (it == waiters_.end()) return false;
  Person& person = *it->second.person;
  person.line.erase(it->second.at);
  waiters_.erase(it);
  if (person.line.empty()) Idle(person);
  return true;
}

std::vector<uint64_t> FairQueue::Admit(int64_t now_micros) {
  requests_.Refill(now_micros);
  tokens_.Refill(now_micros);
  std::vector<uint64_t> gone;
  while (!turns_.empty()) {
    Person& person = *std::get<Person*>(*turns_.begin());
    const Waiter first = person.line.front();
    if (!HasFor(first.tokens)) break;
    turns_.erase(turns_.begin());
    Go(person, first.tokens, first.weight);
    person.line.pop_front();
    waiters_.erase(first.id);
    gone.push_back(first.id);
    if (person.line.empty()) {
      idle_.emplace(person.finish, &person);
    } else {
      Queue(person);
    }
  }
  ForgetIdle();
  return gone;
}

int64_t FairQueue::WaitMicros(int64_t now_micros) {
  if (turns_.empty()) return -1;
  requests_.Refill(now_micros);
  tokens_.Refill(now_micros);
  const Waiter& first = std::get<Person*>(*turns_.begin())->line.front();
  return std::max(requests_.WaitMicros(1), tokens_.WaitMicros(first.tokens));
}

void FairQueue::Settle(int64_t bound, int64_t used, int64_t gone_micros,
                       int64_t now_micros) {
  tokens_.Correct(bound, used, gone_micros, now_micros);
}

}  // namespace cofferdam::gate
