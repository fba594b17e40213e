#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "evidence/matcher.h"
#include "evidence/proposal.h"

namespace cofferdam::scan {

// An index larger than memory is scanned in passes: the corpus is read once for
// each part of the index that fits (evidence::PlanPasses). A finding takes all
// outputs into account, so what earlier passes propose waits here for the last
// one, which decides as if there were no others.

// What is kept of all passes together.
inline constexpr uint64_t kPassBytesMax = uint64_t{1} << 30;

// What a pass proposes for one text.
struct PassProposals {
  uint32_t text = 0;  // of the chunk's, counted over its records
  std::vector<evidence::Proposal> proposals;  // their seeds are those below
  std::vector<evidence::Seed> seeds;

  // Copies them with their seeds.
  static PassProposals Of(uint32_t text,
                          std::span<const evidence::Proposal> proposals);
  PassProposals() = default;
  PassProposals(PassProposals&&) noexcept = default;
  PassProposals& operator=(PassProposals&&) noexcept = default;
};

// Filled by one thread, pass by pass, by rising segment; then read by any.
class PassStore {
 public:
  explicit PassStore(uint64_t bytes_max = kPassBytesMax)
      : bytes_max_(bytes_max) {}

  // Keeps what a pass proposes for the texts of the chunk of this number.
  // kTooLarge beyond the limit.
  Status Add(uint64_t chunk, std::vector<PassProposals> of_texts);

  // Appends what was proposed for the text number `text` of a chunk; valid as
  // long as the store.
  void Find(uint64_t chunk, uint32_t text,
            std::vector<evidence::Proposal>* proposals) const;

  // The work of the passes.
  evidence::MatchCounts work;

 private:
  const uint64_t bytes_max_;
  uint64_t bytes_ = 0;
  std::map<std::pair<uint64_t, uint32_t>, std::vector<PassProposals>> kept_;
};

}  // namespace cofferdam::scan
