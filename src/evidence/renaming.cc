#include "evidence/renaming.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace cofferdam::evidence {

void Renaming::Count(uint8_t output, uint64_t document) {
  pairs_.push_back({document, output, 1});
}

void Renaming::Settle() {
  auto place = [](const Pair& pair) {
    return std::pair(pair.document, pair.output);
  };
  std::sort(pairs_.begin(), pairs_.end(),
            [&](const Pair& a, const Pair& b) { return place(a) < place(b); });
  size_t kept = 0;
  for (const Pair& pair : pairs_) {
    if (kept > 0 && place(pairs_[kept - 1]) == place(pair)) {
      ++pairs_[kept - 1].count;
    } else {
      pairs_[kept++] = pair;
    }
  }
  pairs_.resize(kept);
  std::sort(pairs_.begin(), pairs_.end(), [](const Pair& a, const Pair& b) {
    return std::tuple(b.count, a.document, a.output) <
           std::tuple(a.count, b.document, b.output);
  });
  std::array<bool, 256> taken = {};
  for (const Pair& pair : pairs_) {
    // A single pair beside a believed one is a contradiction, no second name
    // of the same hash.
    if (names_.contains(pair.document) ||
        (taken[pair.output] && pair.count < 2)) {
      continue;
    }
    names_[pair.document] = {.output = pair.output,
                             .second = taken[pair.output]};
    taken[pair.output] = true;
  }
}

Renaming::Answer Renaming::Compare(uint8_t output, uint64_t document) {
  auto rank = std::find(recent_.begin(), recent_.end(), document);
  auto names_ago = static_cast<size_t>(rank - recent_.begin());
  if (rank != recent_.end()) {
    recent_.erase(rank);
  } else if (recent_.size() == kRecentMax) {
    recent_.pop_back();
  }
  recent_.insert(recent_.begin(), document);
  auto found = names_.find(document);
  if (found == names_.end() || found->second.output != output) return {};
  Name& name = found->second;
  if (name.seen) return {Agreement::kAgain, names_ago};
  name.seen = true;
  return {name.second ? Agreement::kSameHash : Agreement::kNew, 0};
}

}  // namespace cofferdam::evidence
