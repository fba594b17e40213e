#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "corpus/tree.h"
#include "evidence/finding.h"
#include "evidence/matcher.h"
#include "scan/sink.h"

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

// Reads every document under `paths` (corpus::TreeWalk), and gives what matches
// the index. kNotFound naming a path that does not exist; the index's errors.
// Threads are started and joined within the call.
Result<ScanReport> Scan(const std::vector<std::string>& paths,
                        const ScanOptions& options, Sink* sink);

}  // namespace cofferdam::scan
