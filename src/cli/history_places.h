#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ledger/history/history.h"

namespace cofferdam::cli {

// Files of one agent, and folders below one, that are looked at.
inline constexpr size_t kHistoryFilesMax = 200'000;
inline constexpr int kHistoryDepthMax = 12;

struct HistoryPlaces {
  std::vector<ledger::HistorySource> sources;  // by path
  std::vector<std::string> looked_in;
  // Folders that could not be read, and limits that were met, in words.
  std::vector<std::string> troubles;
};

// The histories of `agent` below `paths`, files or folders, else in its usual
// places, as `variable` (an environment: empty for what is not set) names them;
// aider's are in the work tree around `folder`. Symbolic links to folders are
// not followed. kNotFound for a path that is not there; a usual place that is
// not is no error.
Result<HistoryPlaces> FindHistories(
    ledger::HistoryAgent agent, const std::vector<std::string>& paths,
    const std::function<std::string(const char* name)>& variable,
    const std::string& folder);

}  // namespace cofferdam::cli
