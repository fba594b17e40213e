#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "base/random.h"
#include "policy/budget.h"

// The book under races, and beside a naive one.

namespace cofferdam::policy {
namespace {

constexpr int64_t kDollar = kMicrosPerDollar;
constexpr int64_t kDay = int64_t{86'400} * 1'000'000;
constexpr int64_t kNow = int64_t{1'795'219'200} * 1'000'000;
constexpr int kThreads = 8;
constexpr std::string_view kTeams[] = {"compilers", "research"};

Charge ChargeOf(std::string_view person, std::string_view key,
                int64_t now = kNow) {
  return {person, key, "example/lab", "product", kTeams, now};
}

Amount Dollars(int64_t dollars) { return {dollars * kDollar, dollars}; }

Cap MakeCap(CapScope scope, std::string subject, int64_t dollars) {
  return {"c",
          scope,
          std::move(subject),
          CapUnit::kMicroDollars,
          CapPeriod::kMonth,
          dollars * kDollar,
          ""};
}

template <typename Body>
void InThreads(Body body) {
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) threads.emplace_back(body, t);
  for (std::thread& thread : threads) thread.join();
}

constexpr std::pair<CapScope, std::string_view> kScopes[] = {
    {CapScope::kCompany, ""},         {CapScope::kTeam, "research"},
    {CapScope::kPerson, "ada"},       {CapScope::kKey, "k"},
    {CapScope::kRepo, "example/lab"}, {CapScope::kPurpose, "product"}};

TEST(BookRace, OfAThousandRequestsExactlyAsManyPassAsFit) {
  SeededRandom random(4);
  for (int run = 0; run < 50; ++run) {
    const auto& [scope, subject] = kScopes[run % std::size(kScopes)];
    const auto fit = static_cast<int64_t>(random.Below(1000));
    Book book;
    // "eve" may spend nothing: her refusals must take nothing from anybody.
    book.SetCaps({MakeCap(scope, std::string(subject), fit),
                  MakeCap(CapScope::kPerson, "eve", 0)});
    std::array<int64_t, kThreads> passed{};
    InThreads([&](int t) {
      for (int i = 0; i < 1000 / kThreads; ++i) {
        EXPECT_FALSE(book.Reserve(ChargeOf("eve", "k"), Dollars(3)).ok());
        auto hold = book.Reserve(ChargeOf("ada", "k"), Dollars(1));
        if (!hold.ok()) continue;
        ++passed[t];
        book.Settle(*std::move(hold), Dollars(1));
      }
    });
    int64_t all = 0;
    for (int64_t some : passed) all += some;
    EXPECT_EQ(all, fit) << CapScopeName(scope);
  }
}

TEST(BookRace, NeverPassesACapAtAnySample) {
  constexpr int64_t kCap = 40;
  Book book;
  std::vector<Cap> caps;
  for (const auto& [scope, subject] : kScopes) {
    caps.push_back(MakeCap(scope, std::string(subject), kCap));
  }
  caps.push_back(MakeCap(CapScope::kPerson, "", kCap / 2));
  book.SetCaps(caps);
  std::atomic<bool> done = false;
  int64_t samples = 0;
  std::thread sampler([&] {
    while (!done.load()) {
      for (const CapState& state : book.States(kNow)) {
        ASSERT_LE(state.spent + state.reserved, state.cap.limit);
        ASSERT_GE(state.reserved, 0);
      }
      ++samples;
    }
  });
  std::array<int64_t, kThreads> used{};
  InThreads([&](int t) {
    SeededRandom random(static_cast<uint64_t>(t) + 1);
    std::vector<Hold> open;
    for (int i = 0; i < 3000; ++i) {
      const char* person = random.Below(2) == 0 ? "ada" : "bob";
      const auto bound = static_cast<int64_t>(random.Below(4 * kDollar));
      auto hold = book.Reserve(ChargeOf(person, "k"), {bound, 1});
      if (hold.ok()) open.push_back(*std::move(hold));
      if (open.empty() || random.Below(2) == 0) continue;
      Hold some = std::move(open.back());
      open.pop_back();
      // Most fail and cost nothing.
      if (random.Below(8) != 0) {
        book.Release(std::move(some));
        continue;
      }
      const auto cost = static_cast<int64_t>(
          random.Below(static_cast<uint64_t>(some.bound().micro_dollars) + 1));
      used[t] += cost;
      book.Settle(std::move(some), {cost, 1});
    }
    for (Hold& hold : open) book.Release(std::move(hold));
  });
  done.store(true);
  sampler.join();
  EXPECT_GT(samples, 0);
  int64_t all = 0;
  for (int64_t some : used) all += some;
  const CapState company = book.States(kNow)[0];
  EXPECT_EQ(company.spent, all);
  EXPECT_EQ(company.reserved, 0);
  EXPECT_EQ(book.Stats().holds, 0u);
}

TEST(BookRace, CapsMayChangeWhileRequestsRun) {
  Book book;
  book.SetCaps({MakeCap(CapScope::kCompany, "", 100)});
  std::atomic<bool> done = false;
  std::thread changer([&] {
    for (int64_t i = 0; !done.load(); ++i) {
      book.SetCaps({MakeCap(CapScope::kPerson, "", 10 + i % 5),
                    MakeCap(CapScope::kCompany, "", 100)});
      book.SetAlert([](const CapAlert&) {});
    }
  });
  InThreads([&](int t) {
    const std::string person = "p" + std::to_string(t);
    for (int i = 0; i < 2000; ++i) {
      auto hold = book.Reserve(ChargeOf(person, "k"), Dollars(1));
      if (hold.ok() && i % 3 == 0) book.Release(*std::move(hold));
    }
  });
  done.store(true);
  changer.join();
  book.SetCaps({MakeCap(CapScope::kCompany, "", 100)});
  EXPECT_LE(book.States(kNow)[0].spent, 100 * kDollar);
}

// --- Beside a naive one ------------------------------------------------------

// Remembers every charge and adds them up when it is asked.
class NaiveBook {
 public:
  using Name = std::pair<CapScope, std::string>;

  explicit NaiveBook(std::vector<Cap> caps) : caps_(std::move(caps)) {}

  // The entry's number, or none when some cap has no room.
  std::optional<size_t> Reserve(const Charge& charge, Amount bound) {
    const Entry entry = EntryOf(charge, bound);
    for (const auto& [name, day] : entry.days) {
      for (const Cap& cap : caps_) {
        if (!Applies(cap, name)) continue;
        const int64_t amount = In(cap, bound);
        if (Sum(cap, name, day) + amount > cap.limit) return std::nullopt;
      }
    }
    entries_.push_back(entry);
    return entries_.size() - 1;
  }
  void Settle(size_t number, Amount used) { entries_[number].amount = used; }

  int64_t Sum(const Cap& cap, const Name& name, int32_t day) const {
    int64_t sum = 0;
    for (const Entry& entry : entries_) {
      const auto found = entry.days.find(name);
      if (found == entry.days.end()) continue;
      if (WindowOf(cap.period, found->second * kDay) ==
          WindowOf(cap.period, day * kDay)) {
        sum += In(cap, entry.amount);
      }
    }
    return sum;
  }

 private:
  struct Entry {
    // Of each subject, the day that it counts for.
    std::map<Name, int32_t> days;
    Amount amount;
  };

  Entry EntryOf(const Charge& charge, Amount amount) {
    std::vector<Name> names = {
        {CapScope::kCompany, ""},
        {CapScope::kPerson, std::string(charge.person_id)},
        {CapScope::kKey, std::string(charge.key_id)},
        {CapScope::kRepo, std::string(charge.repo)},
        {CapScope::kPurpose, std::string(charge.purpose)}};
    for (std::string_view team : charge.teams) {
      names.emplace_back(CapScope::kTeam, std::string(team));
    }
    Entry entry;
    entry.amount = amount;
    for (const Name& name : names) {
      int32_t& latest = latest_[name];
      latest = std::max(latest, static_cast<int32_t>(charge.now_micros / kDay));
      entry.days[name] = latest;
    }
    return entry;
  }
  bool Applies(const Cap& cap, const Name& name) const {
    if (cap.scope != name.first) return false;
    if (cap.subject == name.second) return true;
    if (!cap.subject.empty()) return false;
    return std::none_of(caps_.begin(), caps_.end(), [&](const Cap& other) {
      return other.scope == cap.scope && other.subject == name.second &&
             other.unit == cap.unit && other.period == cap.period;
    });
  }
  static int64_t In(const Cap& cap, Amount amount) {
    return cap.unit == CapUnit::kTokens ? amount.tokens : amount.micro_dollars;
  }

  std::vector<Cap> caps_;
  std::vector<Entry> entries_;
  std::map<Name, int32_t> latest_;
};

std::vector<Cap> RandomCaps(SeededRandom* random) {
  constexpr std::string_view kSubjects[][3] = {
      {"", "", ""},     {"compilers", "research", ""}, {"p0", "p1", ""},
      {"k0", "k1", ""}, {"example/lab", "", ""},       {"product", "", ""}};
  std::vector<Cap> caps;
  const size_t count = 1 + random->Below(8);
  for (size_t i = 0; i < count; ++i) {
    Cap cap;
    cap.id = "c" + std::to_string(i);
    cap.scope = static_cast<CapScope>(random->Below(6));
    cap.subject = kSubjects[static_cast<size_t>(cap.scope)][random->Below(3)];
    cap.unit = static_cast<CapUnit>(random->Below(2));
    cap.period = static_cast<CapPeriod>(random->Below(4));
    cap.limit = static_cast<int64_t>(random->Below(60));
    caps.push_back(cap);
  }
  return caps;
}

TEST(Book, AnswersAsANaiveOneDoes) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SeededRandom random(seed);
    const std::vector<Cap> caps = RandomCaps(&random);
    Book book;
    book.SetCaps(caps);
    NaiveBook naive(caps);
    std::vector<std::pair<Hold, size_t>> open;
    int64_t now = kNow;
    const auto small = [&] { return static_cast<int64_t>(random.Below(12)); };
    for (int step = 0; step < 300; ++step) {
      // Mostly on, sometimes by weeks, sometimes back.
      now += static_cast<int64_t>(random.Below(kDay / 3));
      if (random.Below(40) == 0) now += small() * 3 * kDay;
      if (random.Below(40) == 0) now -= small() * kDay;
      const std::string person = "p" + std::to_string(random.Below(4));
      const std::string key = "k" + std::to_string(random.Below(4));
      const Charge charge = ChargeOf(person, key, now);
      const Amount bound{small(), small()};
      auto hold = book.Reserve(charge, bound);
      const auto number = naive.Reserve(charge, bound);
      ASSERT_EQ(hold.ok(), number.has_value())
          << "seed " << seed << " step " << step;
      if (hold.ok()) open.emplace_back(*std::move(hold), *number);
      while (!open.empty() && random.Below(3) != 0) {
        std::swap(open[random.Below(open.size())], open.back());
        const Amount used{small(), small()};
        book.Settle(std::move(open.back().first), used);
        naive.Settle(open.back().second, used);
        open.pop_back();
      }
    }
    for (auto& [hold, number] : open) {
      book.Release(std::move(hold));
      naive.Settle(number, {});
    }
  }
}

}  // namespace
}  // namespace cofferdam::policy
