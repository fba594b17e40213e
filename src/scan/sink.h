#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "corpus/passed_over.h"
#include "evidence/finding.h"
#include "evidence/matcher.h"
#include "scan/origin_table.h"

namespace cofferdam::scan {

// What became of the records of a corpus that was copied without what may not
// be used. All three together are the records that were read.
struct Written {
  std::string to;
  uint64_t kept = 0;  // byte for byte
  uint64_t dropped = 0;
  uint64_t cut = 0;
  uint64_t bytes = 0;
};

// What a scan found, added up.
struct ScanReport {
  // The ledger's sequence that the index covers; 0 for an empty one.
  uint64_t covered_sequence = 0;
  uint64_t files = 0;    // read, without those passed over
  uint64_t records = 0;  // read; a file that is one text counts as one
  uint64_t bytes = 0;    // of the files, decompressed
  uint64_t tokens = 0;
  uint64_t passed_over = 0;
  VerdictTally verdicts;
  OriginTable origins;
  evidence::MatchCounts work;
  std::optional<Written> written;
  // What went wrong without ending the scan, one sentence each.
  std::vector<std::string> notices;

  // Exit code 1 of the command.
  bool NotAllowed() const {
    return verdicts.ambiguous.findings > 0 || verdicts.forbidden.findings > 0;
  }
};

// Takes what a scan finds, in the corpus's order, on one thread.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void OnFinding(const evidence::Finding& finding) = 0;
  virtual void OnPassedOver(const corpus::PassedOver& passed) = 0;
  // The last call, and only when the scan came to its end.
  virtual void Finish(const ScanReport& report) { (void)report; }
};

// Hands everything to several, in turn.
class SinkList : public Sink {
 public:
  void Add(Sink* sink) { sinks_.push_back(sink); }

  void OnFinding(const evidence::Finding& finding) override {
    for (Sink* sink : sinks_) sink->OnFinding(finding);
  }
  void OnPassedOver(const corpus::PassedOver& passed) override {
    for (Sink* sink : sinks_) sink->OnPassedOver(passed);
  }
  void Finish(const ScanReport& report) override {
    for (Sink* sink : sinks_) sink->Finish(report);
  }

 private:
  std::vector<Sink*> sinks_;
};

// Where a report goes, piece by piece.
using Write = std::function<void(std::string_view)>;

// The text of part number `part` of an exchange, for --show; the holder of the
// ledger gives it. An error is shown in the text's place.
using FetchText = std::function<Result<std::string>(std::string_view exchange,
                                                    uint32_t part)>;

// What people call a person of the ledger, such as their mail address; empty
// when it is not known, and then the id is shown.
using PersonName = evidence::NameOf;

}  // namespace cofferdam::scan
