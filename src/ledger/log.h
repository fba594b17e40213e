#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "seal/merkle.h"

// The log of the ledger, seen from outside (docs/formats/ledger.md, "Log").
namespace cofferdam::ledger {

// What VerifyLog is to look at.
struct LogQuestion {
  enum class Texts { kRead, kSkip };

  // Whether every text is compared with its digest in the record.
  Texts texts = Texts::kRead;
  // Sizes at which the root is wanted; greater ones than the log has get none.
  std::vector<uint64_t> sizes;
};

// What VerifyLog found.
struct LogReport {
  static constexpr size_t kDifferencesMax = 20;

  // The log as it stood when the call began.
  seal::TreeHead head;
  std::map<uint64_t, seal::Digest> roots;
  uint64_t exchanges = 0;
  // Leaves of versions that a later one replaced.
  uint64_t replaced = 0;
  uint64_t texts = 0;
  // Exchanges whose texts, or whose records, were purged; and for each audit
  // row that is to say so, of how many.
  uint64_t purged_texts = 0;
  uint64_t purged_records = 0;
  std::map<std::string, uint64_t> purges;
  // What does not fit, in words, by leaf and then by exchange: the first
  // kDifferencesMax, and how many there are.
  std::vector<std::string> differences;
  uint64_t differences_count = 0;

  bool ok() const { return differences_count == 0; }
};

}  // namespace cofferdam::ledger
