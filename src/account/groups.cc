#include "account/groups.h"

#include <algorithm>
#include <map>

namespace cofferdam::account {
namespace {

// A group's values as numbers, those of dimensions that a table has not as
// kAny.
using Name = std::vector<uint32_t>;
constexpr uint32_t kAny = UINT32_MAX;

Name Only(const Name& name, size_t dimensions) {
  Name out = name;
  for (size_t d = 0; d < out.size(); ++d) {
    if ((dimensions >> d & 1) == 0) out[d] = kAny;
  }
  return out;
}

struct Entry {
  std::vector<uint32_t> persons;
  bool shown = false;
};
// The groups that a report by some of the dimensions has.
using Table = std::map<Name, Entry>;

void SortUnique(std::vector<uint32_t>* persons) {
  std::sort(persons->begin(), persons->end());
  persons->erase(std::unique(persons->begin(), persons->end()), persons->end());
}

// How many people those left out of `members` are; enough of them is enough.
size_t PersonsLeftOut(const std::vector<Entry*>& members) {
  std::vector<uint32_t> persons;
  for (const Entry* member : members) {
    if (member->shown) continue;
    if (member->persons.size() >= kGroupPersonsMin) return kGroupPersonsMin;
    persons.insert(persons.end(), member->persons.begin(),
                   member->persons.end());
  }
  SortUnique(&persons);
  return persons.size();
}

// Leaves out one more if what is left out is too little. Whether it did.
bool LeaveOutEnough(const std::vector<Entry*>& members) {
  const size_t left_out = PersonsLeftOut(members);
  if (left_out == 0 || left_out >= kGroupPersonsMin) return false;
  Entry* smallest = nullptr;
  for (Entry* member : members) {
    if (member->shown && (smallest == nullptr ||
                          member->persons.size() < smallest->persons.size()))
      smallest = member;
  }
  if (smallest == nullptr) return false;
  smallest->shown = false;
  return true;
}

// Settles what the table of `dimensions` shows.
void Suppress(size_t dimensions, Table* table) {
  // The members of each sum that a report by fewer dimensions has.
  std::vector<std::vector<Entry*>> sums;
  for (size_t fewer = 0; fewer < dimensions; ++fewer) {
    if ((fewer & ~dimensions) != 0) continue;
    std::map<Name, std::vector<Entry*>> members;
    for (auto& [name, entry] : *table) {
      members[Only(name, fewer)].push_back(&entry);
    }
    for (auto& [name, entries] : members) sums.push_back(std::move(entries));
  }
  // What is left out for one sum may be too little in another.
  for (bool changed = true; changed;) {
    changed = false;
    for (const auto& members : sums) changed |= LeaveOutEnough(members);
  }
}

std::vector<Name> NumberValues(const std::vector<Group>& groups) {
  std::vector<Name> names(groups.size());
  for (size_t d = 0; d < groups.front().values.size(); ++d) {
    std::map<std::string, uint32_t> numbers;
    for (const Group& group : groups) numbers.emplace(group.values[d], 0);
    uint32_t next = 0;
    for (auto& [value, number] : numbers) number = next++;
    for (size_t i = 0; i < groups.size(); ++i) {
      names[i].push_back(numbers[groups[i].values[d]]);
    }
  }
  return names;
}

Table MakeTable(const std::vector<Group>& groups,
                const std::vector<Name>& names, size_t dimensions,
                const std::vector<Table>& tables) {
  Table table;
  for (size_t i = 0; i < groups.size(); ++i) {
    Entry& entry = table[Only(names[i], dimensions)];
    entry.persons.insert(entry.persons.end(), groups[i].persons.begin(),
                         groups[i].persons.end());
  }
  for (auto& [name, entry] : table) {
    SortUnique(&entry.persons);
    entry.shown = entry.persons.size() >= kGroupPersonsMin;
    // The tables with one dimension less speak for all those below them.
    for (size_t rest = dimensions; rest != 0 && entry.shown; rest &= rest - 1) {
      const size_t fewer = dimensions & ~(rest & (~rest + 1));
      if (fewer != 0) entry.shown = tables[fewer].at(Only(name, fewer)).shown;
    }
  }
  return table;
}

}  // namespace

std::vector<bool> ShownGroups(const std::vector<Group>& groups) {
  if (groups.empty()) return {};
  const size_t count = groups.front().values.size();
  const std::vector<Name> names = NumberValues(groups);
  const size_t all = (size_t{1} << count) - 1;
  // Fewer bits first: a number's subsets are smaller than it is.
  std::vector<Table> tables(all + 1);
  for (size_t dimensions = 1; dimensions <= all; ++dimensions) {
    tables[dimensions] = MakeTable(groups, names, dimensions, tables);
    Suppress(dimensions, &tables[dimensions]);
  }
  std::vector<bool> shown;
  for (size_t i = 0; i < groups.size(); ++i) {
    shown.push_back(count == 0 ? groups[i].persons.size() >= kGroupPersonsMin
                               : tables[all].at(names[i]).shown);
  }
  return shown;
}

}  // namespace cofferdam::account
