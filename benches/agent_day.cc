#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "base/random.h"
#include "benches/budget_load.h"
#include "benches/process.h"
#include "policy/bound.h"
#include "policy/budget.h"
#include "policy/cost.h"

// A model of agents at work. Claude Code's own documentation says what such
// work costs: about $13 a developer and active day, less than $30 for nine of
// ten (docs/costs). The model's days cost as much.

namespace cofferdam::bench {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kMorning = int64_t{1'795'219'200 + 8 * 3600} * kSecond;
constexpr int64_t kWorkSeconds = 9 * 3600;
constexpr int64_t kOutputTokensMax = 32'000;  // what the agent asks for
constexpr double kBytesPerToken = 4.2;        // of a request's JSON
constexpr int64_t kCapDollars = 1'500;

struct Turn {
  int64_t begin_micros = 0;
  int64_t end_micros = 0;
  size_t person = 0;
  policy::RequestBound bound;
  policy::Amount used;
};

// One developer's day.
class Developer {
 public:
  Developer(size_t number, const policy::Quote& quote)
      : number_(number), quote_(quote), random_(number + 1) {}

  std::vector<Turn> Work() {
    // Some start a few sessions, some live in them.
    const size_t sessions = 1 + random_.Below(random_.Below(4) == 0 ? 7 : 3);
    for (size_t i = 0; i < sessions; ++i) {
      WorkSession(kMorning + Between(0, kWorkSeconds - 3600) * kSecond,
                  Between(10, 90), Between(15'000, 30'000));
    }
    return std::move(turns_);
  }

 private:
  int64_t Between(int64_t least, int64_t most) {
    return least + static_cast<int64_t>(
                       random_.Below(static_cast<uint64_t>(most - least + 1)));
  }

