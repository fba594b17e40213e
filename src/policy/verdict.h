#pragma once

#include <optional>
#include <string_view>

#include "policy/contract.h"

namespace cofferdam::policy {

// What a finding means, in ascending severity.
enum class Verdict { kClean, kAllowed, kAmbiguous, kForbidden };
// "clean", "allowed", "ambiguous", "forbidden".
std::string_view VerdictName(Verdict verdict);

// What the scanned text is meant for.
enum class ScanPurpose { kTraining, kEvaluation };
// "training", "evaluation".
std::string_view ScanPurposeName(ScanPurpose purpose);
std::optional<ScanPurpose> ParseScanPurpose(std::string_view name);

struct TermsVerdict {
  Verdict verdict = Verdict::kForbidden;
  // Why, as half a sentence for people; never empty.
  std::string_view why;
  // What an allowed use still has to do; empty without a duty.
  std::string_view duty;
};

// The verdict on an output of that class (DESIGN, "Terms and verdicts"):
// whether the organisation trains models decides about forbid_compete, and
// evaluation data takes no output at all.
TermsVerdict VerdictFor(TermsClass terms_class, ScanPurpose purpose,
                        bool organisation_trains_models);

}  // namespace cofferdam::policy
