#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "ledger/ledger.h"

namespace cofferdam::ledger {

struct SealerOptions {
  // Where the manifest and the segments lie ("<data>/index").
  std::string folder;
  // Outputs are sealed this long after the last time, if there are any…
  int64_t interval_ms = 600'000;
  // …or once this much of streams and fingerprints waits.
  uint64_t unsealed_bytes_max = uint64_t{64} << 20;
  // About how large one segment gets before the next is begun.
  uint64_t segment_bytes_max = uint64_t{64} << 20;
};

struct SealReport {
  // Outputs of every exchange up to here are in the index.
  uint64_t covered_sequence = 0;
  // What this call added.
  uint64_t outputs = 0;
  // What the index holds now.
  uint64_t segments = 0;
};

// Moves what the indexer made into sealed fingerprint segments, which any
// process can map (fingerprint::IndexWriter). The manifest, replaced in one
// step, says which segments count and through which sequence they cover, and
// nothing else remembers it: a segment that the manifest does not name is no
// part of the index, so that a crash between any two steps neither loses an
// output nor brings it twice. Parts without any fingerprint, quoted or too
// short, are left out: nothing could find them.
class Sealer {
 public:
  // Makes the folder (0700), removes what a crash left, and starts the thread
  // that seals. `ledger`, `clock` and `logger` must outlive it. The manifest's
  // errors; kCorrupt when it covers more than the ledger has.
  static Result<std::unique_ptr<Sealer>> Open(Ledger* ledger,
                                              SealerOptions options,
                                              const Clock& clock,
                                              const Logger& logger);
  ~Sealer();

  // Segments to merge after sealing: when many are of similar size, or all,
  // into as few as may be (fingerprint::IndexWriter), which takes about as long
  // as to build the index but makes every scan faster.
  enum class Merging { kSimilar, kAll };

  // Seals everything that is indexed now, and merges. One at a time; others
  // wait. To cover all that was appended, Indexer::Flush first.
  Result<SealReport> SealNow(Merging merging = Merging::kSimilar);

  // The same for the whole ledger, in the place of the index so far: after
  // records were purged. Merges all. Until it returns the index holds less.
  Result<SealReport> Rebuild();

  // `bytes` more wait to be sealed (Indexer::SetListener). Any thread.
  void Note(uint64_t bytes);

  void Stop();

 private:
  class Impl;
  explicit Sealer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// What a segment says of one part of an output: JSON, documented in
// docs/formats/ledger.md ("Descriptor"), enough for a finding. No text.
std::string OutputDescriptor(const Exchange& exchange, size_t part);

}  // namespace cofferdam::ledger
