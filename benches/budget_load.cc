#include "benches/budget_load.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/random.h"
#include "benches/process.h"
#include "policy/budget.h"
#include "policy/hold_file.h"

namespace cofferdam::bench {
namespace {

constexpr int64_t kNow = int64_t{1'795'219'200} * 1'000'000;
constexpr size_t kPersons = 100'000;
constexpr size_t kTeams = 1'000;

double NanosSince(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::nano>(
             std::chrono::steady_clock::now() - begin)
      .count();
}

policy::Cap EachCap(policy::CapScope scope, int64_t dollars) {
  policy::Cap cap;
  cap.id = std::string(policy::CapScopeName(scope));
  cap.scope = scope;
  cap.limit = dollars * policy::kMicrosPerDollar;
  return cap;
}

// A company of 100,000, each with a key, in 1,000 teams, all under caps.
class Company {
 public:
  Company() {
    for (size_t i = 0; i < kPersons; ++i) {
      persons_.push_back(fmt::format("01K4000000000000000P{:06}", i));
      keys_.push_back(fmt::format("01K4000000000000000K{:06}", i));
    }
    for (size_t i = 0; i < kTeams; ++i) {
      teams_.push_back({fmt::format("team-{}", i)});
    }
    for (const std::string& team : teams_) chains_.push_back({team});
    book_.SetCaps({EachCap(policy::CapScope::kCompany, 1'000'000'000),
                   EachCap(policy::CapScope::kTeam, 1'000'000'000),
                   EachCap(policy::CapScope::kPerson, 1'000'000),
                   EachCap(policy::CapScope::kKey, 1'000'000)});
    for (size_t i = 0; i < kPersons; ++i) {
      book_.AddSpent(ChargeOf(i), {1'000, 1'000});
    }
  }

  policy::Charge ChargeOf(size_t person) const {
    policy::Charge charge;
    charge.person_id = persons_[person];
    charge.key_id = keys_[person];
    charge.teams = chains_[person % kTeams];
    charge.now_micros = kNow;
    return charge;
  }
  policy::Book& book() { return book_; }

 private:
  std::vector<std::string> persons_;
  std::vector<std::string> keys_;
  std::vector<std::string> teams_;
  std::vector<std::array<std::string_view, 1>> chains_;
  policy::Book book_;
};

struct Took {
  std::vector<double> reserve;
  std::vector<double> settle;
};

// Each thread reserves for a person of its choice and settles what it
// reserved 16 requests ago.
Took MeasureBook(Company* company, int threads, size_t count) {
  std::vector<Took> took(static_cast<size_t>(threads));
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      SeededRandom random(static_cast<uint64_t>(t) + 1);
      std::array<policy::Hold, 16> open;
      Took& mine = took[static_cast<size_t>(t)];
      for (size_t i = 0; i < count; ++i) {
        const policy::Charge charge = company->ChargeOf(random.Below(kPersons));
        auto begin = std::chrono::steady_clock::now();
        auto hold = company->book().Reserve(charge, {3'000'000, 400'000});
        mine.reserve.push_back(NanosSince(begin));
        if (!hold.ok()) Fail(hold.error().message());
        policy::Hold& place = open[i % open.size()];
        if (place) {
          begin = std::chrono::steady_clock::now();
          company->book().Settle(std::move(place), {1, 1});
          mine.settle.push_back(NanosSince(begin));
        }
        place = *std::move(hold);
      }
      for (policy::Hold& hold : open) company->book().Release(std::move(hold));
    });
  }
  for (std::thread& thread : running) thread.join();
  Took all;
  for (Took& some : took) {
    all.reserve.insert(all.reserve.end(), some.reserve.begin(),
                       some.reserve.end());
    all.settle.insert(all.settle.end(), some.settle.begin(), some.settle.end());
  }
  return all;
}

policy::HeldExchange TypicalHold() {
  policy::HeldExchange held;
  held.received_micros = kNow;
  held.bound = {3'000'000, 400'000};
  held.person = "01K4000000000000000P000001";
  held.key = "01K4000000000000000K000001";
  held.team = "compilers";
  held.provider = "anthropic";
  held.upstream = "anthropic";
  held.model = "claude-opus-4-8";
  held.contract = "anthropic";
  held.terms_class = "forbid_compete";
  held.terms_version = "0123456789ab";
  held.repo = "github.com/example/lab";
  held.purpose = "product";
  held.tool = "claude-code";
  held.tool_version = "2.1.0";
  held.session = "5f0c1c1e-0f6e-4a43-9a43-3f7f5d2d8c11";
  held.commit = "0123456789abcdef0123456789abcdef01234567";
  held.rule = "default";
  return held;
}

std::vector<double> MeasureHoldFile(size_t count) {
  TemporaryFolder folder;
  auto file = policy::HoldFile::Open(folder.path() + "/holds", 65'536);
  if (!file.ok()) Fail(file.error().message());
  const policy::HeldExchange held = TypicalHold();
  std::vector<double> took;
  for (size_t i = 0; i < count; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const auto slot = (*file)->Put(held);
    if (!slot.ok()) Fail(slot.error().message());
    (*file)->Free(*slot);
    took.push_back(NanosSince(begin));
  }
  return took;
}

}  // namespace

std::vector<Figure> BudgetFigures(const Options& options) {
  std::vector<Figure> figures;
  const auto add = [&](std::string name, double nanos,
                       std::optional<double> target = {}) {
    figures.push_back(
        {std::move(name), nanos / 1e3, "us", Better::kLower, target});
  };
  const size_t count = options.quick ? 50'000 : 1'000'000;
  Company company;
  for (int threads : {1, 2}) {
    Took took = MeasureBook(&company, threads, count);
    const std::string at =
        fmt::format("{}_thread{}", threads, threads == 1 ? "" : "s");
    const auto target = threads == 2 ? std::optional<double>(2) : std::nullopt;
    add("reserve_p50_" + at, Percentile(&took.reserve, 0.5), target);
    add("reserve_p99_" + at, Percentile(&took.reserve, 0.99));
    add("settle_p50_" + at, Percentile(&took.settle, 0.5));
  }
  std::vector<double> puts = MeasureHoldFile(count);
  add("hold_file_put_and_free_p50", Percentile(&puts, 0.5), 2);
  add("hold_file_put_and_free_p99", Percentile(&puts, 0.99));
  return figures;
}

}  // namespace cofferdam::bench
