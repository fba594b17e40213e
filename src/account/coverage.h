#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "account/rollup.h"
#include "account/usage_report.h"
#include "base/json.h"
#include "base/result.h"

namespace cofferdam::account {

// Commits of a repository that carry a mark of an agent, on one day.
struct MarkedCommits {
  std::string repo;  // as the ledger names it
  std::string tool;  // as corpus::AgentMark names it
  int32_t day = 0;
  int64_t commits = 0;
};

struct CoverageQuery {
  int32_t from_day = 0;
  int32_t to_day = 0;  // the last day that is in it
  // A commit counts as covered if the gate saw an exchange for its repository
  // with its tool on its day or so many days before.
  int32_t days_before = 7;
  Individuals individuals = Individuals::kHidden;
};
inline constexpr int32_t kCoverageDaysMax = 90;
inline constexpr size_t kMarkedCommitsMax = 5'000;

// What is known of one tool in one repository, by how it came to be known.
// Counts of exchanges are none where fewer than five people made them and
// reports do not tell people apart: then only that there were some is said.
struct CoverageRow {
  std::string repo;
  std::string tool;
  bool gate_seen = false;
  std::optional<int64_t> gate_exchanges;
  bool imports_seen = false;
  std::optional<int64_t> imported_exchanges;  // only transcripts told of them
  bool claims_seen = false;
  std::optional<int64_t> claimed_exchanges;  // only other prompts told of them
  int64_t commits = 0;                       // with a mark of the tool
  int64_t covered_commits = 0;               // of them, see days_before
  // Of the others, those that only transcripts explain, in the same way: an
  // agent wrote them past the gate.
  int64_t imported_commits = 0;
  // Of what is left, those with exchanges of the repository with another tool.
  int64_t other_tool_commits = 0;
};

struct CoverageReport {
  CoverageQuery query;
  std::vector<CoverageRow> rows;  // by repository and tool
};

// kInvalid for a range or numbers beyond the limits above. A mark is a hint
// that anyone can write or remove, and exchanges without a repository belong
// to none: the report shows where to look, it proves nothing.
Result<CoverageReport> MakeCoverage(Rollup& rollup, const CoverageQuery& query,
                                    const std::vector<MarkedCommits>& marked);

// Members of a JSON object.
void WriteCoverage(const CoverageReport& report, JsonWriter* json);

}  // namespace cofferdam::account
