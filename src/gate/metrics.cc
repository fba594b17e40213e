#include "gate/metrics.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

namespace cofferdam::gate {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr size_t kCodes = static_cast<size_t>(Code::kInternal) + 1;

void Family(std::string_view name, std::string_view type, std::string_view help,
            std::string* out) {
  fmt::format_to(std::back_inserter(*out), "# HELP {} {}\n# TYPE {} {}\n", name,
                 help, name, type);
}

void Sample(std::string_view name, std::string_view labels, double value,
            std::string* out) {
  fmt::format_to(std::back_inserter(*out), "{}{}{}{} {}\n", name,
                 labels.empty() ? "" : "{", labels, labels.empty() ? "" : "}",
                 value);
}

void One(std::string_view name, std::string_view type, std::string_view help,
         double value, std::string* out) {
  Family(name, type, help, out);
  Sample(name, "", value, out);
}

// Names of upstreams are keys of a TOML file and may hold anything.
std::string Label(std::string_view name, std::string_view value) {
  std::string text(name);
  text += "=\"";
  for (char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    if (c == '\n') {
      text += "\\n";
    } else {
      text += c;
    }
  }
  text += '"';
  return text;
}

struct ProcessFigures {
  double resident_bytes = 0;
  double cpu_seconds = 0;
};

ProcessFigures ReadProcess() {
  ProcessFigures figures;
  std::ifstream statm("/proc/self/statm");
  int64_t total = 0;
  int64_t resident = 0;
  if (statm >> total >> resident) {
    figures.resident_bytes = static_cast<double>(resident) *
                             static_cast<double>(sysconf(_SC_PAGESIZE));
  }
  timespec cpu{};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0) {
    figures.cpu_seconds = static_cast<double>(cpu.tv_sec) +
                          static_cast<double>(cpu.tv_nsec) / 1e9;
  }
  return figures;
}

void AppendProcess(std::string* out) {
  ProcessFigures process = ReadProcess();
  One("process_resident_memory_bytes", "gauge", "Memory in RAM.",
      process.resident_bytes, out);
  One("process_cpu_seconds_total", "counter", "User and system CPU time.",
      process.cpu_seconds, out);
}

void AppendLedger(const ledger::LedgerStats& stats, std::string* out) {
  auto gauge = [&](std::string_view name, std::string_view help, double value) {
    One(name, "gauge", help, value, out);
  };
  One("cofferdam_ledger_exchanges_total", "counter",
      "Exchanges in the ledger since it was made.",
      static_cast<double>(stats.exchanges), out);
  gauge("cofferdam_ledger_sequence", "The last exchange's number.",
        static_cast<double>(stats.last_sequence));
  gauge("cofferdam_ledger_indexed_through",
        "Every exchange up to this number is indexed.",
        static_cast<double>(stats.indexed_through));
  gauge("cofferdam_ledger_pending_exchanges",
        "Exchanges that wait for the indexer.",
        static_cast<double>(stats.pending_exchanges));
  gauge("cofferdam_ledger_pending_bytes", "Bytes of their prompts.",
        static_cast<double>(stats.pending_bytes));
  gauge("cofferdam_ledger_lag_seconds",
        "Age of the oldest exchange that waits for the indexer.",
        static_cast<double>(stats.lag_micros) / 1e6);
  gauge("cofferdam_ledger_queue_exchanges",
        "Exchanges that wait to be written.",
        static_cast<double>(stats.queue_exchanges));
  gauge("cofferdam_ledger_healthy", "1 while the disk takes writes.",
        stats.healthy ? 1 : 0);
}

void AppendCapacities(const std::vector<Capacity::State>& states,
                      std::string* out) {
  auto family = [&](std::string_view name, std::string_view type,
                    std::string_view help, auto value) {
    Family(name, type, help, out);
    for (const Capacity::State& state : states) {
      Sample(name, Label("provider", state.provider),
             static_cast<double>(value(state)), out);
    }
  };
  family("cofferdam_capacity_waiting", "gauge",
         "Requests that wait for their turn at a provider.",
         [](const Capacity::State& state) { return state.waiting; });
  family("cofferdam_capacity_waited_total", "counter",
         "Requests that had to wait for their turn.",
         [](const Capacity::State& state) { return state.waited; });
  family("cofferdam_capacity_refused_total", "counter",
         "Requests whose turn did not come in time.",
         [](const Capacity::State& state) { return state.refused; });
}

constexpr std::pair<ledger::Outcome, size_t> kOutcomes[] = {
    {ledger::Outcome::kComplete, 0},      {ledger::Outcome::kClientGone, 1},
    {ledger::Outcome::kUpstreamError, 2}, {ledger::Outcome::kTruncated, 3},
    {ledger::Outcome::kGateEnded, 4},     {ledger::Outcome::kUnreachable, 5},
};

