#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "benches/recall_findings.h"
#include "benches/recall_ledger.h"
#include "benches/recall_material.h"
#include "benches/recall_pieces.h"
#include "benches/recall_report.h"

namespace cofferdam::bench {

// Which of the pieces that were seen a table counts.
using SeenCounts = std::function<bool(const Seen&)>;
bool Forbidden(const Seen& seen);
bool Flagged(const Seen& seen);
// Flagged, and the output that the piece is from is among the origins.
bool Named(const Seen& seen);

// The columns of tables by kEdits, in percent.
std::vector<std::string> EditColumns();
// The share of `pieces`, or of those of `group`, that counts at each of kEdits.
ShareRow RowOf(const std::string& name, const std::vector<PieceSeen>& pieces,
               const SeenCounts& counts,
               std::optional<Group> group = std::nullopt);

// The report of the recall bench as it is filled with pieces; what their
// findings rest on goes to a file, if one is wanted.
class RecallSheet {
 public:
  explicit RecallSheet(const Options& options) : report_(options) {}

  // Ends the bench when the file cannot be written.
  void WriteFindings(const std::string& path) { findings_.emplace(path); }

  // A table of all groups, a column for each of kEdits.
  void Table(const std::string& figure, const std::string& title,
             const std::vector<PieceSeen>& pieces, const SeenCounts& counts,
             const std::vector<double>& targets);
  // The same with the first column alone.
  void One(const std::string& figure, const std::string& title,
           const std::vector<PieceSeen>& pieces, const SeenCounts& counts,
           const std::vector<double>& targets);

  // What the findings of a text, or of all pieces of a table, rest on.
  void Keep(const FindingsOf& of, const Seen& seen);
  void KeepAll(std::string_view row, const std::vector<PieceSeen>& pieces,
               size_t edits);

  void Print(const std::string& figure, const std::string& title, double value,
             const std::string& unit);
  void Judge(const std::string& figure, const std::string& title, double value,
             const std::string& unit, Better better, double target);

  RecallReport& report() { return report_; }

 private:
  RecallReport report_;
  std::optional<FindingsFile> findings_;
};

}  // namespace cofferdam::bench
