#include "policy/protection.h"

#include <algorithm>

#include "policy/glob.h"

namespace cofferdam::policy {
namespace {

bool MatchesPath(std::string_view pattern, std::string_view path) {
  if (pattern.ends_with('/')) {
    const std::string below = std::string(pattern) + "*";
    return MatchesPath(below, path);
  }
  if (MatchesGlob(pattern, path)) return true;
  constexpr std::string_view kAnywhere = "**/";
  return pattern.starts_with(kAnywhere) &&
         MatchesGlob(pattern.substr(kAnywhere.size()), path);
}

}  // namespace

bool Concerns(const Protection& protection, std::string_view repo) {
  return protection.repos.empty() ||
         std::any_of(protection.repos.begin(), protection.repos.end(),
                     [&](const std::string& pattern) {
                       return MatchesGlob(pattern, repo);
                     });
}

bool Protects(const Protection& protection, std::string_view path) {
  return std::any_of(
      protection.paths.begin(), protection.paths.end(),
      [&](const std::string& pattern) { return MatchesPath(pattern, path); });
}

}  // namespace cofferdam::policy
