#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace cofferdam::gate {

// An amount per minute that refills steadily: level, refill and burst such that
// no 60 seconds see more than `per_minute`, except for one amount that is
// larger than the burst (an eighth of it): it passes when the level is full,
// and leaves a debt. Whole micro-units of a minute; no drift.
class RateBucket {
 public:
  static constexpr int64_t kPerMinuteMax = 10'000'000'000;
  // Of one request; more counts as this.
  static constexpr int64_t kAmountMax = 1'000'000'000;

  // 0: no limit. Starts full.
  void SetPerMinute(int64_t per_minute, int64_t now_micros);
  void Refill(int64_t now_micros);
  // The rest as of the last Refill.
  bool Has(int64_t amount) const;
  bool full() const { return level_ >= burst_; }
  void Take(int64_t amount);
  // Corrects an amount taken at `taken_micros`: what was too little is taken;
  // of what was too much, what has not been refilled since is given back.
  void Correct(int64_t taken, int64_t used, int64_t taken_micros,
               int64_t now_micros);
  // Until Has(amount), if nobody takes anything.
  int64_t WaitMicros(int64_t amount) const;
  int64_t per_minute() const { return per_minute_; }

 private:
  int64_t per_minute_ = 0;
  int64_t refill_ = 0;  // per minute
  int64_t burst_ = 0;   // in 1/60,000,000 of a unit, as is level_
  int64_t level_ = 0;
  int64_t at_micros_ = 0;
};

// Shares a provider's capacity between people: who may go when, without
// threads, clocks or coroutines, so that a test can play a day of it.
//
// A request goes at once where nobody waits and there is capacity. Else it
// waits in its person's line, and the lines take turns by start-time fair
// queueing (Goyal, Vin, Cheng 1996), a weighted round robin whose steps are as
// long as the requests are large: a person's turn comes when what they had,
// divided by their weight, is the least. So while two people wait, what they
// get differs, by weight, by no more than one request each; and whoever waits
// alone in line goes after at most one request of each other person, however
// many those have lined up. The next in turn is never overtaken by a smaller
// one, so that a large one cannot starve.
//
// Size of a request: the larger of its shares of both limits. What a person had
// counts until the others had as much, or until there was no contention.
// O(log people) a request; not thread-safe.
class FairQueue {
 public:
  struct Limits {
    int64_t requests_per_minute = 0;  // 0: none
    int64_t tokens_per_minute = 0;
    size_t waiting_max = 16'384;
    size_t waiting_per_person_max = 256;
  };
  static constexpr int64_t kWeightMax = 1'000;
  // Of those who don't wait, how many are remembered for what they had.
  static constexpr size_t kIdleMax = 65'536;

  FairQueue(const Limits& limits, int64_t now_micros);
  // Keeps who waits and what was had.
  void SetLimits(const Limits& limits, int64_t now_micros);

  struct Ask {
    std::string_view person;
    int64_t weight = 1;  // 1 .. kWeightMax
    int64_t tokens = 0;  // its bound
  };
  enum class Outcome {
    kMayGo,
    kWaits,
    kLineFull,   // the person's own line has waiting_per_person_max
    kQueueFull,  // waiting_max wait, and nobody's line is longer
  };
  struct Entered {
    Outcome outcome;
    uint64_t waiter = 0;  // of kWaits
    // When the queue was full: the last of the longest line, who had to make
    // room; 0: nobody.
    uint64_t pushed_out = 0;
  };
  Entered Enter(const Ask& ask, int64_t now_micros);
  // Takes a waiter out; false if it does not wait (any more).
  bool Leave(uint64_t waiter);
  // Takes out all who may go now, in order.
  std::vector<uint64_t> Admit(int64_t now_micros);
  // Until Admit has somebody, if nobody comes or leaves; none waits: -1.
  int64_t WaitMicros(int64_t now_micros);
  // A request that was let go at `gone_micros` has used so many tokens.
  void Settle(int64_t bound, int64_t used, int64_t gone_micros,
              int64_t now_micros);

  size_t waiting() const { return waiters_.size(); }
  const Limits& limits() const { return limits_; }

 private:
  struct Waiter {
    uint64_t id;
    int64_t tokens;
    double weight;
  };
  struct Person {
    std::string name;
    double start = 0;   // of the first in line
    double finish = 0;  // of the last that went
    uint64_t turn = 0;  // breaks ties: who came first
    std::list<Waiter> line;
  };
  struct Place {
    Person* person;
    std::list<Waiter>::iterator at;
  };
  using Turn = std::tuple<double, uint64_t, Person*>;

  double Size(int64_t tokens) const;
  bool HasFor(int64_t tokens) const;
  void Go(Person& person, int64_t tokens, double weight);
  Person& Find(std::string_view name);
  void Queue(Person& person);
  void Idle(Person& person);
  void ForgetIdle();
  uint64_t PushOut(size_t longer_than);
  Turn TurnOf(Person& person) { return {person.start, person.turn, &person}; }

  Limits limits_;
  RateBucket requests_;
  RateBucket tokens_;
  double now_ = 0;  // virtual time: the start of the last that went
  uint64_t next_ = 1;
  std::unordered_map<std::string_view, std::unique_ptr<Person>> people_;
  std::set<Turn> turns_;                       // those with a line
  std::set<std::pair<double, Person*>> idle_;  // the others, by finish
  std::unordered_map<uint64_t, Place> waiters_;
};

}  // namespace cofferdam::gate
