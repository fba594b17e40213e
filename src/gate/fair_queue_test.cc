#include "gate/fair_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <random>

namespace cofferdam::gate {
namespace {

using Outcome = FairQueue::Outcome;

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kMinute = 60 * kSecond;

// Takes whatever the bucket gives at once.
int64_t TakeAll(RateBucket& bucket) {
  int64_t taken = 0;
  for (; bucket.Has(1); ++taken) bucket.Take(1);
  return taken;
}

TEST(RateBucketTest, NoMinuteSeesMoreThanTheLimit) {
  std::mt19937_64 random(1);
  for (int64_t limit : {1, 2, 3, 7, 8, 9, 60, 100, 1000}) {
    RateBucket bucket;
    int64_t now = 0;
    bucket.SetPerMinute(limit, now);
    std::deque<int64_t> taken;
    int64_t most = 0;
    for (int i = 0; i < 20'000; ++i) {
      now += static_cast<int64_t>(random() % (kMinute / (8 * limit)));
      bucket.Refill(now);
      for (int64_t n = TakeAll(bucket); n > 0; --n) taken.push_back(now);
      while (!taken.empty() && taken.front() <= now - kMinute) {
        taken.pop_front();
      }
      most = std::max(most, static_cast<int64_t>(taken.size()));
    }
    EXPECT_LE(most, limit);
    EXPECT_GE(most, limit - limit / 8 - 1);
  }
}

TEST(RateBucketTest, RefillsSteadilyAfterABurstOfAnEighth) {
  RateBucket bucket;
  bucket.SetPerMinute(80, 0);
  EXPECT_EQ(TakeAll(bucket), 10);
  const int64_t wait = bucket.WaitMicros(1);
  bucket.Refill(wait - 1);
  EXPECT_FALSE(bucket.Has(1));
  bucket.Refill(wait);
  EXPECT_TRUE(bucket.Has(1));
}

TEST(RateBucketTest, AnAmountAboveTheBurstPassesWhenFullAndLeavesADebt) {
  RateBucket bucket;
  bucket.SetPerMinute(800, 0);
  EXPECT_TRUE(bucket.Has(5000));
  bucket.Take(1);
  EXPECT_FALSE(bucket.Has(5000));
  bucket.Take(99);
  bucket.Refill(kMinute);
  EXPECT_TRUE(bucket.Has(5000));
  bucket.Take(5000);
  bucket.Refill(5 * kMinute);
  EXPECT_FALSE(bucket.Has(1));
  bucket.Refill(9 * kMinute);
  EXPECT_TRUE(bucket.Has(1));
}

TEST(RateBucketTest, GivesBackOnlyWhatHasNotComeBackByItself) {
  RateBucket at_once;
  at_once.SetPerMinute(800, 0);
  at_once.Take(100);
  at_once.Correct(100, 40, 0, 0);
  EXPECT_EQ(TakeAll(at_once), 60);
  RateBucket late;
  late.SetPerMinute(800, 0);
  late.Take(100);
  late.Refill(kMinute);
  late.Take(100);
  late.Correct(100, 0, 0, kMinute);
  EXPECT_EQ(TakeAll(late), 0);
}

TEST(RateBucketTest, TakesWhatWasUsedBeyondTheBound) {
  RateBucket bucket;
  bucket.SetPerMinute(800, 0);
  bucket.Take(10);
  bucket.Correct(10, 100, 0, 0);
  EXPECT_EQ(TakeAll(bucket), 0);
}

TEST(RateBucketTest, TheLargestAmountsAndTimesDoNotOverflow) {
  RateBucket bucket;
  bucket.SetPerMinute(RateBucket::kPerMinuteMax, 0);
  for (int i = 0; i < 1000; ++i) bucket.Take(INT64_MAX);
  EXPECT_FALSE(bucket.Has(1));
  EXPECT_GT(bucket.WaitMicros(INT64_MAX), 0);
  bucket.Refill(int64_t{1} << 61);
  EXPECT_TRUE(bucket.Has(INT64_MAX));
  bucket.Correct(INT64_MAX, 0, 0, int64_t{1} << 62);
  EXPECT_TRUE(bucket.full());
  bucket.Refill(5);  // back in time: nothing
  EXPECT_TRUE(bucket.full());
}

TEST(FairQueueTest, WithoutLimitsEverybodyGoes) {
  FairQueue queue({}, 0);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(queue.Enter({.person = "a", .tokens = 1 << 20}, 0).outcome,
              Outcome::kMayGo);
  }
  EXPECT_EQ(queue.WaitMicros(0), -1);
}

TEST(FairQueueTest, TakesTurnsBetweenPeopleNotRequests) {
  FairQueue queue({.requests_per_minute = 8}, 0);
  EXPECT_EQ(queue.Enter({"greedy"}, 0).outcome, Outcome::kMayGo);
  std::map<uint64_t, std::string> who;
  for (int i = 0; i < 5; ++i) who[queue.Enter({"greedy"}, 0).waiter] = "greedy";
  for (const char* name : {"b", "c"}) {
    for (int i = 0; i < 2; ++i) who[queue.Enter({name}, 0).waiter] = name;
  }
  std::string order;
  int64_t now = 0;
  while (queue.waiting() > 0) {
    const int64_t wait = queue.WaitMicros(now);
    EXPECT_GT(wait, 0);
    EXPECT_TRUE(queue.Admit(now + wait - 1).empty());
    now += wait;
    for (uint64_t waiter : queue.Admit(now)) order += who[waiter][0];
  }
  // The greedy one's first request went already.
  EXPECT_EQ(order, "bcgbcgggg");
}

TEST(FairQueueTest, WhoHasMoreWeightGetsSoManyTimesTheShare) {
  FairQueue queue({.requests_per_minute = 800}, 0);
  std::map<uint64_t, char> who;
  for (int i = 0; i < 200; ++i) {
    who[queue.Enter({"one", 1}, 0).waiter] = '1';
    who[queue.Enter({"three", 3}, 0).waiter] = '3';
  }
  std::map<char, int> got;
  int64_t now = 0;
  for (int admitted = 0; admitted < 200;) {
    now += queue.WaitMicros(now);
    for (uint64_t waiter : queue.Admit(now)) {
      got[who[waiter]] += 1;
      ++admitted;
    }
  }
  EXPECT_NEAR(got['3'], 150, 30);  // beside what went at once
  EXPECT_NEAR(got['1'], 50, 30);
}

TEST(FairQueueTest, ALargeRequestIsNotOvertakenForEver) {
  FairQueue queue({.tokens_per_minute = 800}, 0);
  EXPECT_EQ(queue.Enter({"a", 1, 50}, 0).outcome, Outcome::kMayGo);
  const uint64_t large = queue.Enter({"b", 1, 700}, 0).waiter;
  ASSERT_NE(large, 0U);
  int64_t now = 0;
  bool gone = false;
  for (int i = 0; i < 60 && !gone; ++i) {
    now += kSecond;
    queue.Enter({"a", 1, 1}, now);
    for (uint64_t waiter : queue.Admit(now)) gone |= waiter == large;
  }
  EXPECT_TRUE(gone);
  EXPECT_LE(now, 10 * kSecond);
}

TEST(FairQueueTest, SettlingLessLetsTheNextGoAtOnce) {
  FairQueue queue({.tokens_per_minute = 800}, 0);
  EXPECT_EQ(queue.Enter({"a", 1, 100}, 0).outcome, Outcome::kMayGo);
  const uint64_t next = queue.Enter({"b", 1, 100}, 0).waiter;
  EXPECT_TRUE(queue.Admit(0).empty());
  queue.Settle(100, 0, 0, 0);
  EXPECT_EQ(queue.Admit(0), std::vector<uint64_t>{next});
}

TEST(FairQueueTest, OneWhoLeavesGivesTheTurnToTheNextInLine) {
  FairQueue queue({.requests_per_minute = 8}, 0);
  queue.Enter({"a"}, 0);
  const uint64_t first = queue.Enter({"b"}, 0).waiter;
  const uint64_t second = queue.Enter({"b"}, 0).waiter;
  const uint64_t other = queue.Enter({"c"}, 0).waiter;
  EXPECT_TRUE(queue.Leave(first));
  EXPECT_FALSE(queue.Leave(first));
  EXPECT_FALSE(queue.Leave(9999));
  EXPECT_EQ(queue.Admit(8 * kSecond), std::vector<uint64_t>{second});
  EXPECT_TRUE(queue.Leave(other));
  EXPECT_EQ(queue.WaitMicros(8 * kSecond), -1);
}

TEST(FairQueueTest, ALineTakesSoManyAndNotOneMore) {
  FairQueue queue({.requests_per_minute = 1, .waiting_per_person_max = 3}, 0);
  queue.Enter({"a"}, 0);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(queue.Enter({"a"}, 0).outcome, Outcome::kWaits);
  }
  EXPECT_EQ(queue.Enter({"a"}, 0).outcome, Outcome::kLineFull);
  EXPECT_EQ(queue.Enter({"b"}, 0).outcome, Outcome::kWaits);
}

