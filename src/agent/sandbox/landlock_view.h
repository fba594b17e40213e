#pragma once

#include <string>
#include <vector>

#include "agent/sandbox/landlock.h"
#include "base/file.h"
#include "base/result.h"

// A view of files by Landlock alone, for machines that allow no namespaces.
// Landlock can only allow, and what it allows for a folder holds for all that
// is in it. So a folder with something to hide or protect in it is allowed by
// what else it holds now; what is made there later is not allowed to this
// command, but to the next.
namespace cofferdam::agent {

struct LandlockView {
  std::vector<std::string> writable;   // real paths
  std::vector<std::string> hidden;     // real paths
  std::vector<std::string> read_only;  // real paths inside writable ones
  bool network = false;
};

// At most kLandlockRulesMax rules: kTooLarge beyond.
inline constexpr size_t kLandlockRulesMax = 20'000;
Result<LandlockRules> MakeLandlockView(int version, const LandlockView& view);

}  // namespace cofferdam::agent
