#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "benches/process.h"

// The programs that a bench of the gate runs, each on a free port of 127.0.0.1
// and with all its files in a folder of the bench.
namespace cofferdam::bench {

// Cores that this process may use: what nginx and the gate get as many of
// workers or loops as.
int CoresUsable();

// This program as the provider double (fast_double.h).
class DoubleProcess {
 public:
  explicit DoubleProcess(const std::string& folder);
  uint16_t port() const { return port_; }
  const Process& process() const { return process_; }

 private:
  Process process_;
  uint16_t port_;
};

// nginx as a plain reverse proxy: keeps connections to the upstream, writes no
// log of requests, passes on what arrives as it arrives. The binary is
// $COFFERDAM_NGINX, which ./bench sets, else the one that PATH has.
class NginxProcess {
 public:
  NginxProcess(const std::string& folder, uint16_t upstream_port, int workers);
  uint16_t port() const { return port_; }
  const Process& process() const { return *process_; }

 private:
  bool Start(const std::string& folder, uint16_t upstream_port, int workers);

  uint16_t port_ = 0;
  std::unique_ptr<Process> process_;
};

enum class Sync { kGroup, kEach };
// What the gate has to decide by.
enum class Governed {
  kBarely,  // the fixed law, one person
  kFully    // kRules rules, none of which matches, and kPeople with a key each
};
inline constexpr int kRules = 1'000;
inline constexpr int kPeople = 100'000;

// `cofferdam serve` with a store of its own, whose requests are one person's.
class GateProcess {
 public:
  GateProcess(const std::string& folder, uint16_t upstream_port, int loops,
              Sync sync, Governed governed = Governed::kBarely);
  uint16_t port() const { return port_; }
  const std::string& key() const { return key_; }
  const Process& process() const { return *process_; }
  // What its ledger says of itself.
  struct Records {
    int64_t exchanges = 0;
    int64_t pending = 0;  // not yet indexed
  };
  Records ReadRecords() const;
  int64_t idle_bytes() const { return idle_bytes_; }

 private:
  std::string Command(std::vector<std::string> words) const;
  void AddPeople() const;

  std::string folder_;
  std::unique_ptr<Process> process_;
  uint16_t port_ = 0;
  std::string key_;
  int64_t idle_bytes_ = 0;
};

}  // namespace cofferdam::bench