TEST(FairQueueTest, AFullQueueMakesRoomAtTheExpenseOfTheLongestLine) {
  FairQueue queue({.requests_per_minute = 1, .waiting_max = 4}, 0);
  queue.Enter({"a"}, 0);
  std::vector<uint64_t> greedy;
  for (int i = 0; i < 4; ++i) greedy.push_back(queue.Enter({"a"}, 0).waiter);
  FairQueue::Entered b = queue.Enter({"b"}, 0);
  EXPECT_EQ(b.outcome, Outcome::kWaits);
  EXPECT_EQ(b.pushed_out, greedy[3]);
  EXPECT_EQ(queue.Enter({"a"}, 0).outcome, Outcome::kQueueFull);
  EXPECT_EQ(queue.Enter({"b"}, 0).pushed_out, greedy[2]);
  // Two and two: nobody's line is longer than the new one would be.
  EXPECT_EQ(queue.Enter({"b"}, 0).outcome, Outcome::kQueueFull);
  EXPECT_EQ(queue.Enter({"c"}, 0).outcome, Outcome::kWaits);
  EXPECT_EQ(queue.waiting(), 4U);
}

TEST(FairQueueTest, NewLimitsKeepWhoWaits) {
  FairQueue queue({.requests_per_minute = 1}, 0);
  queue.Enter({"a"}, 0);
  const uint64_t b = queue.Enter({"b"}, 0).waiter;
  queue.SetLimits({.requests_per_minute = 600}, 0);
  EXPECT_EQ(queue.Admit(kSecond), std::vector<uint64_t>{b});
  const uint64_t c = [&] {
    while (true) {
      auto entered = queue.Enter({"c"}, kSecond);
      if (entered.outcome == Outcome::kWaits) return entered.waiter;
    }
  }();
  queue.SetLimits({}, kSecond);
  EXPECT_EQ(queue.Admit(kSecond), std::vector<uint64_t>{c});
}

