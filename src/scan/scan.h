#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "corpus/source.h"
#include "evidence/background.h"
#include "evidence/dataset_catalogue.h"
#include "evidence/finding.h"
#include "evidence/matcher.h"
#include "evidence/proposer.h"
#include "scan/sink.h"

namespace cofferdam::scan {

class Progress;

struct ScanOptions {
  // The folder of the index, such as "<data>/index". Seal first, so that it
  // covers what was recorded until now.
  std::string index_folder;
  evidence::Judgement judgement;
  // Whether findings carry the document's lines (--show).
  evidence::KeepText keep_text = evidence::KeepText::kNo;
  corpus::SourceOptions source;
  evidence::ProposerLimits propose;
  evidence::MatchLimits match;
  // What people have written; null: nothing is known of it. Both must outlive
  // the scan.
  const evidence::Background* background = nullptr;
  const evidence::TokenModel* token_model = nullptr;
  // Whose names marks are known by; null: no marks are looked for. Must outlive
  // the scan.
  const evidence::DatasetCatalogue* datasets = nullptr;
  // Of the index, so much is looked into at once (filters, keys and postings);
  // where it has more, the corpus is read in several passes. 0: half of this
  // machine's memory. The output is the same for any.
  uint64_t index_memory_bytes = 0;
  // Threads that read; 0 for one a core. The output is the same for any.
  size_t threads = 0;
  // A journal to go on from, and to keep (docs/formats/journal.md); empty for
  // none. A scan of something else is refused.
  std::string journal;
  // Ends the scan soon after it is set; null for never.
  const std::atomic<bool>* stop = nullptr;
  // Told how far the scan is, some times a second; may be null.
  Progress* progress = nullptr;
};

// Chunks that are read, or wait for those before them, for each thread. Bounds
// memory: a chunk is about a megabyte of the corpus, or one larger record.
inline constexpr size_t kChunksAheadPerThread = 8;
// Of an index, where the machine does not say how much memory it has.
inline constexpr uint64_t kIndexMemoryBytesUnknown = uint64_t{4} << 30;
// Of larger texts one is matched at a time.
inline constexpr size_t kLargeTextBytes = size_t{8} << 20;
// How long the calling thread sleeps before it looks at progress and stop.
inline constexpr int64_t kLookMs = 100;

// Reads every record under `paths` (corpus::OpenSource), and gives what matches
// the index to `sink`, in the order of the corpus, on the calling thread.
// kNotFound naming a path that does not exist, kCancelled after `stop`, the
// index's and the journal's errors. Threads are started and joined within. With
// several passes: kInvalid for stdin, which is read once only; kConflict where
// the corpus changes from one to the next; kTooLarge beyond kPassBytesMax. A
// journal is of the last pass; those before it are run again.
Result<ScanReport> Scan(const std::vector<std::string>& paths,
                        const ScanOptions& options, Sink* sink);

}  // namespace cofferdam::scan
