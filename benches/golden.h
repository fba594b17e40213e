#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

// The golden history that benches/golden_history.py makes: repositories, and
// who wrote each line of them.
namespace cofferdam::bench {

enum class Hand { kModel, kMixed, kHuman };

// One run of an agent.
struct GoldenRun {
  std::string tool;
  std::string model;
};

struct GoldenLine {
  Hand hand = Hand::kHuman;
  std::vector<size_t> runs;  // in Golden::runs
  // Whether the commit that git blame names claims it for a model.
  bool by_trailer = false;
  bool by_note = false;
};

// Path and number from 1. Blank lines are nobody's and not there.
using GoldenLines = std::map<std::pair<std::string, int64_t>, GoldenLine>;

struct GoldenStage {
  std::string name;
  std::string repository;
  GoldenLines lines;
};

struct Golden {
  std::string folder;
  std::string config;  // of the gate whose ledger knows the runs
  std::vector<GoldenRun> runs;
  std::map<std::string, size_t> run_of_exchange;
  std::vector<GoldenStage> stages;
};

// Reads what was made in `folder`; ends the bench when it is not whole.
Golden ReadGolden(const std::string& folder);

// How well some answer tells models' lines from people's.
struct Told {
  size_t said = 0;   // lines it gives to a model
  size_t right = 0;  // of those, rightly
  size_t there = 0;  // models' lines
  size_t found = 0;  // of those, given to a model
  double Precision() const;
  double Recall() const;
  void Count(bool is, bool is_said);
};

}  // namespace cofferdam::bench
