#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/question.h"

namespace cofferdam::policy {

// What approvers allowed: requests of one person, and perhaps his team, that a
// rule stopped, for one purpose and for a time. A member without a value covers
// any; an empty one only requests where it is not known, so that leave to work
// outside of repositories is no leave to work in all of them.
struct Grant {
  std::string id;      // of the approval it comes from
  std::string rule;    // that asked for it
  std::string person;  // who asked, in whatever team he is by now
  std::string team;    // with the teams below it; empty: the person alone
  std::optional<std::string> tool;
  // Both or neither: terms are a contract's.
  std::optional<std::string> provider;
  std::optional<std::string> contract;
  std::string repo;  // exactly, unless there is
  std::optional<std::string> repo_glob;
  std::string purpose;
  int64_t until_micros = 0;

  bool operator==(const Grant&) const = default;
  // At the question's time.
  bool Covers(const Question& question, std::string_view of_rule) const;
};

// Grants in memory: an immutable edition, which Approvals replaces. Asking
// costs a look-up for the person and for each of his teams, and a comparison
// for each grant of theirs; it does not allocate.
class Grants {
 public:
  Grants() = default;
  explicit Grants(std::vector<std::shared_ptr<const Grant>> grants);

  // One that covers the question now; null when there is none. Lives as long as
  // this edition.
  const Grant* Find(const Question& question, std::string_view rule) const;
  // Some may be over by the clock.
  const std::vector<std::shared_ptr<const Grant>>& all() const {
    return grants_;
  }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const;
  };
  using ByName = std::unordered_map<std::string, std::vector<const Grant*>,
                                    Hash, std::equal_to<>>;
  static const Grant* FindIn(const ByName& names, std::string_view name,
                             const Question& question, std::string_view rule);

  std::vector<std::shared_ptr<const Grant>> grants_;
  ByName by_person_;
  ByName by_team_;
};

}  // namespace cofferdam::policy
