#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "evidence/finding.h"

namespace cofferdam::scan {

// Findings of one verdict, and their lines.
struct Tally {
  uint64_t findings = 0;
  uint64_t lines = 0;

  bool operator==(const Tally&) const = default;
};

// Of one origin, or of all.
struct VerdictTally {
  Tally allowed;
  Tally ambiguous;
  Tally forbidden;

  void Add(const evidence::Finding& finding);
  uint64_t findings() const {
    return allowed.findings + ambiguous.findings + forbidden.findings;
  }
  bool operator==(const VerdictTally&) const = default;
};

// What people call an origin in a list: "claude-sonnet-4-5 (anthropic)", or
// "alpaca (dataset)" for a mark. Not made safe for a terminal.
std::string OriginLabel(const evidence::Origin& origin);
std::string MarkLabel(const evidence::FoundMark& mark);
// The labels of a finding, each once, the strongest first. Never none:
// "unknown" where a finding names nothing.
std::vector<std::string> OriginLabels(const evidence::Finding& finding);

// How many findings name each origin. One that several outputs explain counts
// for each of them, since none of them is named alone.
class OriginTable {
 public:
  // Origins that are told apart; findings of the rest are added up as one.
  static constexpr size_t kOriginsMax = 4096;

  struct Row {
    std::string label;
    VerdictTally tally;

    bool operator==(const Row&) const = default;
  };

  void Add(const evidence::Finding& finding);

  // The `count` rows with the most findings that may not be used, then the most
  // findings, then by label; all others as one last row "N others".
  std::vector<Row> Top(size_t count) const;
  size_t size() const { return rows_.size(); }

 private:
  std::map<std::string, VerdictTally, std::less<>> rows_;
  VerdictTally beyond_;  // of origins beyond kOriginsMax
};

}  // namespace cofferdam::scan
