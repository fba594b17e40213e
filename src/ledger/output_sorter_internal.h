#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/ulid.h"
#include "fingerprint/language.h"
#include "fingerprint/lex.h"
#include "fingerprint/novelty.h"
#include "fingerprint/prompt_search.h"
#include "ledger/indexed.h"
#include "ledger/indexer.h"
#include "ledger/ledger.h"
#include "wire/request.h"
#include "wire/types.h"

namespace cofferdam::ledger {

// Whether parts of this kind are lexed and fingerprinted (Indexer says why).
bool IsIndexed(wire::PartKind kind);
// How the text of a part is lexed.
fingerprint::Language LanguageOf(wire::PartKind kind, std::string_view path,
                                 std::string_view text);

// Makes of one pending exchange what is kept of it: the same whatever it made
// before, which only saves work. No store, no clock: who holds a claim is asked
// through a function. One thread.
class OutputSorter {
 public:
  using FindClaim = std::function<Result<std::vector<ClaimHolder>>(
      const ClaimDigest& digest)>;
  using NextId = std::function<Ulid()>;

  // Holders of one claim that are asked for their contracts.
  static constexpr size_t kHoldersMax = 16;

  OutputSorter(FindClaim find_claim, NextId next_id,
               const IndexerOptions& options, Random& random)
      : find_claim_(std::move(find_claim)),
        next_id_(std::move(next_id)),
        text_compress_bytes_min_(options.text_compress_bytes_min),
        cache_(options.prompt_cache_bytes_max, random) {}

  // Errors only of `find_claim`.
  Result<IndexedExchange> Sort(const PendingExchange& pending);

 private:
  // A part as it goes through: where it came from and its tokens.
  struct Lexed {
    uint16_t part = 0;
    const std::vector<wire::ByteRange>* kept = nullptr;
    fingerprint::TokenStream tokens;
  };
  // A turn that the ledger lacks, before its parts are sorted.
  struct Turn {
    ClaimedTurn claimed;
    std::vector<Lexed> lexed;
    size_t texts_before = 0;
  };

  wire::Prompt ReadPrompt(const PendingExchange& pending,
                          IndexedExchange* out) const;
  // What `turn` lacks; without parts when there is nothing to record. Notes
  // contracts of those who hold the rest.
  Result<Turn> LackingOf(wire::PromptTurn& turn, const PendingExchange& pending,
                         std::vector<std::string>* contracts) const;
  Exchange ClaimedExchange(const wire::PromptTurn& turn,
                           const Exchange& carrier) const;
  void StoreTexts(const PendingExchange& pending, IndexedExchange* out) const;
  static void SortParts(const std::vector<Lexed>& parts,
                        const fingerprint::PromptSearch& search,
                        std::vector<IndexedPart>* indexed,
                        std::vector<std::string>* notes);

  const FindClaim find_claim_;
  const NextId next_id_;
  const size_t text_compress_bytes_min_;
  fingerprint::TextGramsCache cache_;
};

}  // namespace cofferdam::ledger
