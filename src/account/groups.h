#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// Which groups a report may show without showing what one person did.
namespace cofferdam::account {

// No group of fewer people is shown by itself.
inline constexpr size_t kGroupPersonsMin = 5;

// A group of one month: its values in each dimension that a report tells apart,
// and who is in it, as numbers given to people.
struct Group {
  std::vector<std::string> values;
  std::vector<uint32_t> persons;  // sorted, each once
};

// Whether each group may stand by itself; those that may not go into one row
// together. `groups` differ in their values, and all have as many of them.
//
// Shown are groups of at least kGroupPersonsMin people. That alone is not
// enough: beside a total, a single small group that is left out is the
// difference. So for every choice of the dimensions (none of them too: the
// total) and each of their values, what is left out of the groups with those
// values belongs to nobody or to at least kGroupPersonsMin people, else the
// smallest that is shown is left out, too, until it is so or none is shown.
// And a group is shown only if reports by fewer of its dimensions show the
// groups that it is a part of: so all reports of a month leave out the same.
//
// A table per month is made so, and longer reports are sums of such tables:
// what two reports of different ranges differ by is again a sum of groups that
// may be shown. docs/decisions/usage-reports.md says what this does not cover.
//
// Cost: a pass over the groups for each choice of dimensions.
std::vector<bool> ShownGroups(const std::vector<Group>& groups);

}  // namespace cofferdam::account