// A day of people who behave differently, on a clock that the test moves.
class Day {
 public:
  struct Person {
    std::string name;
    int64_t weight;
    bool modest;  // sends the next request when the last one went
    size_t lines_up = 1;
    int64_t tokens_max;
  };
  struct Waits {
    size_t person;
    int64_t since;
  };

  explicit Day(uint64_t seed) : random_(seed) {
    limits_.requests_per_minute = Pick(20, 400);
    limits_.tokens_per_minute = Pick(10'000, 100'000);
    const size_t count = Pick(2, 12);
    for (size_t i = 0; i < count; ++i) {
      Person person;
      person.name = "p" + std::to_string(i);
      person.weight = Pick(1, 4);
      person.modest = i == 0 || Pick(0, 1) == 0;
      person.lines_up = person.modest ? 1 : Pick(5, 200);
      person.tokens_max = Pick(1, limits_.tokens_per_minute / 20);
      people_.push_back(person);
    }
    queue_.emplace_back(limits_, 0);
  }

  int64_t Pick(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random_() %
                                      static_cast<uint64_t>(high - low + 1));
  }

  // Of a person's largest request, in minutes of the provider's limit.
  double LargestSize(const Person& person) const {
    return Size(person.tokens_max);
  }
  double Size(int64_t tokens) const {
    return std::max(1.0 / static_cast<double>(limits_.requests_per_minute),
                    static_cast<double>(tokens) /
                        static_cast<double>(limits_.tokens_per_minute));
  }

  // Until the others have had, by weight, what the modest one's last request
  // took, and one request each beyond; however many they have lined up.
  int64_t LongestWait(const Person& modest) const {
    double minutes = LargestSize(modest);
    for (const Person& other : people_) {
      minutes += LargestSize(other) + static_cast<double>(other.weight) /
                                          static_cast<double>(modest.weight) *
                                          LargestSize(modest);
    }
    return static_cast<int64_t>(minutes * kMinute * 8 / 7) + kSecond;
  }

  void Play(int64_t until) {
    FairQueue& queue = queue_.front();
    while (now_ < until) {
      for (size_t i = 0; i < people_.size(); ++i) {
        while (waiting_[i] < people_[i].lines_up && Pick(0, 3) > 0) Send(i);
      }
      now_ += Pick(1, kSecond / 2);
      for (uint64_t waiter : queue.Admit(now_)) {
        const Waits waits = waits_.at(waiter);
        waits_.erase(waiter);
        waiting_[waits.person] -= 1;
        Went(waits.person, tokens_.at(waiter));
        if (people_[waits.person].modest) {
          int64_t& longest = longest_wait_[waits.person];
          longest = std::max(longest, now_ - waits.since);
        }
      }
    }
  }

  void Send(size_t i) {
    const int64_t tokens = Pick(1, people_[i].tokens_max);
    auto entered = queue_.front().Enter(
        {people_[i].name, people_[i].weight, tokens}, now_);
    if (entered.outcome == Outcome::kMayGo) {
      Went(i, tokens);
      return;
    }
    ASSERT_EQ(entered.outcome, Outcome::kWaits);
    waits_[entered.waiter] = {i, now_};
    tokens_[entered.waiter] = tokens;
    waiting_[i] += 1;
  }
  void Went(size_t i, int64_t tokens) {
    requests_[i] += 1;
    had_[i] += Size(tokens);
  }

  std::mt19937_64 random_;
  FairQueue::Limits limits_;
  std::vector<Person> people_;
  std::deque<FairQueue> queue_;
  int64_t now_ = 0;
  std::map<uint64_t, Waits> waits_;
  std::map<uint64_t, int64_t> tokens_;
  std::map<size_t, size_t> waiting_;
  std::map<size_t, int64_t> requests_;
  std::map<size_t, double> had_;
  std::map<size_t, int64_t> longest_wait_;
};

