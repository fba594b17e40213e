#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "corpus/source.h"
#include "scan/edit_list.h"
#include "scan/line_mask.h"
#include "scan/scan.h"

namespace cofferdam::cli {

std::vector<Flag> ScanWriteFlags();

// The copy of the corpus without what may not be used (--write).
class ScanWriter {
 public:
  // Null where none is asked for. kInvalid for flags that do not fit, and as
  // CheckRewrite for where it is to go.
  static Result<std::unique_ptr<ScanWriter>> Begin(
      const Invocation& call, const corpus::SourceOptions& source);

  // Takes findings.
  scan::Sink* sink() { return &edits_; }
  const std::string& to() const { return to_; }
  // Writes the copy, and says in `report` what became of its records.
  Status Write(const Invocation& call, const scan::ScanOptions& options,
               scan::ScanReport* report);

 private:
  ScanWriter(std::string to, scan::EditList::Options options)
      : to_(std::move(to)), options_(options), edits_(options) {}

  std::string to_;
  scan::EditList::Options options_;
  scan::EditList edits_;
  scan::LineMask mask_;  // empty without --mask
};

}  // namespace cofferdam::cli
