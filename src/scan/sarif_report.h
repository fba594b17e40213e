#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "scan/sink.h"

namespace cofferdam::scan {

// A SARIF 2.1.0 log of one run, for code-scanning services, which refuse or cut
// what is larger than their limits (docs/formats/reports.md). One rule for each
// verdict. While there are at most kResultsMax findings each is a result; above
// that each file with its verdict is one; above that again each origin with its
// verdict. So memory is bounded, and nothing is left out silently: a result
// that stands for several says for how many.
class SarifReport : public Sink {
 public:
  // Shown of one run, and of one result, by the services we know.
  static constexpr size_t kResultsMax = 5000;
  static constexpr size_t kLocationsMax = 100;
  // Of a finding; the rest are counted, and stand in the other reports.
  static constexpr size_t kOriginsMax = 8;
  // Things passed over that are told as notifications; the rest are counted.
  static constexpr size_t kNotificationsMax = 100;
  static constexpr size_t kMessageBytesMax = 2000;

  struct Options {
    std::string version;     // of the program
    PersonName person_name;  // unset: ids alone are given
  };
  SarifReport(Write write, Options options);

  void OnFinding(const evidence::Finding& finding) override;
  void OnPassedOver(const corpus::PassedOver& passed) override;
  // Writes everything.
  void Finish(const ScanReport& report) override;

 private:
  // Findings that share one result.
  struct Group {
    policy::Verdict verdict = policy::Verdict::kForbidden;
    std::string what;  // the file or origin they share
    uint64_t findings = 0;
    uint64_t lines = 0;
    std::vector<std::string> locations;  // JSON, the first kLocationsMax
  };
  // By verdict and path, or by verdict and origin.
  using Groups = std::map<std::pair<int, std::string>, Group>;

  void AddTo(const evidence::Finding& finding, const std::string& what,
             std::string_view location, Groups* groups);
  std::string Fingerprint(const evidence::Finding& finding);
  void WriteGroups(const Groups& groups, std::string_view noun);
  // Says that a result stands for several findings, where that is so.
  void NoteGroups();

  Write write_;
  Options options_;
  uint64_t findings_ = 0;
  // What is over kResultsMax is emptied: the next one speaks for it.
  std::vector<std::string> results_;
  Groups files_;
  Groups origins_;
  bool files_told_ = true;
  // How often each ledger match was seen, to tell its copies apart.
  std::map<uint64_t, uint32_t> seen_;
  std::vector<std::string> notifications_;
};

}  // namespace cofferdam::scan
