#pragma once

#include <cstdint>
#include <span>

namespace cofferdam::evidence {

// What look-ups in an index propose, before anything is compared.

// A fingerprint that stands in both.
struct Seed {
  uint32_t document = 0;  // first token
  uint32_t output = 0;    // first token

  bool operator==(const Seed&) const = default;
};

// An output that a document may have text of, and where it looks so. Tokens of
// the document are counted as Lex counts them.
struct Proposal {
  uint32_t segment = 0;  // ordinal of the output's segment in the index
  uint32_t output = 0;   // ordinal of the output in its segment
  // In any order, none twice; the proposer's memory.
  std::span<const Seed> seeds;
  // Tokens of the document inside a seed that is not common in human text.
  uint32_t rare_tokens = 0;
};

}  // namespace cofferdam::evidence
