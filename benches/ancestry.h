#pragma once

#include <cstddef>
#include <vector>

#include "benches/recall_ledger.h"
#include "benches/recall_material.h"

namespace cofferdam::bench {

// A run of this many raw tokens that stands in both is a copy, whoever made
// it: no accident, and no false accusation.
inline constexpr size_t kAncestryTokens = 50;

// Which of `outputs` share such a run with any of `human`; reads every file.
std::vector<bool> SharesAncestry(const std::vector<ModelOutput>& outputs,
                                 const std::vector<HumanFile>& human);

}  // namespace cofferdam::bench
