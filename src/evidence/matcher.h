#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "evidence/proposal.h"
#include "evidence/token_model.h"
#include "fingerprint/index.h"
#include "fingerprint/language.h"
#include "fingerprint/lex.h"

namespace cofferdam::evidence {

// Finds what a document shares with the outputs of an index. Fingerprints
// propose (Schleimer, Wilkerson, Aiken 2003); every one that is found is
// extended to its longest run by comparing the document with the output's
// evidence stream, up to the next quoted token; runs that follow each other in
// both, with little between, are chained into one match.

struct MatchLimits {
  // Occurrences of one fingerprint in a document that are looked at.
  size_t repeats_max = 64;
  // Outputs that one document is aligned with, those that share most first.
  size_t outputs_max = 1024;
  // Runs of one output in one document that are chained.
  size_t runs_max = size_t{1} << 14;
  // Tokens compared while extending, over all outputs of one document.
  uint64_t compared_tokens_max = uint64_t{1} << 28;
  // Decoded evidence streams kept for the next document.
  size_t cache_tokens_max = size_t{12} << 20;
  // An output is looked at if its fingerprints cover at least this many tokens
  // of the document, or half of what can be found of a small output. 0 looks
  // at every one, and then any shared run of fingerprint::kGuarantee tokens in
  // an unquoted stretch is found.
  size_t candidate_tokens_min = 32;
  // What a chain must tell at a glance, about in bits, to be aligned further
  // and given: half a bit a token (5 a word of prose), four for a name that
  // comes again where it should, six less where it should not. 0 takes every
  // chain, and so does a candidate_tokens_min of 0.
  double glance_min = 24;
  // The same, once its gaps and ends are filled: what tells less is not given.
  double filled_glance_min = 40;
};

// What the limits cost, and what the work was.
struct MatchCounts {
  uint64_t fingerprints = 0;      // of the documents
  uint64_t seeds = 0;             // postings found
  uint64_t outputs = 0;           // aligned
  uint64_t runs = 0;              // extended
  uint64_t weighed = 0;           // outputs whose tokens were weighed
  uint64_t postings_dropped = 0;  // beyond what the index gives for one hash
  uint64_t seeds_dropped = 0;     // by repeats_max and compared_tokens_max
  uint64_t outputs_dropped = 0;   // by outputs_max
  uint64_t runs_dropped = 0;      // by runs_max

  uint64_t dropped() const {
    return postings_dropped + seeds_dropped + outputs_dropped + runs_dropped;
  }
  MatchCounts& operator+=(const MatchCounts& other);
  bool operator==(const MatchCounts&) const = default;
};

// A stretch of equal tokens in both.
struct SharedRun {
  uint32_t document = 0;  // first token
  uint32_t output = 0;    // first token
  uint32_t length = 0;

  bool operator==(const SharedRun&) const = default;
};

// An alignment of a document with one output.
struct Match {
  uint32_t segment = 0;  // ordinal of the output's segment in the index
  uint32_t output = 0;   // ordinal of the output in its segment
  // Rising and disjoint on both sides; never empty.
  std::vector<SharedRun> runs;
  // The output's stream, shared with the matcher's cache.
  std::shared_ptr<const fingerprint::EvidenceStream> stream;
  // What each token of the output tells, in eighths of a bit, as the model has
  // it for the document's language, from output_begin() to output_end(); the
  // others are not all weighed. Null without a model.
  std::shared_ptr<const std::vector<uint8_t>> token_eighths;

  uint32_t document_begin() const { return runs.front().document; }
  uint32_t document_end() const {
    return runs.back().document + runs.back().length;
  }
  uint32_t output_begin() const { return runs.front().output; }
  uint32_t output_end() const {
    return runs.back().output + runs.back().length;
  }
  uint32_t tokens() const;  // matched
};

// One per thread; keeps its memory from document to document. `index` must
// outlive it, and `model`, which may be null.
class Matcher {
 public:
  Matcher(const fingerprint::Index& index, const TokenModel* model,
          MatchLimits limits);
  Matcher(Matcher&&) noexcept;
  ~Matcher();

  // The matches of `document` with what is proposed for it, by segment, output,
  // and place. Of one output, a match that lies wholly in a better one is left
  // out. Adds to `counts`. kCorrupt when the index is damaged; CHECK that a
  // proposal names an output of the index.
  Result<std::vector<Match>> Align(const fingerprint::TokenStream& document,
                                   fingerprint::Language language,
                                   std::span<const Proposal> proposals,
                                   MatchCounts* counts);

  // The same with proposals of its own: every output that shares enough
  // fingerprints (MatchLimits::candidate_tokens_min).
  Result<std::vector<Match>> Find(const fingerprint::TokenStream& document,
                                  fingerprint::Language language,
                                  MatchCounts* counts);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace cofferdam::evidence
