#include "benches/turns.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "benches/figures.h"
#include "benches/load.h"

namespace cofferdam::bench {
namespace {

constexpr auto kGlance = std::chrono::milliseconds(25);
constexpr int64_t kIdleNanosPerGlance = 500'000;  // 2 % of a core
constexpr int kGlancesMax = 2'000;

std::map<std::string, double> PerRequest(
    const std::map<std::string, int64_t>& before,
    const std::map<std::string, int64_t>& after, double requests) {
  std::map<std::string, double> result;
  for (const auto& [name, nanos] : after) {
    auto it = before.find(name);
    int64_t spent = nanos - (it == before.end() ? 0 : it->second);
    result[name] = static_cast<double>(spent) / 1e3 / requests;
  }
  return result;
}

}  // namespace

void AwaitIdle(const Process& process) {
  int idle = 0;
  int64_t before = process.CpuNanos();
  for (int glance = 0; glance < kGlancesMax; ++glance) {
    std::this_thread::sleep_for(kGlance);
    int64_t now = process.CpuNanos();
    idle = now - before < kIdleNanosPerGlance ? idle + 1 : 0;
    if (idle == 2) return;
    before = now;
  }
  fmt::print(stderr, "bench: {} is still busy after {} s\n",
             process.first_line(), kGlancesMax / 40);
}

void TurnTable::Add(const std::string& path, Turn turn) {
  turns_[path].push_back(std::move(turn));
}

double TurnTable::Median(const std::string& path, const Of& of) const {
  std::vector<double> values;
  for (const Turn& turn : turns_.at(path)) values.push_back(of(turn));
  return bench::Median(std::move(values));
}

double TurnTable::MedianOfPairs(
    const std::string& path, const std::string& base, const Of& of,
    const std::function<double(double, double)>& pair) const {
  const auto& turns = turns_.at(path);
  const auto& bases = turns_.at(base);
  std::vector<double> values;
  for (size_t i = 0; i < turns.size(); ++i) {
    values.push_back(pair(of(turns[i]), of(bases[i])));
  }
  return bench::Median(std::move(values));
}

double TurnTable::MedianAdded(const std::string& path, const std::string& base,
                              const Of& of) const {
  return MedianOfPairs(path, base, of,
                       [](double a, double b) { return a - b; });
}

double TurnTable::MedianRatio(const std::string& path, const std::string& base,
                              const Of& of) const {
  return MedianOfPairs(path, base, of,
                       [](double a, double b) { return b == 0 ? 0 : a / b; });
}

TurnRunner::TurnRunner(std::vector<Path> paths, const Process& provider)
    : paths_(std::move(paths)), provider_(provider) {
  for (const Path& path : paths_) sent_[path.name] = failed_[path.name] = 0;
}

TurnTable TurnRunner::Run(const Scenario& scenario) {
  TurnTable table;
  fmt::print(stderr, "bench: {}, {} turns of {} requests on each path\n",
             scenario.name, scenario.turns, scenario.requests);
  for (const Path& path : paths_) {
    RunTurn(path, scenario,
            std::min(scenario.requests, 4 * scenario.connections + 50));
  }
  for (int turn = 0; turn < scenario.turns; ++turn) {
    for (size_t i = 0; i < paths_.size(); ++i) {
      const Path& path =
          paths_[(static_cast<size_t>(turn) + i) % paths_.size()];
      table.Add(path.name, RunTurn(path, scenario, scenario.requests));
    }
  }
  return table;
}

Turn TurnRunner::RunTurn(const Path& path, const Scenario& scenario,
                         int requests) {
  Load load;
  load.port = path.port;
  load.connections = std::min(scenario.connections, requests);
  load.requests = requests;
  load.request = RequestBytes(path.key, scenario.plan);
  load.expected = scenario.plan.stream ? &StreamedAnswer() : &WholeAnswer();

  const double count = requests;
  int64_t proxy_before = 0;
  std::map<std::string, int64_t> threads_before;
  if (path.proxy != nullptr) {
    proxy_before = path.proxy->CpuNanos();
    threads_before = path.proxy->CpuNanosByThread();
  }
  const int64_t double_before = provider_.CpuNanos();
  Measured measured = Drive(load);
  Turn turn;
  turn.double_cpu =
      static_cast<double>(provider_.CpuNanos() - double_before) / 1e3 / count;
  if (path.proxy != nullptr) {
    AwaitIdle(*path.proxy);
    turn.proxy_cpu =
        static_cast<double>(path.proxy->CpuNanos() - proxy_before) / 1e3 /
        count;
    turn.proxy_cpu_by_thread =
        PerRequest(threads_before, path.proxy->CpuNanosByThread(), count);
  }
  turn.total_p50 = Percentile(&measured.total_us, 0.5);
  turn.total_p99 = Percentile(&measured.total_us, 0.99);
  turn.first_p50 = Percentile(&measured.first_us, 0.5);
  turn.frame_p50 = Percentile(&measured.frame_us, 0.5);
  turn.frame_p99 = Percentile(&measured.frame_us, 0.99);
  turn.rate = count / measured.seconds;
  turn.load_cpu = measured.cpu_us / count;
  turn.sent = measured.sent;
  turn.failed = measured.failed;
  sent_[path.name] += measured.sent;
  failed_[path.name] += measured.failed;
  return turn;
}

}  // namespace cofferdam::bench
