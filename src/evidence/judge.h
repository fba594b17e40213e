#pragma once

#include "evidence/bits.h"
#include "evidence/context.h"
#include "evidence/thresholds.h"

namespace cofferdam::evidence {

// What the evidence of a match is worth where it stands.

// Bits that the place adds to the content's.
double ContextBits(Context context, const ContentEvidence& content);

// Whether it holds a long run with all names and literals as the output has
// them, most of which neither the prompt nor human text nor other models
// explain.
bool IsCopy(const ContentEvidence& content, const Threshold& threshold);

// Whether it is longer than what people and models coincide in, which is short
// and dense.
bool IsLong(const ContentEvidence& content);

// From how many bits on the terms decide.
double StrongBits(const ContentEvidence& content, const Threshold& threshold);

enum class Strength {
  kNothing,  // not reported
  kWeak,     // a person could well have written the same
  kStrong,
};
// `whole_stretch`: the match covers nearly all that the output wrote in one
// place, which makes a short edit count where the context speaks.
Strength Judge(const ContentEvidence& content, Context context,
               bool whole_stretch, const Threshold& threshold);

}  // namespace cofferdam::evidence
