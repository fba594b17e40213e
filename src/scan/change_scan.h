#pragma once

#include <memory>

#include "base/result.h"
#include "corpus/changes.h"
#include "fingerprint/index.h"
#include "policy/verdict.h"
#include "scan/scan.h"
#include "scan/sink.h"

namespace cofferdam::scan {

// Scans the files that a change touches, and gives what stands on lines that it
// adds: text files line by line, records (JSONL, archives) where one of their
// lines is new. The evidence is that of the whole file, so that one added line
// counts as part of the output that its neighbours follow.
//
// One thread at a time.
class ChangeScan {
 public:
  // `index` must outlive it, as must what `options` points to. Of these are
  // used: judgement without its purpose, keep_text, propose, match, background,
  // token_model, datasets and source.limits.
  ChangeScan(const fingerprint::Index& index, const ScanOptions& options);
  ~ChangeScan();

  // Findings go to `sink` as they come, cut to the lines that were added; what
  // would be allowed is left out. The index's errors.
  Status Scan(const corpus::ChangedFile& file, policy::ScanPurpose purpose,
              Sink* sink);

  // What was scanned so far, for reports.
  const ScanReport& report() const;

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace cofferdam::scan