size_t IndexOf(ledger::Outcome outcome) {
  for (const auto& [value, index] : kOutcomes) {
    if (value == outcome) return index;
  }
  return 0;
}

void AddTokens(int64_t tokens, std::atomic<uint64_t>* counter) {
  counter->fetch_add(static_cast<uint64_t>(std::max<int64_t>(0, tokens)),
                     kRelaxed);
}

struct CounterRow {
  std::string_view name;
  std::string_view help;
  std::atomic<uint64_t> UpstreamMetrics::* counter;
};

using U = UpstreamMetrics;
constexpr CounterRow kCounters[] = {
    {"cofferdam_input_tokens_total", "Tokens of prompts, not cached.",
     &U::input_tokens},
    {"cofferdam_cache_read_tokens_total", "Tokens read from a cache.",
     &U::cache_read_tokens},
    {"cofferdam_cache_write_tokens_total", "Tokens written to a cache.",
     &U::cache_write_tokens},
    {"cofferdam_output_tokens_total", "Tokens of outputs.", &U::output_tokens},
    {"cofferdam_estimated_exchanges_total",
     "Exchanges whose usage the provider did not report.",
     &U::estimated_exchanges},
    {"cofferdam_request_bytes_total", "Bytes of request bodies.",
     &U::request_bytes},
    {"cofferdam_response_bytes_total", "Bytes of answers' bodies.",
     &U::response_bytes},
    {"cofferdam_keepalives_total", "Signs of life sent in silence.",
     &U::keepalives},
};

struct HistogramRow {
  std::string_view name;
  std::string_view help;
  DurationHistogram UpstreamMetrics::* histogram;
};

constexpr HistogramRow kHistograms[] = {
    {"cofferdam_exchange_duration_seconds",
     "From a request's head to its answer's end.", &U::duration},
    {"cofferdam_upstream_first_byte_seconds",
     "From sending a request on to the head of its answer.", &U::first_byte},
    {"cofferdam_admission_seconds",
     "From a request's head to its being sent on, its body included.",
     &U::admission},
};

}  // namespace

void DurationHistogram::Add(int64_t micros) {
  micros = std::max<int64_t>(0, micros);
  size_t bucket = static_cast<size_t>(
      std::lower_bound(kBoundsMicros.begin(), kBoundsMicros.end(), micros) -
      kBoundsMicros.begin());
  buckets_[bucket].fetch_add(1, kRelaxed);
  sum_micros_.fetch_add(micros, kRelaxed);
}

void DurationHistogram::AppendText(std::string_view name,
                                   std::string_view labels,
                                   std::string* out) const {
  auto at = std::back_inserter(*out);
  uint64_t count = 0;
  for (size_t i = 0; i < kBoundsMicros.size(); ++i) {
    count += buckets_[i].load(kRelaxed);
    fmt::format_to(at, "{}_bucket{{{},le=\"{}\"}} {}\n", name, labels,
                   static_cast<double>(kBoundsMicros[i]) / 1e6, count);
  }
  count += buckets_.back().load(kRelaxed);
  fmt::format_to(at, "{}_bucket{{{},le=\"+Inf\"}} {}\n", name, labels, count);
  fmt::format_to(at, "{}_sum{{{}}} {}\n{}_count{{{}}} {}\n", name, labels,
                 static_cast<double>(sum_micros_.load(kRelaxed)) / 1e6, name,
                 labels, count);
}

void UpstreamMetrics::Count(const ledger::Exchange& exchange) {
  exchanges[IndexOf(exchange.outcome)].fetch_add(1, kRelaxed);
  const int64_t digit = exchange.http_status / 100;
  statuses[digit >= 1 && digit <= 5 ? static_cast<size_t>(digit) : 0].fetch_add(
      1, kRelaxed);
  AddTokens(exchange.usage.input_tokens, &input_tokens);
  AddTokens(exchange.usage.cache_read_tokens, &cache_read_tokens);
  AddTokens(exchange.usage.cache_write_5m_tokens +
                exchange.usage.cache_write_1h_tokens,
            &cache_write_tokens);
  AddTokens(exchange.usage.output_tokens, &output_tokens);
  if (exchange.usage_source == wire::UsageSource::kEstimated) {
    estimated_exchanges.fetch_add(1, kRelaxed);
  }
  request_bytes.fetch_add(exchange.request_bytes, kRelaxed);
  response_bytes.fetch_add(exchange.response_bytes, kRelaxed);
  duration.Add(exchange.times.finished - exchange.times.received);
  if (exchange.times.upstream_sent != 0) {
    admission.Add(exchange.times.upstream_sent - exchange.times.received);
  }
  if (exchange.times.first_byte != 0) {
    first_byte.Add(exchange.times.first_byte - exchange.times.upstream_sent);
  }
}

