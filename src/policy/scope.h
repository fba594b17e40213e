#pragma once

#include <string>

#include "base/result.h"
#include "policy/question.h"

namespace cofferdam::policy {

// Which requests a measure covers: those that fit every member that is set. An
// empty member fits all; a scope without any covers everything.
struct Scope {
  std::string person;  // an id
  std::string team;    // with the teams below it
  std::string tool;    // without its version
  std::string provider;
  std::string model;  // a glob, as the client asks for it
  std::string contract;
  std::string repo;  // a glob, as NormaliseRepo writes repositories
  std::string purpose;

  bool operator==(const Scope&) const = default;
  bool empty() const { return *this == Scope(); }
};

inline constexpr size_t kModelBytesMax = 128;

// No allocation.
bool Matches(const Scope& scope, const Question& question);
// Whether the question's team is `team` or below it.
bool InTeam(const Question& question, std::string_view team);

// The scope with its repository in its one form; kInvalid names the member that
// cannot be meant. `person` is left as it is.
Result<Scope> CheckScope(Scope scope);
// A repository or a glob of them in its one form: the part before the first
// star is not guessed at.
Result<std::string> CheckRepoGlob(std::string_view text);

// "team red, tool codex"; "everything". A person is "one person".
std::string ScopeText(const Scope& scope);

}  // namespace cofferdam::policy
