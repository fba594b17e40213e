#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "blame/blamer.h"
#include "corpus/line_history.h"
#include "fingerprint/index.h"

namespace cofferdam::blame {

// The lines of a repository, or of some of its files: where each came in, and
// which model it came from.
struct RepositoryBlame {
  corpus::LineHistory history;
  // As many as history.files, in their order.
  std::vector<BlamedFile> files;
  // The name by which the ledger knows the repository.
  std::string repository;
  // The ledger's sequence up to which the index goes.
  uint64_t covered_sequence = 0;
  // Whatever went wrong without ending it, one sentence each.
  std::vector<std::string> notices;
};

// Whether what commits say of themselves is read.
enum class ReadClaims { kYes, kNo };

struct RepositoryBlameOptions {
  corpus::LineHistoryOptions history;
  // `repository` is that of the remote where it is empty, and where there is no
  // remote the folder's own name.
  BlamerOptions blamer;
  ReadClaims claims = ReadClaims::kYes;
};

// The repository's name in the ledger.
std::string LedgerName(const corpus::Repository& repository);

// Blames files with as many threads as history.threads says. Errors as
// corpus::ReadLineHistory's; kCorrupt where the index is damaged.
Result<RepositoryBlame> BlameRepository(const fingerprint::Index& index,
                                        const std::string& path,
                                        const RepositoryBlameOptions& options);

// How many lines are what, and how many of the model's are whose.
struct LineCounts {
  uint64_t lines = 0;
  uint64_t model = 0;
  uint64_t mixed = 0;
  uint64_t human = 0;
  uint64_t unknown = 0;

  void Add(LineClass line_class);
  LineCounts& operator+=(const LineCounts& other);
  bool operator==(const LineCounts&) const = default;
};

}  // namespace cofferdam::blame
