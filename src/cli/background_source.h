#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "evidence/background_builder.h"
#include "scan/scan.h"

namespace cofferdam::cli {

// Where the text of a background layer comes from.
struct BackgroundSourceOptions {
  // Text from then on is left out.
  int64_t before_micros = 0;
  enum class Dates {
    kOfCommits,   // paths lie in git repositories: what was committed in time
    kVouchedFor,  // a corpus as it is: the user says that it is old enough
  };
  Dates dates = Dates::kOfCommits;
  // A scan by these tells which text carries a finding and is left out: with
  // what is known of its place, so that code which an output repeats later
  // stays. None: nothing is looked for.
  std::optional<scan::ScanOptions> scan;
};

// What became of the texts.
struct BackgroundSourceCounts {
  uint64_t added = 0;
  uint64_t too_short = 0;
  uint64_t tables = 0;
  uint64_t duplicates = 0;
  uint64_t with_findings = 0;
  uint64_t passed_over = 0;  // not text, too large, not readable
};

// Reads human text into a builder, one project a path.
class BackgroundSource {
 public:
  explicit BackgroundSource(BackgroundSourceOptions options)
      : options_(std::move(options)) {}

  // All text under `path`, each text of a record as a document of its own.
  // kNotFound when nothing was committed in time, kInvalid when it is in no
  // repository; the builder's limits, the errors of a scan.
  Status Read(const std::string& path, evidence::BackgroundBuilder* builder,
              BackgroundSourceCounts* counts) const;

 private:
  BackgroundSourceOptions options_;
};

}  // namespace cofferdam::cli
