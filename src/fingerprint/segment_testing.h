#pragma once

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "fingerprint/evidence_stream.h"
#include "fingerprint/segment.h"

namespace cofferdam::fingerprint {

// An output made up by seed: fingerprints of `tokens` random tokens.
struct MadeOutput {
  std::string descriptor;
  std::string evidence;
  uint32_t tokens = 0;
  std::vector<OutputFingerprint> fingerprints;
};

inline MadeOutput MakeOutput(uint64_t seed, uint32_t tokens) {
  std::mt19937_64 random(seed);
  EvidenceStream evidence;
  std::vector<uint64_t> normal;
  for (uint32_t i = 0; i < tokens; ++i) {
    normal.push_back(random());
    evidence.normal.push_back(3 + (normal.back() >> 56) % 253);
    evidence.name.push_back(0);
    evidence.line.push_back(i / 8 + 1);
  }
  SelectScratch scratch;
  std::vector<Fingerprint> selected;
  SelectMinimizers(normal, &scratch, &selected);
  MadeOutput made{.descriptor = "{\"output\":" + std::to_string(seed) + "}",
                  .evidence = *EncodeEvidence(evidence),
                  .tokens = tokens};
  for (const Fingerprint& f : selected) {
    made.fingerprints.push_back(
        {.hash = f.hash, .token = f.token, .echo = f.hash % 5 == 0});
  }
  return made;
}

inline void AddTo(SegmentWriter* writer, const MadeOutput& made) {
  const Status added = writer->AddOutput(made.descriptor, made.evidence,
                                         made.tokens, made.fingerprints);
  CHECK_OK(added);
}

inline std::vector<Posting> FindAll(const Segment& segment, uint64_t hash) {
  std::vector<Posting> postings;
  segment.Find(hash, [&](const Posting& p) { postings.push_back(p); });
  return postings;
}

}  // namespace cofferdam::fingerprint
