#include "policy/grants.h"

#include <utility>

#include "base/hash.h"
#include "policy/glob.h"
#include "policy/scope.h"

namespace cofferdam::policy {
namespace {

bool Fits(const std::optional<std::string>& wanted, std::string_view found) {
  return !wanted || *wanted == found;
}

}  // namespace

bool Grant::Covers(const Question& question, std::string_view of_rule) const {
  bool who =
      person == question.person_id || (!team.empty() && InTeam(question, team));
  bool where = repo_glob ? MatchesGlob(*repo_glob, question.repo)
                         : repo == question.repo;
  return who && where && rule == of_rule &&
         question.now_micros < until_micros && purpose == question.purpose &&
         Fits(tool, question.tool) && Fits(provider, question.provider) &&
         Fits(contract, question.contract);
}

size_t Grants::Hash::operator()(std::string_view text) const {
  return Hash64(text);
}

Grants::Grants(std::vector<std::shared_ptr<const Grant>> grants)
    : grants_(std::move(grants)) {
  for (const auto& grant : grants_) {
    by_person_[grant->person].push_back(grant.get());
    if (!grant->team.empty()) by_team_[grant->team].push_back(grant.get());
  }
}

const Grant* Grants::FindIn(const ByName& names, std::string_view name,
                            const Question& question, std::string_view rule) {
  auto found = names.find(name);
  if (found == names.end()) return nullptr;
  for (const Grant* grant : found->second) {
    if (grant->Covers(question, rule)) return grant;
  }
  return nullptr;
}

const Grant* Grants::Find(const Question& question,
                          std::string_view rule) const {
  if (grants_.empty()) return nullptr;
  if (const Grant* grant =
          FindIn(by_person_, question.person_id, question, rule)) {
    return grant;
  }
  if (const Grant* grant = FindIn(by_team_, question.team, question, rule)) {
    return grant;
  }
  for (std::string_view team : question.teams) {
    if (const Grant* grant = FindIn(by_team_, team, question, rule)) {
      return grant;
    }
  }
  return nullptr;
}

}  // namespace cofferdam::policy
