#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "benches/figures.h"

namespace cofferdam::bench {

// Shares of something after growing edits, such as how much is found.
struct ShareRow {
  std::string name;  // "all", "python (stand-in)", …
  size_t count = 0;  // of what the shares are
  std::vector<double> shares;
};

// A table of shares. The first row is judged by the targets; the figures of
// the others, and all where `counted` is no pieces, bear the row's name.
struct ShareTable {
  std::string figure;  // name of its figures, such as "renamed_30_forbidden"
  std::string title;   // for people
  std::string counted = "pieces";
  std::vector<std::string> columns;
  std::string column_unit = " %";
  std::vector<ShareRow> rows;
  std::vector<double> targets;  // empty: printed only
  Better better = Better::kHigher;
};

// Gathers tables, for people or as figures. Tables are printed when they are
// added, unless everything is printed as JSON at the end.
class RecallReport {
 public:
  explicit RecallReport(const Options& options) : options_(options) {}

  void Add(const ShareTable& table);
  // One line, with a target or without.
  void Add(const Figure& figure, const std::string& title);
  // Words for people only.
  void Say(const std::string& line);

  // Prints the figures if they are wanted as JSON, else how many targets were
  // met and which were not.
  void Finish() const;

 private:
  const Options& options_;
  std::vector<Figure> figures_;
};

}  // namespace cofferdam::bench
