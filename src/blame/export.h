#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "blame/repository_blame.h"
#include "policy/verdict.h"

namespace cofferdam::blame {

// What a blame found, for other programs. Lines that are unknown are in none
// of these: nothing is said of them.
enum class ExportFormat {
  kGitAi,       // a note for each commit, authorship/3.0.0
  kAgentTrace,  // one record of Agent Trace 0.1.0
  kSpdx,        // an SPDX 2.3 document in JSON, a snippet for each run of lines
  kMask,        // lines of blobs with verdicts (docs/formats/mask.md)
};
// "git-ai", "agent-trace", "spdx", "mask".
std::optional<ExportFormat> ParseExportFormat(std::string_view name);

struct ExportOptions {
  int64_t now_micros = 0;
  std::string version;  // of the program
  // For the mask's verdicts.
  policy::ScanPurpose purpose = policy::ScanPurpose::kTraining;
  bool organisation_trains_models = true;
};

// One note of git-ai: which lines of a commit the ledger knows a model's words
// on, as they stood in that commit.
struct GitAiNote {
  std::string commit;
  std::string text;
};

// Notes by commit, for lines that are a model's by their content; what is mixed
// is left out, since git-ai knows no such thing, and so is what is not
// committed.
std::vector<GitAiNote> ExportGitAi(const RepositoryBlame& blame,
                                   const ExportOptions& options);

// The other formats, each one text that ends with a line end.
std::string ExportAgentTrace(const RepositoryBlame& blame,
                             const ExportOptions& options);
std::string ExportSpdx(const RepositoryBlame& blame,
                       const ExportOptions& options);
std::string ExportMask(const RepositoryBlame& blame,
                       const ExportOptions& options);

}  // namespace cofferdam::blame
