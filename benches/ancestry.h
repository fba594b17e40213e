#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "benches/recall_ledger.h"
#include "benches/recall_material.h"
#include "fingerprint/language.h"

namespace cofferdam::bench {

// So many raw tokens that stand in both, in runs of at least so many, are a
// copy, whoever made it: no accident, and no false accusation.
inline constexpr size_t kAncestryTokens = 50;
inline constexpr size_t kAncestryRunTokens = 30;

// Which of `outputs` share so much with any of `human`; reads every file.
std::vector<bool> SharesAncestry(const std::vector<ModelOutput>& outputs,
                                 const std::vector<HumanFile>& human);

// Looks for texts that share a run of kAncestryRunTokens raw tokens with any of
// `outputs`. Any number of threads may ask.
class SharedRuns {
 public:
  explicit SharedRuns(const std::vector<ModelOutput>& outputs);
  ~SharedRuns();

  bool Has(std::string_view text, fingerprint::Language language) const;

 private:
  class Grams;
  std::unique_ptr<const Grams> grams_;
};

}  // namespace cofferdam::bench
