#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "scan/scan.h"

namespace cofferdam::scan {

// Where a report goes, piece by piece.
using Write = std::function<void(std::string_view)>;

// The text of part number `part` of an exchange, for --show; the holder of the
// ledger gives it. An error is shown in the text's place.
using FetchText = std::function<Result<std::string>(std::string_view exchange,
                                                    uint32_t part)>;

// What people call a person of the ledger, such as their mail address; empty
// when it is not known, and then the id is shown.
using PersonName = evidence::NameOf;

enum class Colour { kNever, kAlways };

// Origins shown for one finding, lines shown of a text, and things passed over
// that are named; the others are counted.
inline constexpr size_t kOriginsShownMax = 3;
inline constexpr size_t kLinesShownMax = 200;
inline constexpr size_t kPassedOverShownMax = 20;

// A report for people: a paragraph for each finding, a summary at the end.
// Bytes of others that could steer a terminal are replaced. Notices are left to
// the caller, since they belong on stderr.
class PeopleReport : public Sink {
 public:
  struct Options {
    Colour colour = Colour::kNever;
    // Columns for two texts side by side.
    size_t width = 120;
    FetchText fetch_text;    // unset: texts are not shown
    PersonName person_name;  // unset: ids are shown
  };
  PeopleReport(Write write, Options options);

  void OnFinding(const evidence::Finding& finding) override;
  void OnPassedOver(const corpus::PassedOver& passed) override;

  // The last lines: what was read, passed over (by reason), and found.
  void Finish(const ScanReport& report);

 private:
  void WriteOrigin(const evidence::FoundOrigin& found);
  void WriteTexts(const evidence::Finding& finding);

  Write write_;
  Options options_;
  std::vector<corpus::PassedOver> passed_over_;  // those that are named
  std::map<std::string_view, uint64_t> reasons_;
};

// A report for programs: one JSON object (docs/formats/finding.md), whose
// findings are written as they come.
class JsonReport : public Sink {
 public:
  struct Options {
    FetchText fetch_text;    // unset: texts are left out
    PersonName person_name;  // unset: ids alone are given
  };
  JsonReport(Write write, Options options);

  void OnFinding(const evidence::Finding& finding) override;
  void OnPassedOver(const corpus::PassedOver& passed) override;
  void Finish(const ScanReport& report);

 private:
  Write write_;
  Options options_;
  uint64_t findings_ = 0;
  std::vector<corpus::PassedOver> passed_over_;
};

}  // namespace cofferdam::scan
