#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "corpus/tree.h"
#include "evidence/finding.h"
#include "evidence/matcher.h"

namespace cofferdam::scan {

struct ScanOptions {
  // The folder of the index, such as "<data>/index". Seal first, so that it
  // covers what was recorded until now.
  std::string index_folder;
  evidence::Judgement judgement;
  // Whether findings carry the document's lines (--show).
  evidence::KeepText keep_text = evidence::KeepText::kNo;
  corpus::TreeLimits tree;
  evidence::MatchLimits match;
  // Documents read at once; 0 for one a core. The output is the same for any.
  size_t threads = 0;
};

// Documents read ahead of the one whose findings are given next.
inline constexpr size_t kDocumentsAheadMax = 256;
// Of larger documents one is read at a time, which bounds memory.
inline constexpr size_t kLargeDocumentBytes = size_t{8} << 20;

// Takes what a scan finds, in the order of the walk, on the thread that called
// Scan.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void OnFinding(const evidence::Finding& finding) = 0;
  virtual void OnPassedOver(const corpus::PassedOver& passed) = 0;
};

struct ScanReport {
  // The ledger's sequence that the index covers; 0 for an empty one.
  uint64_t covered_sequence = 0;
  uint64_t files = 0;  // read, without those passed over
  uint64_t bytes = 0;
  uint64_t tokens = 0;
  uint64_t passed_over = 0;
  // Findings and their lines by verdict.
  struct Tally {
    uint64_t findings = 0;
    uint64_t lines = 0;
  };
  Tally allowed;
  Tally ambiguous;
  Tally forbidden;
  evidence::MatchCounts work;
  // What went wrong without ending the scan, one sentence each.
  std::vector<std::string> notices;

  // Exit code 1 of the command.
  bool NotAllowed() const {
    return ambiguous.findings > 0 || forbidden.findings > 0;
  }
};

// Reads every document under `paths` (corpus::TreeWalk), and gives what matches
// the index. kNotFound naming a path that does not exist; the index's errors.
// Threads are started and joined within the call.
Result<ScanReport> Scan(const std::vector<std::string>& paths,
                        const ScanOptions& options, Sink* sink);

}  // namespace cofferdam::scan
