#include "policy/teams.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/hash.h"

namespace cofferdam::policy {

size_t TeamTree::Hash::operator()(std::string_view text) const {
  return Hash64(text);
}

Result<std::shared_ptr<const TeamTree>> TeamTree::Make(
    std::vector<Team> teams) {
  std::sort(teams.begin(), teams.end(),
            [](const Team& a, const Team& b) { return a.name < b.name; });
  std::shared_ptr<TeamTree> tree(new TeamTree(std::move(teams)));
  std::unordered_map<std::string_view, const Team*> by_name;
  for (const Team& team : tree->teams_) by_name[team.name] = &team;
  for (const Team& team : tree->teams_) {
    std::vector<std::string_view>& chain = tree->chains_[team.name];
    for (const Team* next = &team;;) {
      if (std::find(chain.begin(), chain.end(), next->name) != chain.end()) {
        return Error(
            Code::kConflict,
            fmt::format("team {}: would be above itself ({} < {})", next->name,
                        fmt::join(chain, " < "), next->name));
      }
      if (chain.size() == kTeamDepthMax) {
        return Error(Code::kInvalid,
                     fmt::format("team {}: more than {} teams, one below the "
                                 "other",
                                 team.name, kTeamDepthMax));
      }
      chain.push_back(next->name);
      if (next->parent.empty()) break;
      auto parent = by_name.find(next->parent);
      if (parent == by_name.end()) {
        return Error(Code::kInvalid,
                     fmt::format("team {}: parent {} is no team", next->name,
                                 next->parent));
      }
      next = parent->second;
    }
  }
  return std::shared_ptr<const TeamTree>(std::move(tree));
}

std::span<const std::string_view> TeamTree::Chain(std::string_view team) const {
  auto found = chains_.find(team);
  if (found == chains_.end()) return {};
  return found->second;
}

}  // namespace cofferdam::policy
