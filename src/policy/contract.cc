#include "policy/contract.h"

#include <algorithm>

#include "base/check.h"

namespace cofferdam::policy {
namespace {

constexpr std::string_view kNames[] = {
    "forbid_any",    "unknown",      "forbid_compete", "allow_viral",
    "allow_limited", "allow_naming", "allow"};

}  // namespace

std::string_view TermsClassName(TermsClass terms_class) {
  return kNames[static_cast<size_t>(terms_class)];
}

std::optional<TermsClass> ParseTermsClass(std::string_view name) {
  const auto* found = std::find(std::begin(kNames), std::end(kNames), name);
  if (found == std::end(kNames)) return std::nullopt;
  return static_cast<TermsClass>(found - std::begin(kNames));
}

TermsClass Stricter(TermsClass a, TermsClass b) { return std::min(a, b); }

}  // namespace cofferdam::policy
