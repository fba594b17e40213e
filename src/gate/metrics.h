#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gate/capacity.h"
#include "ledger/exchange.h"
#include "ledger/ledger.h"

namespace cofferdam::gate {

// A histogram of durations with fixed bounds; counting is two atomic adds.
class DurationHistogram {
 public:
  // Upper bounds in microseconds; a last bucket holds what is longer.
  static constexpr std::array<int64_t, 16> kBoundsMicros = {
      100,        250,        500,         1'000,      2'500,     5'000,
      10'000,     50'000,     100'000,     500'000,    1'000'000, 5'000'000,
      30'000'000, 60'000'000, 300'000'000, 600'000'000};

  void Add(int64_t micros);
  // "NAME_bucket{LABELS,le="0.0001"} 3\n" … with _sum and _count, in seconds.
  void AppendText(std::string_view name, std::string_view labels,
                  std::string* out) const;

 private:
  std::array<std::atomic<uint64_t>, kBoundsMicros.size() + 1> buckets_ = {};
  std::atomic<int64_t> sum_micros_ = 0;
};

// What the gate counts of one upstream. Names of upstreams come from the
// configuration, so there are few.
struct UpstreamMetrics {
  static constexpr size_t kOutcomes = 6;  // ledger::Outcome
  std::array<std::atomic<uint64_t>, kOutcomes> exchanges = {};
  // Of answers by the first digit of their status; 0: none came.
  std::array<std::atomic<uint64_t>, 6> statuses = {};
  std::atomic<uint64_t> input_tokens = 0;
  std::atomic<uint64_t> cache_read_tokens = 0;
  std::atomic<uint64_t> cache_write_tokens = 0;
  std::atomic<uint64_t> output_tokens = 0;
  std::atomic<uint64_t> estimated_exchanges = 0;
  std::atomic<uint64_t> request_bytes = 0;
  std::atomic<uint64_t> response_bytes = 0;
  std::atomic<uint64_t> keepalives = 0;
  std::atomic<int64_t> running = 0;
  DurationHistogram duration;    // from the request's head to the answer's end
  DurationHistogram first_byte;  // until the upstream's head
  // What the gate itself took before the request was sent on.
  DurationHistogram admission;

  void Count(const ledger::Exchange& exchange);
};

// The gate's counters, in the text form that Prometheus reads. Counters only
// grow, over reloads of the configuration too. No label holds a person, a key,
// a model or a repository. Safe from any thread.
class Metrics {
 public:
  // Of the upstream of that name, made when it is new; lives as long as this.
  UpstreamMetrics& Of(const std::string& upstream);

  // A request that was refused, by the code of the reason.
  void CountRefused(Code code);
  void CountReload(bool ok);
  bool last_reload_ok() const { return last_reload_ok_; }
  void CountUnrecorded() { ++unrecorded_; }

  // All of it, with what the ledger says of itself and what the system says of
  // this process. `connections`: of clients, now; `capacities` of providers.
  std::string Text(const ledger::LedgerStats& ledger, size_t connections,
                   const std::vector<Capacity::State>& capacities) const;

 private:
  void AppendCounts(std::string* out) const;
  void AppendGate(std::string* out) const;

  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<UpstreamMetrics>> upstreams_;
  std::array<std::atomic<uint64_t>, 16> refused_ = {};  // by Code
  std::atomic<uint64_t> unrecorded_ = 0;
  std::atomic<uint64_t> reloads_ok_ = 0;
  std::atomic<uint64_t> reloads_failed_ = 0;
  std::atomic<bool> last_reload_ok_ = true;
};

}  // namespace cofferdam::gate