TEST(FairQueueTest, NoMixOfGreedyPeopleMakesAModestOneWaitLong) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    Day day(seed);
    day.Play(20 * kMinute);
    for (size_t i = 0; i < day.people_.size(); ++i) {
      EXPECT_LE(day.longest_wait_[i], day.LongestWait(day.people_[i]))
          << "seed " << seed << " person " << i;
      EXPECT_GT(day.requests_[i], 0) << "seed " << seed << " person " << i;
    }
  }
}

TEST(FairQueueTest, ThoseWhoAlwaysWaitShareByWeightToWithinARequest) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Day day(seed);
    for (Day::Person& person : day.people_) {
      person.modest = false;
      person.lines_up = 200;
    }
    day.Play(kMinute);
    for (size_t i = 0; i < day.people_.size(); ++i) {
      while (day.waiting_[i] < 200) day.Send(i);
    }
    // From here all have a line, until the end of this stretch.
    std::map<size_t, double> before = day.had_;
    for (int step = 0; step < 100; ++step) {
      day.now_ += kSecond / 4;
      for (uint64_t waiter : day.queue_.front().Admit(day.now_)) {
        const size_t person = day.waits_.at(waiter).person;
        day.waiting_[person] -= 1;
        day.Went(person, day.tokens_.at(waiter));
      }
      const bool all =
          std::all_of(day.waiting_.begin(), day.waiting_.end(),
                      [](const auto& waiting) { return waiting.second > 0; });
      if (!all) break;
      for (size_t i = 1; i < day.people_.size(); ++i) {
        auto share = [&](size_t p) {
          return (day.had_[p] - before[p]) /
                 static_cast<double>(day.people_[p].weight);
        };
        auto largest = [&](size_t p) {
          return day.LargestSize(day.people_[p]) /
                 static_cast<double>(day.people_[p].weight);
        };
        ASSERT_LE(std::abs(share(0) - share(i)), largest(0) + largest(i) + 1e-9)
            << "seed " << seed << " step " << step;
      }
    }
  }
}

}  // namespace
}  // namespace cofferdam::gate
