// What the gate costs: the same requests straight to a provider double, through
// nginx as a plain reverse proxy, through the gate, through one with 1,000
// rules and 100,000 people ("governed"), and through one with ledger.sync =
// "each", in turns, in one run. All are processes of their own.
//
// The gate does what it always does: it checks the key, meters, writes its log,
// records durably before the last byte, and indexes what was recorded.
//
// Times are medians over turns of a percentile within a turn. "Added" is what a
// path takes longer than straight to the double in the same turn. Delays of
// frames are from the double's send to the arrival, of streams whose frames
// come 5 ms apart; the time to the first token is to the body's first byte.
// CPU is user and system time per request at 64 connections, and goes on until
// the gate has indexed everything.
//
// Nothing is pinned to a core: there are four busy threads on two cores, and
// the scheduler's choices are part of what a user meets, for every path alike.

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "benches/dialogue.h"
#include "benches/fast_double.h"
#include "benches/figures.h"
#include "benches/hop.h"
#include "benches/load.h"
#include "benches/process.h"
#include "benches/sessions.h"
#include "benches/turns.h"

namespace cofferdam::bench {
namespace {

const std::string kDirect = "direct";
const std::string kNginx = "nginx";
const std::string kGate = "gate";
const std::string kGoverned = "governed";
const std::string kGateEach = "sync_each_gate";

// Descriptors that a gate needs beside two for each stream.
constexpr int kDescriptorsBeside = 200;

// Raises the limit of open files as far as allowed, for all that is started
// from here; the limit.
int RaiseFileLimit() {
  constexpr rlim_t kWanted = 32'768;
  rlimit limit = {};
  getrlimit(RLIMIT_NOFILE, &limit);
  rlimit raised = {kWanted, std::max(limit.rlim_max, kWanted)};
  if (setrlimit(RLIMIT_NOFILE, &raised) != 0) {
    raised.rlim_cur = raised.rlim_max = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &raised);
  }
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<int>(limit.rlim_cur);
}

double Mebibytes(int64_t bytes) {
  return static_cast<double>(bytes) / (1 << 20);
}

double TotalP50(const Turn& turn) { return turn.total_p50; }
double TotalP99(const Turn& turn) { return turn.total_p99; }
double FirstP50(const Turn& turn) { return turn.first_p50; }
double FrameP50(const Turn& turn) { return turn.frame_p50; }
double FrameP99(const Turn& turn) { return turn.frame_p99; }
double Rate(const Turn& turn) { return turn.rate; }
double ProxyCpu(const Turn& turn) { return turn.proxy_cpu; }
double DoubleCpu(const Turn& turn) { return turn.double_cpu; }
double LoadCpu(const Turn& turn) { return turn.load_cpu; }

// CPU of the gate's threads whose names begin so.
TurnTable::Of CpuOf(std::string_view begin) {
  return [begin](const Turn& turn) {
    double sum = 0;
    for (const auto& [name, cpu] : turn.proxy_cpu_by_thread) {
      if (name.starts_with(begin)) sum += cpu;
    }
    return sum;
  };
}

class GateBench {
 public:
  explicit GateBench(const Options& options)
      : options_(options),
        files_max_(RaiseFileLimit()),
        loops_(CoresUsable()),
        double_(folder_.path()) {}

  int Main() {
    Memory();
    Compare();
    Index();
    PrintFigures("gate", "nginx as a plain reverse proxy, and no proxy at all",
                 figures_, options_);
    return 0;
  }

