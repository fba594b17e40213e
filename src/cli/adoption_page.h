#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace cofferdam::cli {

// Reports on adoption (docs/formats/adoption.md) in words and as a page.

// "41 %", or "41–63 %" where not all is known.
std::string ShareText(const JsonValue& range);
// Engineers who reach the threshold: "3 of 8", "3–5 of 8"; of one "yes", "no"
// or "perhaps"; "-" where there are none or they are not told.
std::string EngineersText(const JsonValue& row);
// What a reader must know beside the numbers: sentences.
std::vector<std::string> AdoptionWords(const JsonDocument& report);

// One HTML file without script, which opens offline in light and dark: sums,
// the months, and a chart for each way that the lines were told apart.
class AdoptionPage {
 public:
  // A report by one of "month", "team", "repo", "engineer"; all of one period.
  void Add(std::string by, JsonDocument report);
  // Of at least one report.
  std::string Html() const;

 private:
  std::vector<std::pair<std::string, JsonDocument>> reports_;
};

}  // namespace cofferdam::cli
