#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/result.h"
#include "ledger/ledger.h"

namespace cofferdam::ledger {

struct IndexerOptions {
  // Where the ledger refused a commit: the next try.
  int64_t retry_ms = 250;
  // Texts from this size on are kept compressed (zstd), which is done here and
  // not on the request's path.
  size_t text_compress_bytes_min = 512;
  // Exchanges that are committed together, and the prompts that are in memory
  // meanwhile; one always goes.
  size_t batch_exchanges_max = 16;
  size_t batch_prompt_bytes_max = size_t{4} << 20;
  // After it is woken it waits this long for more to come. Not while a Flush
  // waits.
  int64_t gather_ms = 4;
  // Memory for the k-grams of texts that prompts share
  // (fingerprint::TextGramsCache): 16 bytes a token and language, so some 1 to
  // 1.5 MiB for a session whose prompt holds 70 KB of its own. Taken as they
  // come. Fewer than the sessions at work need makes them lex all over again.
  size_t prompt_cache_bytes_max = size_t{128} << 20;
};

// Turns pending exchanges into evidence streams and fingerprints, in the order
// of their sequence, on one thread of its own, which gives way to others (batch
// scheduling, nice 10). The ledger is the queue: what was appended before a
// crash is found again after it, and an exchange is either pending or indexed,
// never both.
//
// Of each exchange: the prompt is read (wire::ReadPrompt) and searched for the
// k-grams of the output, texts that it shares with earlier prompts being lexed
// once; every part is lexed (by the suffix of its path; a command as shell;
// else as prose with fenced code) and sorted into quoted, echoed and novel.
// Text, thinking, files, edits, patches and commands are indexed. Tool inputs
// that write nothing (a search, a path) are not: they are short JSON in a shape
// that the tool dictates, so they match everybody's and nobody keeps them.
// Assistant turns of the prompt that the ledger lacks are recorded as exchanges
// on route context. A prompt that cannot be read counts as empty, which makes
// the whole output novel; the record's notes say so.
class Indexer {
 public:
  // Starts at once. `ledger`, `clock`, `random` and `logger` must outlive it.
  Indexer(Ledger* ledger, IndexerOptions options, const Clock& clock,
          Random& random, const Logger& logger);
  // Stops after the exchange at hand, which stays pending like the rest.
  ~Indexer();

  // Waits until every exchange up to `sequence` is indexed. kDeadline after
  // `timeout_ms`, kCancelled when the indexer stops first.
  Status Flush(uint64_t sequence, int64_t timeout_ms);

  // Called on the indexer's thread after each commit, with the bytes that its
  // streams and fingerprints take; an empty one takes it away.
  void SetListener(std::function<void(uint64_t bytes)> listener);

  void Stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cofferdam::ledger
