#include "account/rollup.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "account/date.h"
#include "account/rollup_internal.h"
#include "base/thread_name.h"

namespace cofferdam::account {
namespace {

// Overruns that began longer ago are told to nobody: the rollup is made anew.
constexpr int64_t kOverrunAgeMicros = int64_t{3600} * 1'000'000;
// After a write that the disk refused.
constexpr int64_t kRetryMs = 1000;

// A record without times is as old as its id.
int64_t TimeOf(const ledger::Exchange& exchange) {
  if (exchange.times.received > 0) return exchange.times.received;
  if (exchange.times.finished > 0) return exchange.times.finished;
  return exchange.id.milliseconds() * 1000;
}

bool Failed(ledger::Outcome outcome) {
  return outcome != ledger::Outcome::kComplete &&
         outcome != ledger::Outcome::kClientGone;
}

int64_t AllTokens(const wire::Usage& usage) {
  return usage.input_tokens + usage.cache_read_tokens +
         usage.cache_write_5m_tokens + usage.cache_write_1h_tokens +
         usage.output_tokens;
}

void CountParts(const ledger::Exchange& exchange, Tally* tally) {
  for (const ledger::PartRecord& part : exchange.parts) {
    if (part.lines) {
      tally->lines_written += static_cast<int64_t>(*part.lines);
    } else if (part.kind == wire::PartKind::kFile ||
               part.kind == wire::PartKind::kEdit ||
               part.kind == wire::PartKind::kPatch) {
      ++tally->uncounted_parts;
    }
  }
}

}  // namespace

RowName NameOf(const ledger::Exchange& exchange) {
  const ledger::Origin& origin = exchange.origin;
  RowName name;
  name.day = DayOfTime(TimeOf(exchange));
  name.of(Dimension::kPerson) = origin.person;
  name.of(Dimension::kKey) = origin.key;
  name.of(Dimension::kTeam) = origin.team;
  name.of(Dimension::kTool) = origin.tool;
  name.of(Dimension::kProvider) = origin.provider;
  name.of(Dimension::kModel) =
      origin.model.empty() ? origin.model_requested : origin.model;
  name.of(Dimension::kContract) = origin.contract;
  name.of(Dimension::kRepo) = origin.repo;
  name.of(Dimension::kPurpose) = origin.purpose;
  name.of(Dimension::kRoute) = ledger::RouteName(exchange.route);
  return name;
}

Tally TallyOf(const ledger::Exchange& exchange, const Pricing& pricing) {
  Tally tally;
  CountParts(exchange, &tally);
  // Such a record has no use of its own.
  if (exchange.continues) return tally;
  const bool crashed = exchange.outcome == ledger::Outcome::kCrashed;
  if (exchange.operation == wire::Operation::kGenerate || crashed) {
    tally.exchanges = 1;
    tally.errors = Failed(exchange.outcome) ? 1 : 0;
  }
  const wire::Usage& usage = exchange.usage;
  if (exchange.usage_source == wire::UsageSource::kNone && !crashed) {
    return tally;
  }
  if (crashed || exchange.usage_source == wire::UsageSource::kEstimated) {
    tally.estimated = 1;
  }
  tally.input_tokens = usage.input_tokens;
  tally.cache_read_tokens = usage.cache_read_tokens;
  tally.cache_write_5m_tokens = usage.cache_write_5m_tokens;
  tally.cache_write_1h_tokens = usage.cache_write_1h_tokens;
  tally.output_tokens = usage.output_tokens;
  tally.reasoning_tokens = usage.reasoning_tokens;
  tally.charged_tokens = crashed ? exchange.held_tokens : AllTokens(usage);
  const Charged charged = pricing.charge(exchange);
  tally.micro_dollars = charged.micro_dollars;
  tally.unpriced = charged.unpriced ? 1 : 0;
  const bool held = exchange.held_micro_dollars > 0 || exchange.held_tokens > 0;
  if (held && (tally.micro_dollars > exchange.held_micro_dollars ||
               tally.charged_tokens > exchange.held_tokens)) {
    tally.overruns = 1;
  }
  return tally;
}

Pricing Unpriced() {
  return {.edition = "none",
          .charge = [](const ledger::Exchange&) { return Charged{0, true}; }};
}

class Rollup::Impl {
 public:
  Impl(RollupTable table, Database reader, const ledger::Ledger& ledger,
       Pricing pricing, RollupOptions options, const Clock& clock,
       const Logger& logger)
      : ledger_(ledger),
        options_(std::move(options)),
        clock_(clock),
        logger_(logger),
        pricing_(std::move(pricing)),
        table_(std::move(table)),
        reader_(std::move(reader)) {
    applied_ = table_.state().sequence;
  }

  ~Impl() { Stop(); }

