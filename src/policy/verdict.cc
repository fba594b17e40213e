#include "policy/verdict.h"

#include "base/check.h"

namespace cofferdam::policy {
namespace {

constexpr std::string_view kVerdictNames[] = {"clean", "allowed", "ambiguous",
                                              "forbidden"};

TermsVerdict ForTraining(TermsClass terms_class,
                         bool organisation_trains_models) {
  switch (terms_class) {
    case TermsClass::kForbidAny:
      return {Verdict::kForbidden, "its terms let outputs train no model", ""};
    case TermsClass::kUnknown:
      return {Verdict::kForbidden,
              "its terms are not known, which counts as a prohibition", ""};
    case TermsClass::kForbidCompete:
      if (organisation_trains_models) {
        return {Verdict::kForbidden,
                "its terms forbid training models that compete with the "
                "provider, and this organisation trains models",
                ""};
      }
      return {Verdict::kAmbiguous,
              "its terms forbid training models that compete with the "
              "provider; whether yours does is for a person to say",
              ""};
    case TermsClass::kAllowViral:
      return {Verdict::kAllowed, "its terms allow training",
              "the terms' use restrictions bind the trained model and whoever "
              "receives it"};
    case TermsClass::kAllowLimited:
      return {Verdict::kAllowed, "its terms allow training within limits",
              "keep the limits that the terms state"};
    case TermsClass::kAllowNaming:
      return {Verdict::kAllowed, "its terms allow training",
              "the trained model must bear the name that the terms demand"};
    case TermsClass::kAllow:
      return {Verdict::kAllowed, "its terms allow training", ""};
  }
  CHECK(false);
}

}  // namespace

std::string_view VerdictName(Verdict verdict) {
  return kVerdictNames[static_cast<size_t>(verdict)];
}

std::string_view ScanPurposeName(ScanPurpose purpose) {
  return purpose == ScanPurpose::kTraining ? "training" : "evaluation";
}

std::optional<ScanPurpose> ParseScanPurpose(std::string_view name) {
  for (ScanPurpose purpose :
       {ScanPurpose::kTraining, ScanPurpose::kEvaluation}) {
    if (ScanPurposeName(purpose) == name) return purpose;
  }
  return std::nullopt;
}

TermsVerdict VerdictFor(TermsClass terms_class, ScanPurpose purpose,
                        bool organisation_trains_models) {
  if (purpose == ScanPurpose::kEvaluation) {
    return {Verdict::kForbidden,
            "evaluation data takes no output of any contract without a signed "
            "human review",
            ""};
  }
  return ForTraining(terms_class, organisation_trains_models);
}

}  // namespace cofferdam::policy
