#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cofferdam::bench {

// An index as large as a company's: outputs of random tokens, the same for the
// same numbers, and what making it took; then outputs that are some.

struct RandomIndex {
  uint64_t fingerprints = 0;
  double build_seconds = 0;  // of one core, from fingerprints to files
  double merge_seconds = 0;  // the same, of these files into one
  double lookup_bytes = 0;   // filter, keys and postings, of all
};

// Outputs of one random index have this many tokens.
inline constexpr uint32_t kRandomOutputTokens = 1'000;

// Adds segments of `segment_fingerprints` to the index at `folder` until it has
// `fingerprints` more, then merges all, as `cofferdam index build` does. Ends
// the bench when it cannot.
RandomIndex AddRandomOutputs(const std::string& folder, uint64_t fingerprints,
                             uint64_t segment_fingerprints);

struct RealOutputs {
  double outputs = 0;
  double tokens = 0;
  double text_bytes = 0;
  double segment_bytes = 0;
};

// Adds the outputs of JSONL files (provider, model or package, language, path,
// text), and merges all. A file that is not there adds nothing.
RealOutputs AddRealOutputs(const std::string& folder,
                           const std::vector<std::string>& files);

}  // namespace cofferdam::bench
