#pragma once

#include <fstream>
#include <string>
#include <string_view>

#include "benches/recall_ledger.h"
#include "benches/recall_material.h"

namespace cofferdam::bench {

// Where something that was scanned belongs.
struct FindingsOf {
  std::string_view row;   // name of a figure, or "human"
  std::string_view what;  // path, or the number of a piece
  Group group = Group::kOther;
  double edited = 0;  // share of lines
};

// What findings rest on, one JSON object for each text: what thresholds and
// weights are studied with.
class FindingsFile {
 public:
  // Ends the bench when the file cannot be written.
  explicit FindingsFile(const std::string& path);

  void Write(const FindingsOf& of, const Seen& seen);

 private:
  std::ofstream file_;
};

}  // namespace cofferdam::bench