  // Turns whose prompts grow by what the model said and its tools answered,
  // until they are summed up.
  void WorkSession(int64_t now, int64_t count, int64_t tokens) {
    int64_t cached = 0;
    for (int64_t i = 0; i < count; ++i) {
      // Every now and then the agent sends others out, all at once.
      if (count > 10 && random_.Below(40) == 0) {
        for (int64_t agents = Between(2, 4); agents > 0; --agents) {
          WorkSession(now, Between(3, 10), Between(12'000, 20'000));
        }
      }
      const int64_t written = Between(60, 1'200);
      now = Ask(now, tokens, cached, written);
      cached = tokens;
      tokens += written + Between(100, 3'000);
      if (tokens > 160'000) {
        tokens = Between(20'000, 35'000);
        cached = 0;
      }
      // Tools run, or a person reads and thinks, longer than a cache lasts.
      const bool thinks = random_.Below(8) == 0;
      now += (thinks ? Between(20, 900) : Between(1, 15)) * kSecond;
      if (thinks && random_.Below(4) == 0) cached = 0;
    }
  }

  int64_t Ask(int64_t now, int64_t tokens, int64_t cached, int64_t written) {
    wire::RequestHead head;
    head.output_tokens_max = kOutputTokensMax;
    Turn turn;
    turn.person = number_;
    turn.begin_micros = now;
    turn.end_micros = now + 2 * kSecond + written * kSecond / 60;
    turn.bound = policy::BoundOf(
        head,
        static_cast<uint64_t>(static_cast<double>(tokens) * kBytesPerToken),
        quote_, {});
    wire::Usage usage;
    usage.cache_read_tokens = cached;
    usage.cache_write_5m_tokens = tokens - cached;
    usage.output_tokens = written;
    turn.used = policy::Cost(usage, quote_);
    turns_.push_back(turn);
    return turn.end_micros;
  }

  size_t number_;
  const policy::Quote& quote_;
  SeededRandom random_;
  std::vector<Turn> turns_;
};

struct Day {
  std::vector<double> used;      // by person, dollars
  std::vector<double> held_max;  // by person
  double company_used = 0;
  double company_held_max = 0;
  double refused = 0;
  double turns = 0;
};

double InDollars(int64_t micros) {
  return static_cast<double>(micros) / policy::kMicrosPerDollar;
}

// All turns through the book, in the order of their time.
Day RunDay(const std::vector<Turn>& turns, size_t persons, int64_t cap) {
  policy::Book book;
  policy::Cap each;
  each.id = "person-month";
  each.scope = policy::CapScope::kPerson;
  each.limit = cap * policy::kMicrosPerDollar;
  book.SetCaps({each});
  Day day;
  day.used.resize(persons);
  day.held_max.resize(persons);
  std::vector<double> held(persons);
  double company_held = 0;
  std::multimap<int64_t, std::pair<const Turn*, policy::Hold>> running;
  const auto settle_until = [&](int64_t now) {
    while (!running.empty() && running.begin()->first <= now) {
      auto& [turn, hold] = running.begin()->second;
      const double bound = InDollars(turn->bound.amount.micro_dollars);
      held[turn->person] -= bound;
      company_held -= bound;
      day.used[turn->person] += InDollars(turn->used.micro_dollars);
      book.Settle(std::move(hold), turn->used);
      running.erase(running.begin());
    }
  };
  for (const Turn& turn : turns) {
    settle_until(turn.begin_micros);
    const std::string person = fmt::format("p{}", turn.person);
    policy::Charge charge;
    charge.person_id = person;
    charge.now_micros = turn.begin_micros;
    auto hold = book.Reserve(charge, turn.bound.amount);
    ++day.turns;
    if (!hold.ok()) {
      ++day.refused;
      continue;
    }
    const double bound = InDollars(turn.bound.amount.micro_dollars);
    held[turn.person] += bound;
    company_held += bound;
    day.held_max[turn.person] =
        std::max(day.held_max[turn.person], held[turn.person]);
    day.company_held_max = std::max(day.company_held_max, company_held);
    running.emplace(turn.end_micros, std::pair(&turn, *std::move(hold)));
  }
  settle_until(INT64_MAX);
  for (double used : day.used) day.company_used += used;
  return day;
}

}  // namespace

std::vector<Figure> AgentDayFigures(const Options& options) {
  std::vector<Figure> figures;
  const size_t persons = options.quick ? 50 : 1'000;
  const policy::Quote quote = policy::PriceTable::BuiltIn().QuoteFor(
      "anthropic", "claude-opus-4-8", kMorning, policy::Mode::kStandard, {});
  std::vector<Turn> turns;
  for (size_t i = 0; i < persons; ++i) {
    std::vector<Turn> some = Developer(i, quote).Work();
    turns.insert(turns.end(), some.begin(), some.end());
  }
  std::stable_sort(turns.begin(), turns.end(),
                   [](const Turn& a, const Turn& b) {
                     return a.begin_micros < b.begin_micros;
                   });
  Day day = RunDay(turns, persons, kCapDollars);
  const auto add = [&](std::string name, double value, std::string unit,
                       std::optional<double> target = {}) {
    figures.push_back(
        {std::move(name), value, std::move(unit), Better::kLower, target});
  };
  const auto count = static_cast<double>(persons);
  add("day_requests_of_a_person", day.turns / count, "");
  add("day_used_by_a_person_mean", day.company_used / count, "$");
  add("day_used_by_a_person_p90", Percentile(&day.used, 0.9), "$");
  add("day_held_for_a_person_max_p50", Percentile(&day.held_max, 0.5), "$");
  add("day_held_for_a_person_max", Percentile(&day.held_max, 1), "$");
  add("day_used_by_all", day.company_used, "$");
  add("day_held_for_all_max", day.company_held_max, "$");
  add("day_refused_by_1500_a_month", day.refused, "", 0);
  // What is left of a month's cap on its last day, for one who uses as much
  // every day as nine of ten at most: 22 days of $30.
  Day last = RunDay(turns, persons, kCapDollars - 21 * 30);
  add("last_day_refused_by_1500_a_month", last.refused, "", 0);
  return figures;
}

}  // namespace cofferdam::bench
