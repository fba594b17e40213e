#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/clock.h"

namespace cofferdam::policy {

// Among whom a rule's limits are counted.
enum class Per { kCompany, kTeam, kPerson, kKey };
// "company", "team", "person", "key".
std::string_view PerName(Per per);

// The numbers that a rule attaches to the requests it lets through; 0: none.
struct RateLimit {
  // Admitted in any 60 seconds, at most.
  int64_t requests_per_minute = 0;
  // By their bound while they run, by what they used once they ended. A request
  // whose bound alone is above the limit passes when nothing else is counted:
  // a limit of speed makes people wait and forbids nothing.
  int64_t tokens_per_minute = 0;
  // Running at one time: from admission until the ticket is dropped.
  int64_t streams = 0;
  Per per = Per::kPerson;

  bool any() const {
    return requests_per_minute > 0 || tokens_per_minute > 0 || streams > 0;
  }
};

// Who asks; only the one that `per` names is looked at. An empty team is the
// team of those who have none.
struct RateSubject {
  std::string_view person_id, team, key_id;
};

// Which limit was reached.
enum class RateReached { kNothing, kRequests, kTokens, kStreams, kSubjects };
// "at most 30 requests per minute for each person": for a refusal.
std::string DescribeRate(const RateLimit& limit, RateReached reached);

class RateLimits;

// An admitted request's place among the running ones; frees it when dropped.
// Move-only; from one thread at a time. Its RateLimits outlives it.
class RateTicket {
 public:
  RateTicket() = default;
  RateTicket(RateTicket&& other) noexcept { *this = std::move(other); }
  RateTicket& operator=(RateTicket&& other) noexcept;
  ~RateTicket() { Drop(); }

  // The request has ended: frees its place, and corrects the tokens that were
  // charged by the bound. Less is given back to the minute in which it began,
  // more is charged to the present one.
  void Settle(int64_t tokens);
  // Frees the place now; what the request was charged stays.
  void Drop();
  bool open() const { return limits_ != nullptr; }

 private:
  friend class RateLimits;
  RateLimits* limits_ = nullptr;
  void* subject_ = nullptr;  // RateLimits::Subject
  size_t shard_ = 0;
  int64_t slot_ = 0;
  int64_t tokens_ = 0;
};

struct RateAnswer {
  RateTicket ticket;
  RateReached reached = RateReached::kNothing;
  // If it may not: when another try is worth while; at least 1. For requests
  // and tokens the exact end of the wait if nobody else comes, for streams a
  // guess.
  int64_t wait_ms = 0;
};

// Counts what passes under the rules' limits, for each rule and subject, in
// memory. All of a rule's limits are checked and counted in one step under one
// lock, so that no race lets one too many through. A refused request counts
// nothing.
//
// Time is cut into slots of 4 s; 16 of them are kept, so that what is admitted
// counts for 60 to 64 s and no span of 60 s sees more than the limit. The
// steady clock is used: a jump of the wall clock changes nothing. A rule is
// known by its name: its counters outlive a reload that keeps the name and
// `per`, with other numbers or not.
//
// At most `subjects_max` subjects are kept; those that are idle for a minute
// are forgotten as others come. When all are busy a new one is refused
// (kSubjects). About 400 bytes a subject, and no allocation for a known one;
// 64 shards, each under its own mutex. Safe from any thread.
class RateLimits {
 public:
  static constexpr size_t kSubjectsMax = size_t{1} << 20;

  // `clock` outlives it.
  explicit RateLimits(const Clock& clock, size_t subjects_max = kSubjectsMax);
  RateLimits(const RateLimits&) = delete;
  RateLimits& operator=(const RateLimits&) = delete;

  // `tokens_bound` is what the request may use at most, not negative. A limit
  // of no numbers is admitted with a closed ticket, and counts nothing.
  struct Ask {
    std::string_view rule;
    RateLimit limit;
    RateSubject subject;
    int64_t tokens_bound = 0;
  };
  // Admitted if `reached` is kNothing.
  RateAnswer Admit(const Ask& ask);

  // How many subjects are kept.
  size_t subjects() const;

 private:
  friend class RateTicket;
  static constexpr int64_t kSlotMicros = 4'000'000;
  static constexpr int64_t kSlots = 16;
  static constexpr size_t kShards = 64;

  struct Counts {
    int64_t requests = 0;
    int64_t tokens = 0;
  };
  struct Key {
    Per per;
    std::string_view rule, subject;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& key) const;
  };
  struct Subject {
    std::string rule, subject;
    Per per;
    int64_t newest = 0;  // slot
    std::array<Counts, kSlots> slots{};
    int64_t open = 0;  // tickets; 0 and no count in a slot: idle

    Key key() const { return {per, rule, subject}; }
    void Advance(int64_t slot);
    bool Holds(int64_t slot) const { return slot > newest - kSlots; }
    Counts Sum() const;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::list<Subject> by_use;  // the latest first
    std::unordered_map<Key, std::list<Subject>::iterator, KeyHash> by_key;
  };

  int64_t Slot() const { return clock_.SteadyMicros() / kSlotMicros; }
  // Null when the shard is full of busy ones.
  Subject* FindOrAdd(Shard& shard, const Key& key, int64_t slot);
  void ForgetIdle(Shard& shard, int64_t slot) const;
  static RateReached Reached(const RateLimit& limit, const Subject& subject,
                             int64_t tokens);
  int64_t WaitMs(const Ask& ask, const Subject& subject,
                 RateReached reached) const;
  void Settle(const RateTicket& ticket, int64_t tokens);

  const Clock& clock_;
  const size_t shard_subjects_max_;
  std::array<Shard, kShards> shards_;
};

}  // namespace cofferdam::policy
