#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/law.h"

namespace cofferdam::policy {

enum class Severity { kError, kWarning };
// "error", "warning".
std::string_view SeverityName(Severity severity);

// Something in a law that its author has to know. Line and column from 1.
struct LawFinding {
  Severity severity = Severity::kError;
  int line = 0;
  int column = 0;
  std::string message;
};

// Everything that is wrong with the text, in the order of the lines. Errors:
// what Law::Parse refuses; rules that no request can reach, since earlier ones
// take all that they mean; rules with the conditions of an earlier one and
// another effect. Warnings: what is most likely not meant, such as a rule that
// allows whatever the terms forbid. Costs up to the square of the rules; for
// commands, not for requests.
//
// A rule that is reported is unreachable for certain; one that only several
// earlier rules together take may be missed where the proof would have to look
// at more than kCasesMax cases.
std::vector<LawFinding> CheckLaw(std::string_view text,
                                 const LawContext& context);

inline constexpr int kCasesMax = 256;

}  // namespace cofferdam::policy
