#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evidence/context.h"
#include "evidence/origin.h"
#include "evidence/proposal.h"
#include "fingerprint/index.h"

namespace cofferdam::evidence {

// Candidates by context. In short pieces every k-gram may be common among
// people, so that fingerprints propose nothing; but what a ledger recorded for
// one repository is little enough to compare a younger text of that repository
// with all of it, common or not.

struct RepositoryLimits {
  // Outputs whose repository is looked at, the newest.
  size_t listed_max = size_t{1} << 22;
  // Tokens of one repository that are compared with, those of the newest
  // outputs; 8 bytes each.
  size_t tokens_max = size_t{1} << 20;
  // Tokens of all repositories that are kept for the next document.
  size_t kept_tokens_max = size_t{1} << 23;
  // Places of one gram that are looked at, those of the newest outputs.
  size_t places_max = 64;
  // Seeds of one document.
  size_t seeds_max = size_t{1} << 20;
  // Tokens of the document that seeds of one output cover at least: any seed.
  size_t candidate_tokens_min = 12;
  // Outputs proposed for one document, those that share most first.
  size_t outputs_max = 128;
};

// All grams of fingerprint::kGram tokens of one repository's outputs, but for
// what they quote. Immutable; any number of threads.
class RepositoryGrams {
 public:
  // An output by its place in the index.
  struct Output {
    uint32_t segment = 0;
    uint32_t output = 0;
  };

  // Of `outputs`, the newest first. kCorrupt when the index is damaged.
  static Result<RepositoryGrams> Make(const fingerprint::Index& index,
                                      std::span<const Output> outputs,
                                      const RepositoryLimits& limits);

  size_t tokens() const { return tokens_; }

  // Proposals for a document of these bytes (EvidenceByte of each normalised
  // token) that stands at `place` of the repository, by segment and output:
  // outputs that are older and were written to another path. Their seeds lie in
  // `seeds`, which it replaces.
  std::vector<Proposal> Propose(std::span<const uint8_t> document,
                                const DocumentPlace& place,
                                std::vector<Seed>* seeds) const;

 private:
  struct Known {
    Output output;
    uint32_t begin = 0;  // its first token, of the repository's
    Origin origin;       // repository, path and time
  };
  // The seeds of one output, and how many tokens of the document they cover.
  struct Candidate {
    Output output;
    size_t begin = 0;
    size_t end = 0;
    uint32_t covered = 0;
  };

  // Each place that has a gram of the document: its token, and that of the
  // document below; rising.
  std::vector<uint64_t> Hits(std::span<const uint8_t> document) const;
  // The hits of the output that has the first of them, which it takes away;
  // appends their seeds.
  Candidate TakeOutput(std::span<const uint64_t>* hits, const Known& known,
                       std::vector<Seed>* seeds) const;
  const Known& OwnerOf(uint32_t token) const;

  RepositoryLimits limits_;
  size_t tokens_ = 0;
  std::vector<Known> outputs_;  // by rising begin
  // A gram's hash, and its token below; rising.
  std::vector<uint64_t> grams_;
  // Where the grams begin whose hash begins with so many bits of the ordinal.
  std::vector<uint32_t> directory_;
};

// The repositories that an index names. Any number of threads; `index` must
// outlive it. Nothing is read before the first call of Of.
class RepositoryTables {
 public:
  explicit RepositoryTables(const fingerprint::Index& index,
                            RepositoryLimits limits = {})
      : index_(index), limits_(limits) {}

  // Null where nothing was recorded for `repository` ("host/path"). The first
  // call looks at every descriptor of the index. kCorrupt when it is damaged.
  Result<std::shared_ptr<const RepositoryGrams>> Of(
      std::string_view repository);

 private:
  Status List();

  const fingerprint::Index& index_;
  const RepositoryLimits limits_;
  std::mutex mutex_;  // of what follows
  bool listed_ = false;
  std::map<std::string, std::vector<RepositoryGrams::Output>, std::less<>>
      outputs_;
  // Those asked for last.
  std::map<std::string, std::shared_ptr<const RepositoryGrams>, std::less<>>
      kept_;
  size_t kept_tokens_ = 0;
};

}  // namespace cofferdam::evidence