  // Before anything else: whether the sums belong to this ledger and prices.
  Status Begin() {
    std::lock_guard lock(mutex_);
    TRY_ASSIGN(const bool fits, Fits());
    if (!fits) TRY(Clear());
    if (options_.follow == Follow::kBackground) {
      thread_ = std::thread([this] { Run(); });
    }
    return {};
  }

  Status CatchUp(uint64_t sequence, int64_t timeout_ms) {
    const int64_t end = clock_.SteadyMicros() + timeout_ms * 1000;
    while (true) {
      {
        std::lock_guard lock(mutex_);
        TRY_ASSIGN(const bool more, Step());
        if (!more && applied_ >= sequence) return {};
        if (!more && applied_ >= ledger_.last_sequence()) {
          return Error(
              Code::kNotFound,
              fmt::format("usage: the ledger has no exchange {}", sequence));
        }
      }
      if (clock_.SteadyMicros() > end) {
        return Error(Code::kDeadline,
                     fmt::format("usage: added up to exchange {} of {} after "
                                 "{} ms; try again",
                                 applied_.load(), sequence, timeout_ms));
      }
    }
  }

  Status Rebuild() {
    std::lock_guard lock(mutex_);
    return Clear();
  }

  Status SetPricing(Pricing pricing) {
    std::lock_guard lock(mutex_);
    const bool same = pricing.edition == table_.state().edition;
    pricing_ = std::move(pricing);
    return same ? Status() : Clear();
  }

  Status Read(
      const RollupRange& range,
      const std::function<void(const RowName&, const Tally&)>& visitor) {
    std::lock_guard lock(reader_mutex_);
    return ReadRollup(reader_, range, visitor);
  }

  RollupStats Stats() const {
    RollupStats stats;
    stats.applied_sequence = applied_;
    stats.last_sequence = ledger_.last_sequence();
    stats.healthy = healthy_;
    const int64_t since = behind_since_;
    if (stats.applied_sequence < stats.last_sequence && since != 0) {
      stats.lag_micros = std::max<int64_t>(0, clock_.SteadyMicros() - since);
    }
    return stats;
  }

  void SetOverrunListener(
      std::function<void(const ledger::Exchange&, const Tally&)> listener) {
    std::lock_guard lock(mutex_);
    overrun_ = std::move(listener);
  }

  std::string edition() {
    std::lock_guard lock(mutex_);
    return table_.state().edition;
  }

