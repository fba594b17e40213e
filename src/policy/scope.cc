#include "policy/scope.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/glob.h"
#include "policy/names.h"

namespace cofferdam::policy {
namespace {

bool Fits(const std::string& wanted, std::string_view found) {
  return wanted.empty() || wanted == found;
}

bool FitsGlob(const std::string& wanted, std::string_view found) {
  return wanted.empty() || MatchesGlob(wanted, found);
}

Error Invalid(std::string_view member, std::string_view why) {
  return Error(Code::kInvalid, fmt::format("{}: {}", member, why));
}

// Names of the configuration and of models: no space, no control character.
Status CheckWord(std::string_view member, std::string_view text,
                 size_t bytes_max) {
  bool plain = std::all_of(text.begin(), text.end(),
                           [](char c) { return c > ' ' && c < 0x7f; });
  if (text.size() <= bytes_max && plain) return {};
  return Invalid(member, fmt::format("must be at most {} printable characters "
                                     "without spaces",
                                     bytes_max));
}

Status CheckStars(std::string_view member, std::string_view glob) {
  auto stars = static_cast<size_t>(std::count(glob.begin(), glob.end(), '*'));
  if (stars <= kGlobStarsMax) return {};
  return Invalid(member, fmt::format("at most {} stars", kGlobStarsMax));
}

}  // namespace

bool InTeam(const Question& question, std::string_view team) {
  return question.team == team ||
         std::find(question.teams.begin(), question.teams.end(), team) !=
             question.teams.end();
}

bool Matches(const Scope& scope, const Question& question) {
  return Fits(scope.person, question.person_id) &&
         (scope.team.empty() || InTeam(question, scope.team)) &&
         Fits(scope.tool, question.tool) &&
         Fits(scope.provider, question.provider) &&
         Fits(scope.contract, question.contract) &&
         Fits(scope.purpose, question.purpose) &&
         FitsGlob(scope.model, question.model) &&
         FitsGlob(scope.repo, question.repo);
}

Result<std::string> CheckRepoGlob(std::string_view text) {
  if (!IsGlob(text)) return NormaliseRepo(text);
  TRY(CheckWord("repo", text, kRepoBytesMax));
  TRY(CheckStars("repo", text));
  if (text.find("://") != std::string_view::npos ||
      text.find_first_of("@\\") != std::string_view::npos) {
    return Invalid("repo",
                   "with a star it is written as host/path, such as "
                   "github.com/acme/*");
  }
  return std::string(text);
}

Result<Scope> CheckScope(Scope scope) {
  if (!scope.team.empty()) TRY(CheckTeam(scope.team));
  if (!scope.tool.empty()) TRY(CheckTool(scope.tool));
  if (!scope.purpose.empty()) TRY(CheckPurpose(scope.purpose));
  TRY(CheckWord("provider", scope.provider, kNameBytesMax));
  TRY(CheckWord("contract", scope.contract, kNameBytesMax));
  TRY(CheckWord("model", scope.model, kModelBytesMax));
  TRY(CheckStars("model", scope.model));
  TRY_ASSIGN(scope.repo, CheckRepoGlob(scope.repo));
  return scope;
}

std::string ScopeText(const Scope& scope) {
  if (scope.empty()) return "everything";
  std::string text;
  auto add = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    if (!text.empty()) text += ", ";
    text += fmt::format("{} {}", name, value);
  };
  if (!scope.person.empty()) text = "one person";
  add("team", scope.team);
  add("tool", scope.tool);
  add("provider", scope.provider);
  add("model", scope.model);
  add("contract", scope.contract);
  add("repository", scope.repo);
  add("purpose", scope.purpose);
  return text;
}

}  // namespace cofferdam::policy
