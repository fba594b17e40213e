#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "blame/repository_blame.h"
#include "evidence/finding.h"

namespace cofferdam::cli {

// How a blame is shown. People are named only where `person_name` is set:
// authors of commits and persons of the ledger alike.
struct BlameWords {
  enum class Colour { kNo, kYes } colour = Colour::kNo;
  evidence::NameOf person_name;
  // Lines of each file, from 1; all without it.
  std::optional<evidence::LineRange> lines;
};

// "10,20", "10,+5", "10," or ",20": lines from 1.
Result<evidence::LineRange> ParseLines(std::string_view text);

// The lines of one file in columns, then its origins by the numbers that the
// lines name them with, then what disagrees.
std::string BlameText(const blame::RepositoryBlame& blame, size_t file,
                      const BlameWords& words);

// How many lines are what: of all, by model, folder, author and file.
std::string BlameSummary(const blame::RepositoryBlame& blame,
                         const BlameWords& words);

// Whether each line of the files is told.
enum class BlameDetail { kLines, kSums };
// docs/formats/blame.md.
std::string BlameJson(const blame::RepositoryBlame& blame, BlameDetail detail,
                      const BlameWords& words);

// "6 model (50.0 %), 1 mixed, 0 human, 5 unknown".
std::string CountsText(const blame::LineCounts& counts);
// The lines that `words` selects.
blame::LineCounts CountLines(const blame::RepositoryBlame& blame,
                             const BlameWords& words);

// What a line counts as on behalf of an origin: the model, else the tool, else
// the provider or the claim's source.
std::string OriginName(const evidence::Origin& origin);

}  // namespace cofferdam::cli
