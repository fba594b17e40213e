#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "evidence/context.h"
#include "evidence/matcher.h"
#include "fingerprint/lex.h"

namespace cofferdam::evidence {

// How much a match proves, in bits: how unlikely it is that somebody wrote the
// same without having seen the output. A provisional model with constants of
// its own (kept in one table, Constants()); no background of human text knows
// yet which k-grams are common.

// One constant of the model, for listings.
struct Constant {
  std::string_view name;
  double value = 0;
  std::string_view unit;
  std::string_view reason;
};
std::span<const Constant> Constants();

// The evidence of one match, without where it stands.
struct ContentEvidence {
  uint32_t tokens = 0;         // matched
  uint32_t echoed_tokens = 0;  // of them, standing in the prompt but for names
  // Information of the matched tokens, a repeated pattern at a fifth, less
  // what the gaps cost.
  double token_bits = 0;
  // Names renamed consistently, names and literals kept.
  double name_bits = 0;
  // The same of what is not echoed.
  double novel_bits = 0;
  // Of the matched names and literals, those that are the same on both sides.
  double kept_share = 0;

  double bits() const { return token_bits + name_bits; }
};

ContentEvidence WeighContent(const Match& match,
                             const fingerprint::TokenStream& document);

double ContextBits(Context context, const ContentEvidence& content);

// What a match is worth.
enum class Strength {
  kNothing,  // not reported
  kWeak,     // a person could well have written the same
  kStrong,
};
// `whole_stretch`: the match covers nearly all that the output wrote in one
// place, which makes a short edit count where the context speaks.
Strength Judge(const ContentEvidence& content, Context context,
               bool whole_stretch);

// Whether most of it stood in the prompt but for its names.
bool IsEcho(const ContentEvidence& content);

// From how many bits on evidence is strong.
double DecisiveBits();

// Whether the matched tokens are nearly all of the unquoted stretches of the
// output that they touch.
bool CoversItsStretches(const Match& match);

}  // namespace cofferdam::evidence
