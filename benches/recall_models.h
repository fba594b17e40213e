#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "benches/recall_ledger.h"

namespace cofferdam::bench {

// What a scan of one model's answers says with another's in the ledger.
struct PairSeen {
  size_t answers = 0;
  size_t flagged = 0;
  size_t forbidden = 0;
  // Of those, with no finding of more than kShortTokens matched tokens.
  size_t short_forbidden = 0;
};
inline constexpr uint32_t kShortTokens = 120;

struct ModelsSeen {
  std::vector<std::string> models;  // by name
  // [ledger][scanned]
  std::vector<std::vector<PairSeen>> pairs;
  // With all answers in the ledger: findings, and those that name one model
  // alone though another's answer has the same tokens, and as many of them with
  // the names that they have here.
  size_t findings = 0;
  size_t named_alone = 0;
};
ModelsSeen ExamineModels(const evidence::Background* background,
                         const std::vector<ModelOutput>& answers);

// The plagiarism pairs: files by level ("L1" to "L6"; "independent" for the
// others) against the original of their case.
struct LevelSeen {
  size_t files = 0;
  size_t flagged = 0;
  size_t forbidden = 0;
};
std::map<std::string, LevelSeen> ExaminePlagiarism(
    const evidence::Background* background, const std::string& zip);

}  // namespace cofferdam::bench
