#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "scan/chart.h"
#include "scan/sink.h"

namespace cofferdam::scan {

// Findings shown to people, origins shown for one, lines shown of a text, rows
// of the chart, and things passed over that are named; others are counted.
inline constexpr size_t kFindingsShownMax = 1000;
// So many more are shown that are forbidden.
inline constexpr size_t kForbiddenShownMore = 100;
inline constexpr size_t kOriginsShownMax = 3;
inline constexpr size_t kLinesShownMax = 200;
inline constexpr size_t kChartRowsMax = 10;
inline constexpr size_t kPassedOverShownMax = 20;

// A report for people: a paragraph for each finding, a chart of origins and a
// summary at the end. Bytes of others that could steer a terminal are replaced.
// Notices are left to the caller, since they belong on stderr.
class PeopleReport : public Sink {
 public:
  struct Options {
    Colour colour = Colour::kNever;
    // Columns for the chart, and for two texts side by side.
    size_t width = 120;
    FetchText fetch_text;    // unset: texts are not shown
    PersonName person_name;  // unset: ids are shown
  };
  PeopleReport(Write write, Options options);

  void OnFinding(const evidence::Finding& finding) override;
  void OnPassedOver(const corpus::PassedOver& passed) override;
  // The last lines: what was read, passed over (by reason), and found.
  void Finish(const ScanReport& report) override;

 private:
  void WriteOrigin(const evidence::FoundOrigin& found);
  void WriteTexts(const evidence::Finding& finding);
  void WritePassedOver(const ScanReport& report);

  Write write_;
  Options options_;
  uint64_t findings_ = 0;
  uint64_t shown_ = 0;
  std::vector<corpus::PassedOver> passed_over_;  // those that are named
  uint64_t passed_over_calls_ = 0;
  std::map<std::string_view, uint64_t> reasons_;
};

// Options of both reports for programs.
struct JsonOptions {
  FetchText fetch_text;    // unset: texts are left out
  PersonName person_name;  // unset: ids alone are given
};

// A report for programs: one JSON object (docs/formats/finding.md), whose
// findings are written as they come. What was passed over waits for the end, so
// only the first of it is named.
class JsonReport : public Sink {
 public:
  static constexpr size_t kPassedOverMax = 100'000;

  JsonReport(Write write, JsonOptions options);

  void OnFinding(const evidence::Finding& finding) override;
  void OnPassedOver(const corpus::PassedOver& passed) override;
  void Finish(const ScanReport& report) override;

 private:
  Write write_;
  JsonOptions options_;
  uint64_t findings_ = 0;
  std::vector<corpus::PassedOver> passed_over_;
  uint64_t passed_over_left_out_ = 0;
};

// The same as lines, each of which is a JSON object: a finding, something
// passed over, or at the end the sums. Holds nothing in memory.
class JsonlReport : public Sink {
 public:
  JsonlReport(Write write, JsonOptions options);

  void OnFinding(const evidence::Finding& finding) override;
  void OnPassedOver(const corpus::PassedOver& passed) override;
  void Finish(const ScanReport& report) override;

 private:
  Write write_;
  JsonOptions options_;
};

}  // namespace cofferdam::scan
