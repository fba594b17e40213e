#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "scan/sink.h"

namespace cofferdam::scan {

// A report as one HTML file that opens without a network: sums and a chart of
// origins first, then each finding with its reason, its origins, and, where the
// texts are known, its lines beside the output's. Readers can filter by
// verdict, origin and path. Nothing in it is fetched and no script but its own
// can run (a content security policy with the script's digest); bytes of others
// only ever appear as text. Findings are written as they come.
class HtmlReport : public Sink {
 public:
  // Findings shown, and bytes written of them; the others are counted.
  static constexpr size_t kFindingsMax = 5000;
  static constexpr size_t kBytesMax = size_t{64} << 20;
  // So much more is shown of what is forbidden: other findings before it, of
  // which there may be any number, must not hide it.
  static constexpr size_t kForbiddenMore = 1000;
  static constexpr size_t kForbiddenBytesMore = size_t{16} << 20;
  // Of each text: lines, and bytes of a line.
  static constexpr size_t kTextLinesMax = 400;
  static constexpr size_t kLineBytesMax = 400;

  struct Options {
    std::string corpus;      // what was scanned, in words
    std::string purpose;     // "training" or "evaluation"
    std::string version;     // of the program
    int64_t time = 0;        // microseconds since 1970 UTC
    FetchText fetch_text;    // unset: the outputs' texts are left out
    PersonName person_name;  // unset: ids are shown
  };
  HtmlReport(Write write, Options options);

  void OnFinding(const evidence::Finding& finding) override;
  void OnPassedOver(const corpus::PassedOver& passed) override;
  void Finish(const ScanReport& report) override;

 private:
  void Begin();
  void Out(std::string_view text);
  std::string Texts(const evidence::Finding& finding) const;

  Write write_;
  Options options_;
  bool begun_ = false;
  uint64_t findings_ = 0;
  uint64_t shown_ = 0;
  size_t bytes_ = 0;
  std::string passed_over_;  // rows of a table
  size_t passed_over_shown_ = 0;
};

}  // namespace cofferdam::scan
