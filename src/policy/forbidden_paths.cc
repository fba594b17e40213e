#include "policy/forbidden_paths.h"

namespace cofferdam::policy {

std::vector<ForbiddenPaths> ForbiddenTo(
    const std::vector<Protection>& protections, std::string_view repo,
    TermsClass terms_class, bool organisation_trains_models) {
  std::vector<ForbiddenPaths> forbidden;
  for (const Protection& one : protections) {
    if (!Concerns(one, repo)) continue;
    const TermsVerdict verdict =
        VerdictFor(terms_class, one.purpose, organisation_trains_models);
    if (verdict.verdict != Verdict::kForbidden) continue;
    forbidden.push_back(
        {one.paths, one.purpose, std::string(verdict.why), one.ask});
  }
  return forbidden;
}

bool Forbids(const ForbiddenPaths& forbidden, std::string_view path) {
  Protection protection;
  protection.paths = forbidden.paths;
  return Protects(protection, path);
}

}  // namespace cofferdam::policy
