#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "evidence/matcher.h"
#include "fingerprint/lex.h"

namespace cofferdam::evidence {

// How much a match proves, in bits: how unlikely it is that somebody wrote the
// same without having seen the output. Measured on human code and on edited
// pieces of outputs (docs/decisions/evidence-bits.md): among millions of places
// some share their shape by chance, but then their names do not fit each other,
// so what a token tells counts half, and what its name tells three times.

// The evidence of one match, without where it stands.
struct ContentEvidence {
  uint32_t tokens = 0;         // matched
  uint32_t echoed_tokens = 0;  // of them, standing in the prompt but for names
  uint32_t prior_tokens = 0;   // of them, standing in human text
  uint32_t shared_tokens = 0;  // of them, in several independent outputs
  uint32_t novel_tokens = 0;   // of them, explained by none of these
  // Information of the matched tokens, a repeated pattern at a fifth, less
  // what the gaps cost.
  double token_bits = 0;
  // Names renamed one to one, names and literals kept.
  double name_bits = 0;
  // The same of what is neither echoed nor prior art nor shared, in two parts.
  double novel_token_bits = 0;
  double novel_name_bits = 0;
  // Of novel_name_bits, what identifiers tell that are the same on both sides.
  double novel_kept_bits = 0;
  // Of the matched names and literals, those that are the same on both sides.
  double kept_share = 0;
  // Names that contradict the renaming of the others.
  uint32_t contradictions = 0;
  // The longest run that is the same with its names and literals, and what its
  // tokens tell.
  uint32_t exact_tokens = 0;
  // Of them, those that neither human text nor, with their names, outputs of
  // several models explain. What the prompt held under other names does not
  // explain these.
  uint32_t exact_novel_tokens = 0;
  // Different identifiers and strings of them.
  uint32_t exact_names = 0;
  double exact_bits = 0;

  double bits() const { return token_bits + name_bits; }
  // What decides: tokens count as far as names bear them out, for a rare shape
  // without names may be everybody's table.
  double decisive_bits() const {
    return std::min(novel_token_bits, std::max(0.0, novel_name_bits)) +
           novel_name_bits;
  }
  // The same where identifiers that are the same on both sides say nothing,
  // since whoever works on a repository uses its names.
  double renamed_bits() const {
    const double renamed = novel_name_bits - novel_kept_bits;
    return std::min(novel_token_bits, std::max(0.0, renamed)) + renamed;
  }
};

// What is known of the tokens of a document, beside the match: bits for each,
// by the token's ordinal. Empty: nothing is known.
enum TokenNote : uint8_t {
  kNoNote = 0,
  kPriorArt = 1,  // stands in human text of before the exchange
  kShared = 2,    // stands in outputs of several models
  // The same, with its names, in runs of DocumentNotes::kExactRunMin tokens.
  kSharedExactly = 4,
};

ContentEvidence WeighContent(const Match& match,
                             const fingerprint::TokenStream& document,
                             std::span<const uint8_t> notes = {});

// Whether most of it stood in the prompt but for its names.
bool IsEcho(const ContentEvidence& content);

// Whether the matched tokens are nearly all of the unquoted stretches of the
// output that they touch.
bool CoversItsStretches(const Match& match);

}  // namespace cofferdam::evidence
