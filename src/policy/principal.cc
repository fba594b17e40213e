#include "policy/principal.h"

#include <cstddef>

namespace cofferdam::policy {
namespace {

constexpr std::string_view kGradeNames[] = {"none", "agent", "session",
                                            "attested"};

}  // namespace

std::string_view GradeName(Grade grade) {
  return kGradeNames[static_cast<size_t>(grade)];
}

}  // namespace cofferdam::policy