  void Stop() {
    {
      std::lock_guard lock(wake_mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

 private:
  // All but Run and Wait under mutex_.

  Result<bool> Fits() {
    const RollupState& state = table_.state();
    if (state.edition != pricing_.edition) return false;
    if (state.sequence == 0) return true;
    if (state.sequence > ledger_.last_sequence() ||
        state.merge > ledger_.Stats().merged) {
      return false;
    }
    TRY_ASSIGN(const ledger::Exchange last,
               ledger_.GetBySequence(state.sequence));
    return last.id.ToString() == state.exchange_id;
  }

  Status Clear() {
    TRY(table_.Clear(pricing_.edition));
    applied_ = 0;
    return {};
  }

  // Adds up one batch; whether there may be more.
  Result<bool> Step() {
    const bool behind = applied_ < ledger_.last_sequence();
    if (behind && behind_since_ == 0) behind_since_ = clock_.SteadyMicros();
    auto stepped = StepNow();
    healthy_ = stepped.ok();
    if (applied_ >= ledger_.last_sequence()) behind_since_ = 0;
    return stepped;
  }

  Result<bool> StepNow() {
    RollupChange change;
    change.state = table_.state();
    overruns_.clear();
    TRY(ReadExchanges(&change));
    // After the exchanges: a merge of one that was just read either stands in
    // its revision or is among these.
    TRY_ASSIGN(const size_t merges, ReadMerges(&change));
    if (change.state == table_.state()) return false;
    TRY(table_.Apply(change));
    applied_ = table_.state().sequence;
    for (const auto& [exchange, tally] : overruns_) overrun_(exchange, tally);
    return applied_ < ledger_.last_sequence() ||
           merges == options_.batch_exchanges_max;
  }

  Status ReadExchanges(RollupChange* change) {
    const uint64_t merge = change->state.merge;
    return ledger_.Scan(
        change->state.sequence + 1, options_.batch_exchanges_max,
        [&](const ledger::Exchange& exchange) {
          const Tally tally = TallyOf(exchange, pricing_);
          Add(tally, &change->sums[NameOf(exchange)]);
          if (tally.overruns > 0 && overrun_ && IsRecent(exchange)) {
            overruns_.emplace_back(exchange, tally);
          }
          if (exchange.revision > merge) {
            change->merged_ahead[exchange.sequence] = exchange.revision;
          }
          change->state.sequence = exchange.sequence;
          change->state.exchange_id = exchange.id.ToString();
          return true;
        });
  }

  bool IsRecent(const ledger::Exchange& exchange) const {
    return exchange.times.received >= clock_.WallMicros() - kOverrunAgeMicros;
  }

  Result<size_t> ReadMerges(RollupChange* change) {
    std::vector<ledger::MergedRecord> merges;
    TRY(ledger_.ScanMerges(change->state.merge + 1,
                           options_.batch_exchanges_max,
                           [&](const ledger::MergedRecord& merged) {
                             merges.push_back(merged);
                             return true;
                           }));
    for (ledger::MergedRecord& merged : merges) {
      TRY(Count(&merged, change));
      change->state.merge = merged.after.revision;
    }
    // What is no longer ahead is not worth a row.
    std::erase_if(change->merged_ahead, [&](const auto& ahead) {
      return ahead.second <= change->state.merge;
    });
    return merges.size();
  }

  Status Count(ledger::MergedRecord* merged, RollupChange* change) {
    const uint64_t sequence = merged->after.sequence;
    // Not counted yet: it will be read as it became.
    if (sequence > change->state.sequence) return {};
    TRY_ASSIGN(uint64_t seen, table_.MergedAhead(sequence));
    if (const auto ahead = change->merged_ahead.find(sequence);
        ahead != change->merged_ahead.end()) {
      seen = std::max(seen, ahead->second);
    }
    if (merged->after.revision <= seen) return {};
    // Parts stay the first arrival's.
    TRY_ASSIGN(const ledger::Exchange now, ledger_.GetBySequence(sequence));
    merged->before.parts = now.parts;
    merged->after.parts = now.parts;
    Subtract(TallyOf(merged->before, pricing_),
             &change->sums[NameOf(merged->before)]);
    Add(TallyOf(merged->after, pricing_), &change->sums[NameOf(merged->after)]);
    return {};
  }

  void Run() {
    SetThreadName("account");
    bool told = false;
    while (true) {
      Result<bool> more = false;
      {
        std::lock_guard lock(mutex_);
        more = Step();
      }
      if (!more.ok() && !told) {
        logger_.Error("usage_not_added_up",
                      {{"reason", more.error().message()}});
      }
      told = !more.ok();
      const int64_t wait_ms = !more.ok() ? kRetryMs
                              : *more    ? 0
                                         : options_.poll_ms;
      if (Wait(wait_ms)) return;
    }
  }

  // Whether to stop.
  bool Wait(int64_t wait_ms) {
    std::unique_lock lock(wake_mutex_);
    return wake_.wait_for(lock, std::chrono::milliseconds(wait_ms),
                          [&] { return stopping_; });
  }

  const ledger::Ledger& ledger_;
  const RollupOptions options_;
  const Clock& clock_;
  const Logger& logger_;

  std::mutex mutex_;
  Pricing pricing_;
  RollupTable table_;
  std::function<void(const ledger::Exchange&, const Tally&)> overrun_;
  // Of the batch at hand.
  std::vector<std::pair<ledger::Exchange, Tally>> overruns_;

  std::mutex reader_mutex_;
  Database reader_;

  std::atomic<uint64_t> applied_ = 0;
  std::atomic<int64_t> behind_since_ = 0;  // steady; 0: not behind
  std::atomic<bool> healthy_ = true;

  std::mutex wake_mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

Rollup::Rollup(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Rollup::~Rollup() = default;

Result<std::unique_ptr<Rollup>> Rollup::Open(
    const std::string& folder, const ledger::Ledger& ledger, Pricing pricing,
    RollupOptions options, const Clock& clock, const Logger& logger) {
  const std::string path = folder + "/account.sqlite";
  TRY_ASSIGN(RollupTable table, RollupTable::Open(path, options.vfs));
  Database::Options reading;
  reading.mode = Database::Mode::kRead;
  reading.vfs = options.vfs;
  TRY_ASSIGN(Database reader, Database::Open(path, reading));
  auto impl = std::make_unique<Impl>(std::move(table), std::move(reader),
                                     ledger, std::move(pricing),
                                     std::move(options), clock, logger);
  TRY(impl->Begin());
  return std::unique_ptr<Rollup>(new Rollup(std::move(impl)));
}

Status Rollup::CatchUp(uint64_t sequence, int64_t timeout_ms) {
  return impl_->CatchUp(sequence, timeout_ms);
}
Status Rollup::Rebuild() { return impl_->Rebuild(); }
Status Rollup::SetPricing(Pricing pricing) {
  return impl_->SetPricing(std::move(pricing));
}
Status Rollup::Read(
    const RollupRange& range,
    const std::function<void(const RowName&, const Tally&)>& visitor) {
  return impl_->Read(range, visitor);
}
RollupStats Rollup::Stats() const { return impl_->Stats(); }
void Rollup::SetOverrunListener(
    std::function<void(const ledger::Exchange&, const Tally&)> listener) {
  impl_->SetOverrunListener(std::move(listener));
}
std::string Rollup::edition() const { return impl_->edition(); }
void Rollup::Stop() { impl_->Stop(); }

}  // namespace cofferdam::account