 private:
  // One gate alone: idle, then with many streams open at once.
  void Memory() {
    GateProcess gate(folder_.path() + "/memory", double_.port(), loops_,
                     Sync::kGroup);
    Add("memory_idle", Mebibytes(gate.idle_bytes()), "MiB", Better::kLower, 32);
    OpenStreams(gate, "memory_1000_streams", 1'000, std::nullopt);
    constexpr int kMost = 10'000;
    int streams = std::min(kMost, (files_max_ - kDescriptorsBeside) / 2);
    if (streams < kMost) {
      fmt::print(stderr,
                 "bench: {} open files allowed, so {} streams are opened "
                 "instead of {}\n",
                 files_max_, streams, kMost);
    }
    OpenStreams(gate, "memory_10000_streams", streams, 96);
    Add("streams_opened", streams, "streams", Better::kHigher, kMost);
    CheckRecords(gate, streams + 1'000, memory_failed_, "memory_");
  }

  // What the gate holds when `count` streams have begun and none has ended.
  void OpenStreams(const GateProcess& gate, const std::string& name, int count,
                   std::optional<double> target) {
    fmt::print(stderr, "bench: {} streams at once\n", count);
    RequestPlan plan;
    plan.stream = true;
    plan.pace.held = true;
    Load load;
    load.port = gate.port();
    load.connections = count;
    load.requests = count;
    load.request = RequestBytes(gate.key(), plan);
    load.expected = &StreamedAnswer();
    load.when_all_held = [&] {
      Add(name, Mebibytes(gate.process().ResidentBytes()), "MiB",
          Better::kLower, target);
      if (!DriveOne(double_.port(), "POST /release HTTP/1.1\r\n\r\n")) {
        Fail("the double does not release its streams");
      }
    };
    memory_failed_ += Drive(load).failed;
  }

  void Compare() {
    NginxProcess nginx(folder_.path(), double_.port(), loops_);
    GateProcess gate(folder_.path() + "/gate", double_.port(), loops_,
                     Sync::kGroup);
    GateProcess each(folder_.path() + "/each", double_.port(), loops_,
                     Sync::kEach);
    GateProcess governed(folder_.path() + "/governed", double_.port(), loops_,
                         Sync::kGroup, Governed::kFully);
    TurnRunner runner(
        {{kDirect, double_.port(), gate.key(), nullptr},
         {kNginx, nginx.port(), gate.key(), &nginx.process()},
         {kGate, gate.port(), gate.key(), &gate.process()},
         {kGoverned, governed.port(), governed.key(), &governed.process()},
         {kGateEach, each.port(), each.key(), &each.process()}},
        double_.process());
    const int turns = options_.quick ? 3 : 9;
    const TurnTable c1 = runner.Run({"c1", 1, Count(2'000), turns, {}});
    CompareOne(c1);
    const TurnTable c64 = runner.Run({"c64", 64, Count(8'000), turns, {}});
    Compare64(c64);
    CompareGoverned(c1, c64);
    CompareStreams(
        runner.Run({"stream", 1, Count(300), turns, {.stream = true}}));
    CompareFrames(
        runner.Run({"frames",
                    16,
                    options_.quick ? 16 : 64,
                    turns,
                    {.stream = true, .pace = {.frame_interval_us = 5'000}}}));
    Compare300k(runner.Run(
        {"prompt_300k", 1, Count(300), turns, {.prompt_bytes = 300'000}}));
    Add("memory_after", Mebibytes(gate.process().ResidentBytes()), "MiB");
    CheckRecords(gate, runner.sent(kGate), runner.failed(kGate), "");
    CheckRecords(governed, runner.sent(kGoverned), runner.failed(kGoverned),
                 "governed_");
    CheckRecords(each, runner.sent(kGateEach), runner.failed(kGateEach),
                 "sync_each_");
    Add("baseline_failed", runner.failed(kDirect) + runner.failed(kNginx),
        "requests", Better::kLower, 0);
  }

  // Sessions of an agent whose prompts carry 100 KB and all earlier turns, as
  // fast as the gate takes them: what indexing their outputs of 2 KB costs.
  void Index() {
    GateProcess gate(folder_.path() + "/index", double_.port(), loops_,
                     Sync::kGroup);
    Load load;
    load.port = gate.port();
    load.connections = 8;
    load.each_request =
        SessionRequests(gate.key(), 16, options_.quick ? 4 : 40, 100'000);
    load.requests = static_cast<int>(load.each_request.size());
    load.expected = &CodeAnswer();
    fmt::print(stderr, "bench: sessions, {} turns\n", load.requests);
    auto before = gate.process().CpuNanosByThread();
    Measured measured = Drive(load);
    const int64_t answered = SteadyNanos();
    AwaitIdle(gate.process());
    const double lag_ms = static_cast<double>(SteadyNanos() - answered) / 1e6;
    auto after = gate.process().CpuNanosByThread();
    auto cpu = [&](const std::string& thread) {
      return static_cast<double>(after[thread] - before[thread]) / 1e3 /
             load.requests;
    };
    GateProcess::Records records = gate.ReadRecords();
    Add("index_rate_of_one_core", 1e6 / cpu("indexer"), "outputs/s",
        Better::kHigher, 1'000);
    Add("index_cpu", cpu("indexer"), "us/output");
    Add("index_ledger_cpu", cpu("ledger-writer"), "us/output");
    Add("index_loop_cpu", cpu("loop"), "us/output");
    Add("index_session_rate", load.requests / measured.seconds, "req/s",
        Better::kHigher);
    Add("index_caught_up_after", lag_ms, "ms");
    Add("index_failed", measured.failed, "requests", Better::kLower, 0);
    Add("index_not_indexed",
        static_cast<double>(measured.sent - records.exchanges +
                            records.pending),
        "outputs", Better::kLower, 0);
  }

  void CompareOne(const TurnTable& c1) {
    AddLatency(c1, "c1", {{kGate, 120}});
    Add("c1_gate_added_p50_of_nginx",
        Value("c1_gate_added_p50") / Value("c1_nginx_added_p50"), "ratio",
        Better::kLower, 2);
    AddRates(c1, "c1");
  }

  // What a law and many people add to the gate itself.
  void CompareGoverned(const TurnTable& c1, const TurnTable& c64) {
    constexpr double kMost = 1.05;
    Add("c1_governed_p50_of_gate", c1.MedianRatio(kGoverned, kGate, TotalP50),
        "ratio", Better::kLower, kMost);
    Add("c64_governed_p50_of_gate", c64.MedianRatio(kGoverned, kGate, TotalP50),
        "ratio", Better::kLower, kMost);
    Add("c64_governed_cpu_of_gate", c64.MedianRatio(kGoverned, kGate, ProxyCpu),
        "ratio", Better::kLower, kMost);
  }

  void Compare64(const TurnTable& c64) {
    AddLatency(c64, "c64", {});
    AddRates(c64, "c64");
    for (const std::string& path : {kNginx, kGate, kGateEach}) {
      std::optional<double> target;
      if (path == kGate) target = 65;
      Add(fmt::format("c64_{}_cpu", path), c64.Median(path, ProxyCpu), "us/req",
          Better::kLower, target);
    }
    Add("c64_gate_cpu_of_nginx", c64.MedianRatio(kGate, kNginx, ProxyCpu),
        "ratio", Better::kLower, 1.5);
    for (std::string_view thread : {"loop", "ledger", "indexer", "rocksdb"}) {
      Add(fmt::format("c64_gate_cpu_{}", thread),
          c64.Median(kGate, CpuOf(thread)), "us/req");
    }
    for (const std::string& path : {kDirect, kNginx, kGate}) {
      Add(fmt::format("c64_{}_double_cpu", path), c64.Median(path, DoubleCpu),
          "us/req");
      Add(fmt::format("c64_{}_load_cpu", path), c64.Median(path, LoadCpu),
          "us/req");
    }
  }

  void CompareStreams(const TurnTable& streams) {
    AddAdded(streams, "first_token", "p50", FirstP50, {{kGate, 100}});
    AddAdded(streams, "stream", "p50", TotalP50, {});
    for (const std::string& path : {kNginx, kGate, kGateEach}) {
      Add(fmt::format("stream_{}_cpu", path), streams.Median(path, ProxyCpu),
          "us/req");
    }
  }

  void CompareFrames(const TurnTable& frames) {
    AddAdded(frames, "inter_frame", "p50", FrameP50, {});
    AddAdded(frames, "inter_frame", "p99", FrameP99, {});
  }

  void Compare300k(const TurnTable& prompts) {
    AddAdded(prompts, "prompt_300k", "p50", TotalP50, {});
    AddAdded(prompts, "prompt_300k", "p99", TotalP99, {{kGate, 2'000}});
    for (const std::string& path : {kNginx, kGate, kGateEach}) {
      Add(fmt::format("prompt_300k_{}_cpu", path),
          prompts.Median(path, ProxyCpu), "us/req");
    }
  }

  using Targets = std::map<std::string, double>;

  void AddLatency(const TurnTable& table, const std::string& name,
                  const Targets& p99_targets) {
    Add(name + "_direct_p50", table.Median(kDirect, TotalP50), "us");
    AddAdded(table, name, "p50", TotalP50, {});
    AddAdded(table, name, "p99", TotalP99, p99_targets);
  }

  // NAME_PATH_added_WHAT of each proxy; with sync_each_ before NAME.
  void AddAdded(const TurnTable& table, const std::string& name,
                const std::string& what, const TurnTable::Of& of,
                const Targets& targets) {
    for (const std::string& path : {kNginx, kGate, kGateEach}) {
      auto target = targets.find(path);
      Add(fmt::format("{}_{}_added_{}", name, path, what),
          table.MedianAdded(path, kDirect, of), "us", Better::kLower,
          target == targets.end() ? std::nullopt
                                  : std::optional(target->second));
    }
  }

  void AddRates(const TurnTable& table, const std::string& name) {
    for (const std::string& path : {kDirect, kNginx, kGate, kGateEach}) {
      Add(fmt::format("{}_{}_rate", name, path), table.Median(path, Rate),
          "req/s", Better::kHigher);
    }
  }

  void CheckRecords(const GateProcess& gate, int sent, int failed,
                    const std::string& prefix) {
    Add(prefix + "requests_failed", failed, "requests", Better::kLower, 0);
    Add(prefix + "requests_unrecorded",
        static_cast<double>(sent - gate.ReadRecords().exchanges), "requests",
        Better::kLower, 0);
  }

  int Count(int full) const { return options_.quick ? full / 10 : full; }

  void Add(std::string name, double value, std::string unit,
           Better better = Better::kLower,
           std::optional<double> target = std::nullopt) {
    // "c1_sync_each_gate_…" reads "sync_each_c1_gate_…".
    if (size_t at = name.find("_sync_each_"); at != std::string::npos) {
      name = "sync_each_" + name.substr(0, at + 1) +
             name.substr(at + std::strlen("_sync_each_"));
    }
    figures_.push_back(
        {std::move(name), value, std::move(unit), better, target});
  }

  double Value(std::string_view name) const {
    for (const Figure& figure : figures_) {
      if (figure.name == name) return figure.value;
    }
    return 0;
  }

  Options options_;
  int files_max_;
  int loops_;
  TemporaryFolder folder_;
  DoubleProcess double_;
  int memory_failed_ = 0;
  std::vector<Figure> figures_;
};

}  // namespace
}  // namespace cofferdam::bench

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "--double") == 0) {
    cofferdam::bench::RunDouble();
  }
  signal(SIGPIPE, SIG_IGN);
  return cofferdam::bench::GateBench(cofferdam::bench::ParseOptions(argc, argv))
      .Main();
}
