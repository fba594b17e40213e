#include "policy/decision.h"

#include "base/check.h"

namespace cofferdam::policy {
namespace {

constexpr std::string_view kEffects[] = {"allow", "reroute", "approve", "pause",
                                         "deny"};
constexpr std::string_view kDecidedBy[] = {"rule", "purpose", "terms",
                                           "default"};

}  // namespace

std::string_view EffectName(Effect effect) {
  return kEffects[static_cast<size_t>(effect)];
}

std::optional<Effect> ParseEffect(std::string_view name) {
  for (size_t i = 0; i < std::size(kEffects); ++i) {
    if (kEffects[i] == name) return static_cast<Effect>(i);
  }
  return std::nullopt;
}

std::string_view DecidedByName(DecidedBy by) {
  return kDecidedBy[static_cast<size_t>(by)];
}

}  // namespace cofferdam::policy
