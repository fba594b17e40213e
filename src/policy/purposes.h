#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace cofferdam::policy {

// What comes of the outputs that are made for a purpose.
enum class Feeds { kNothing, kTraining, kEvaluation };
// "nothing", "training", "evaluation".
std::string_view FeedsName(Feeds feeds);
std::optional<Feeds> ParseFeeds(std::string_view name);

// The purpose that is denied for every model unless a rule allows it:
// evaluation items are for people to write.
inline constexpr std::string_view kEvalAuthoring = "eval-authoring";
// What a session is bound to whose person named no purpose.
inline constexpr std::string_view kUnspecified = "unspecified";

// Which purposes there are, what they feed, and which of them a repository
// admits.
class Purposes {
 public:
  // The ones every company has: unspecified, product and research feed
  // nothing, training-code and data-generation training, eval-authoring
  // evaluation.
  Purposes();

  // Adds a purpose, or changes what one feeds. kInvalid for kEvalAuthoring
  // and for a name that CheckPurpose (names.h) refuses.
  Status Add(std::string_view name, Feeds feeds);
  // Repositories that `pattern` matches admit only `purposes`; of several
  // patterns that match, the first counts.
  void AddRepository(std::string pattern, std::vector<std::string> purposes);

  // What `purpose` feeds: an empty one nothing, an unknown one training, since
  // nobody can say that it does not. Does not allocate.
  Feeds Of(std::string_view purpose) const;
  bool Known(std::string_view purpose) const;
  // kInvalid for an unknown purpose, kDenied when the repository does not admit
  // it, both with those that would do. An empty purpose is admitted where the
  // repository restricts nothing.
  Status Check(std::string_view repo, std::string_view purpose) const;

  const std::map<std::string, Feeds, std::less<>>& all() const { return all_; }
  struct Repository {
    std::string pattern;
    std::vector<std::string> purposes;
  };
  const std::vector<Repository>& repositories() const { return repositories_; }

 private:
  std::map<std::string, Feeds, std::less<>> all_;
  std::vector<Repository> repositories_;
};

}  // namespace cofferdam::policy
