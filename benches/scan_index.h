#pragma once

#include <cstdint>
#include <string>

namespace cofferdam::bench {

// An index as large as a company's: outputs of random tokens, the same for the
// same numbers, and what making it took.

struct RandomIndex {
  uint64_t fingerprints = 0;
  double build_seconds = 0;  // of one core, from fingerprints to files
  double lookup_bytes = 0;   // filter, keys and postings, of all
};

// Outputs of one random index have this many tokens.
inline constexpr uint32_t kRandomOutputTokens = 1'000;

// Adds segments of `segment_fingerprints` to the index at `folder` until it has
// `fingerprints` more. Ends the bench when it cannot.
RandomIndex AddRandomOutputs(const std::string& folder, uint64_t fingerprints,
                             uint64_t segment_fingerprints);

}  // namespace cofferdam::bench
