#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace cofferdam::policy {

// A team may belong to another one; times are microseconds since 1970.
struct Team {
  std::string name;
  std::string parent;  // empty: none
  int64_t created_at_micros = 0;
};

// A team and its ancestors are at most this many.
inline constexpr size_t kTeamDepthMax = 16;

// All teams at one moment: an immutable tree, asked on the request path.
class TeamTree {
 public:
  // kConflict for a cycle, which it names; kInvalid when a team has more than
  // kTeamDepthMax with its ancestors, or a parent that is no team.
  static Result<std::shared_ptr<const TeamTree>> Make(std::vector<Team> teams);

  // The team and its ancestors, nearest first; empty for one that is not known.
  // Views that live as long as the tree. One look-up, no allocation.
  std::span<const std::string_view> Chain(std::string_view team) const;
  // By name.
  const std::vector<Team>& teams() const { return teams_; }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const;
  };
  explicit TeamTree(std::vector<Team> teams) : teams_(std::move(teams)) {}

  const std::vector<Team> teams_;
  std::unordered_map<std::string_view, std::vector<std::string_view>, Hash,
                     std::equal_to<>>
      chains_;
};

}  // namespace cofferdam::policy
