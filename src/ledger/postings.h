#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fingerprint/select.h"

namespace cofferdam::ledger {

// The fingerprints of one part of an output as the ledger keeps them until,
// and after, they are sealed (docs/formats/ledger.md, "Fingerprints").
struct Postings {
  uint32_t tokens = 0;  // of the part
  // By rising token, each below `tokens`.
  std::vector<fingerprint::OutputFingerprint> fingerprints;

  bool operator==(const Postings&) const = default;
};

std::string EncodePostings(
    uint32_t tokens,
    std::span<const fingerprint::OutputFingerprint> fingerprints);

// kCorrupt for anything that EncodePostings cannot have written.
Result<Postings> DecodePostings(std::string_view bytes);

}  // namespace cofferdam::ledger
