#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "evidence/background_builder.h"

namespace cofferdam::cli {

// Where the text of a background layer comes from.
struct BackgroundSourceOptions {
  // Text from then on is left out.
  int64_t before_micros = 0;
  enum class Dates {
    kOfCommits,   // paths lie in git repositories: what was committed in time
    kVouchedFor,  // files as they are: the user says that they are old enough
  };
  Dates dates = Dates::kOfCommits;
  // Text that carries a finding of this index is left out; none is looked for
  // where the folder is empty or does not exist.
  std::string index_folder;
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
  // The errors of opening the index.
  static Result<BackgroundSource> Open(const BackgroundSourceOptions& options);
  BackgroundSource(BackgroundSource&&) noexcept;
  ~BackgroundSource();

  // All text under `path`. kNotFound when nothing was committed in time,
  // kInvalid when it is in no repository; the builder's limits.
  Status Read(const std::string& path, evidence::BackgroundBuilder* builder,
              BackgroundSourceCounts* counts);

  // Whether texts are compared with an index.
  bool looks_for_findings() const;

 private:
  struct State;
  explicit BackgroundSource(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cofferdam::cli
