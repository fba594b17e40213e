#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "benches/dialogue.h"
#include "benches/process.h"

// The same load over several paths to the provider double, in turns.
namespace cofferdam::bench {

// One way to the double: straight, or through a proxy.
struct Path {
  std::string name;
  uint16_t port = 0;
  std::string key;
  const Process* proxy = nullptr;  // null: straight
};

struct Scenario {
  std::string name;
  int connections = 1;
  int requests = 1;  // per path and turn
  int turns = 1;
  RequestPlan plan;
};

// What one path showed in one turn. Times in microseconds.
struct Turn {
  double total_p50 = 0;
  double total_p99 = 0;
  double first_p50 = 0;
  double frame_p50 = 0;
  double frame_p99 = 0;
  double rate = 0;  // requests a second
  // CPU per request: until the proxy has nothing left to do, so that what it
  // does behind the answer counts.
  double proxy_cpu = 0;
  std::map<std::string, double> proxy_cpu_by_thread;
  double double_cpu = 0;
  double load_cpu = 0;
  int sent = 0;
  int failed = 0;
};

// All turns of a scenario, by the name of their path, and the medians of what
// is computed from each turn.
class TurnTable {
 public:
  using Of = std::function<double(const Turn&)>;

  void Add(const std::string& path, Turn turn);
  double Median(const std::string& path, const Of& of) const;
  // Of the differences of both paths in the same turn.
  double MedianAdded(const std::string& path, const std::string& base,
                     const Of& of) const;
  double MedianRatio(const std::string& path, const std::string& base,
                     const Of& of) const;

 private:
  double MedianOfPairs(const std::string& path, const std::string& base,
                       const Of& of,
                       const std::function<double(double, double)>& pair) const;

  std::map<std::string, std::vector<Turn>> turns_;
};

// Waits until `process` has nothing left to do.
void AwaitIdle(const Process& process);

// Runs the paths one after the other in each turn, each time beginning with
// another, so that a machine that slows down slows all. One short turn before
// warms them up; it counts towards `sent` and `failed` alone.
class TurnRunner {
 public:
  TurnRunner(std::vector<Path> paths, const Process& provider);
  TurnTable Run(const Scenario& scenario);
  // By path, of all scenarios.
  int sent(const std::string& path) const { return sent_.at(path); }
  int failed(const std::string& path) const { return failed_.at(path); }

 private:
  Turn RunTurn(const Path& path, const Scenario& scenario, int requests);

  std::vector<Path> paths_;
  const Process& provider_;
  std::map<std::string, int> sent_;
  std::map<std::string, int> failed_;
};

}  // namespace cofferdam::bench
