#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "account/rollup.h"
#include "base/clock.h"
#include "base/sqlite_testing.h"
#include "ledger/ledger.h"
#include "ledger/records_testing.h"

namespace cofferdam::account {

inline constexpr int64_t kDayMicros = int64_t{24} * 3600 * 1'000'000;

// $1 a million tokens of input and $5 of output; models named "new…" have no
// price. What crashed is charged what was held.
inline Pricing TestPricing(int64_t factor = 1) {
  return {.edition = "test-" + std::to_string(factor),
          .charge = [factor](const ledger::Exchange& exchange) {
            if (exchange.outcome == ledger::Outcome::kCrashed) {
              return Charged{exchange.held_micro_dollars, false};
            }
            return Charged{factor * (exchange.usage.input_tokens +
                                     5 * exchange.usage.output_tokens),
                           exchange.origin.model.starts_with("new")};
          }};
}

using Sums = std::map<RowName, Tally>;

inline Sums ReadSums(Rollup& rollup, const RollupRange& range = {}) {
  Sums sums;
  CHECK_OK(rollup.Read(range, [&](const RowName& name, const Tally& tally) {
    EXPECT_TRUE(sums.emplace(name, tally).second);
  }));
  return sums;
}

// The second engine: every record as it is now, added up.
inline Sums NaiveSums(const ledger::Ledger& ledger, const Pricing& pricing) {
  Sums sums;
  CHECK_OK(ledger.Scan(1, SIZE_MAX, [&](const ledger::Exchange& exchange) {
    Add(TallyOf(exchange, pricing), &sums[NameOf(exchange)]);
    return true;
  }));
  return sums;
}

// Rows that hold nothing say nothing.
inline Sums WithoutZeros(Sums sums) {
  std::erase_if(sums, [](const auto& row) { return row.second == Tally{}; });
  return sums;
}

// A ledger and a rollup beside it, on a disk that does what the test says.
class RollupTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.vfs = faults_.name();
    options_.follow = Follow::kNever;
    OpenLedger();
    OpenRollup();
  }
  void TearDown() override {
    rollup_.reset();
    ledger_.reset();
  }

  void OpenLedger() {
    ledger_.reset();
    auto opened = ledger::Ledger::Open(folder_.In("ledger"), {}, SystemClock(),
                                       ledger::QuietLogger());
    CHECK_OK(opened);
    ledger_ = *std::move(opened);
  }
  Status TryOpenRollup() {
    rollup_.reset();
    auto opened = Rollup::Open(folder_.path(), *ledger_, pricing_, options_,
                               SystemClock(), ledger::QuietLogger());
    if (!opened.ok()) return std::move(opened).error();
    rollup_ = *std::move(opened);
    return {};
  }
  void OpenRollup() {
    const Status opened = TryOpenRollup();
    ASSERT_TRUE(opened.ok()) << opened.error().message();
  }

  // An exchange of that day, person and usage; the number is its id.
  static ledger::ExchangeDraft Draft(uint64_t number, int32_t day,
                                     const std::string& person,
                                     int64_t input = 10, int64_t output = 5) {
    ledger::ExchangeDraft draft =
        ledger::TestDraft(number, "text " + std::to_string(number));
    draft.exchange.times.received = day * kDayMicros + 7;
    draft.exchange.origin.person = person;
    draft.exchange.origin.team = "team-" + person;
    draft.exchange.usage = {input, 0, 0, 0, output, 0};
    return draft;
  }
  void Append(ledger::ExchangeDraft draft) {
    CHECK_OK(ledger_->AppendSync(std::move(draft)));
  }
  Status CatchUp() {
    return rollup_->CatchUp(ledger_->last_sequence(), 10'000);
  }
  void ExpectRight() {
    EXPECT_EQ(WithoutZeros(ReadSums(*rollup_)),
              WithoutZeros(NaiveSums(*ledger_, pricing_)));
  }

  SqliteFaults faults_;
  ledger::TestFolder folder_;
  RollupOptions options_;
  Pricing pricing_ = TestPricing();
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<Rollup> rollup_;
};

}  // namespace cofferdam::account