UpstreamMetrics& Metrics::Of(const std::string& upstream) {
  std::lock_guard lock(mutex_);
  auto& metrics = upstreams_[upstream];
  if (metrics == nullptr) metrics = std::make_unique<UpstreamMetrics>();
  return *metrics;
}

void Metrics::CountRefused(Code code) {
  refused_[static_cast<size_t>(code)].fetch_add(1, kRelaxed);
}

void Metrics::CountReload(bool ok) {
  (ok ? reloads_ok_ : reloads_failed_).fetch_add(1, kRelaxed);
  last_reload_ok_.store(ok, kRelaxed);
}

void Metrics::AppendCounts(std::string* out) const {
  Family("cofferdam_exchanges_total", "counter",
         "Exchanges recorded, by how they ended.", out);
  for (const auto& [upstream, metrics] : upstreams_) {
    for (const auto& [outcome, index] : kOutcomes) {
      Sample("cofferdam_exchanges_total",
             Label("upstream", upstream) + "," +
                 Label("outcome", ledger::OutcomeName(outcome)),
             static_cast<double>(metrics->exchanges[index].load(kRelaxed)),
             out);
    }
  }
  Family("cofferdam_answers_total", "counter",
         "Answers of upstreams by class of status; none: unreachable.", out);
  for (const auto& [upstream, metrics] : upstreams_) {
    for (size_t i = 0; i < metrics->statuses.size(); ++i) {
      Sample("cofferdam_answers_total",
             Label("upstream", upstream) + "," +
                 Label("status", i == 0 ? "none" : fmt::format("{}xx", i)),
             static_cast<double>(metrics->statuses[i].load(kRelaxed)), out);
    }
  }
  for (const CounterRow& row : kCounters) {
    Family(row.name, "counter", row.help, out);
    for (const auto& [upstream, metrics] : upstreams_) {
      Sample(row.name, Label("upstream", upstream),
             static_cast<double>(((*metrics).*row.counter).load(kRelaxed)),
             out);
    }
  }
  Family("cofferdam_exchanges_running", "gauge", "Exchanges under way.", out);
  for (const auto& [upstream, metrics] : upstreams_) {
    Sample("cofferdam_exchanges_running", Label("upstream", upstream),
           static_cast<double>(metrics->running.load(kRelaxed)), out);
  }
}

void Metrics::AppendGate(std::string* out) const {
  Family("cofferdam_refused_total", "counter",
         "Requests that the gate refused, by reason.", out);
  for (size_t i = 0; i < kCodes; ++i) {
    Sample("cofferdam_refused_total",
           Label("reason", CodeName(static_cast<Code>(i))),
           static_cast<double>(refused_[i].load(kRelaxed)), out);
  }
  One("cofferdam_unrecorded_total", "counter",
      "Answers that were cut since the ledger did not take their record.",
      static_cast<double>(unrecorded_.load(kRelaxed)), out);
  Family("cofferdam_config_reloads_total", "counter",
         "Times that the configuration was read again.", out);
  Sample("cofferdam_config_reloads_total", "result=\"ok\"",
         static_cast<double>(reloads_ok_.load(kRelaxed)), out);
  Sample("cofferdam_config_reloads_total", "result=\"failed\"",
         static_cast<double>(reloads_failed_.load(kRelaxed)), out);
  One("cofferdam_config_current", "gauge",
      "0 while the file is broken and the last good one is in force.",
      last_reload_ok_.load(kRelaxed) ? 1 : 0, out);
}

std::string Metrics::Text(
    const ledger::LedgerStats& ledger, size_t connections,
    const std::vector<Capacity::State>& capacities) const {
  std::string out;
  {
    std::lock_guard lock(mutex_);
    AppendCounts(&out);
    for (const HistogramRow& row : kHistograms) {
      Family(row.name, "histogram", row.help, &out);
      for (const auto& [upstream, metrics] : upstreams_) {
        ((*metrics).*row.histogram)
            .AppendText(row.name, Label("upstream", upstream), &out);
      }
    }
  }
  AppendGate(&out);
  if (!capacities.empty()) AppendCapacities(capacities, &out);
  One("cofferdam_client_connections", "gauge", "Clients connected.",
      static_cast<double>(connections), &out);
  AppendLedger(ledger, &out);
  AppendProcess(&out);
  return out;
}

}  // namespace cofferdam::gate
