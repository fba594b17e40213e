#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "fingerprint/evidence_stream.h"
#include "fingerprint/lex.h"

namespace cofferdam::blame {

// Lays a text beside an output that is known to have been written into its
// repository. Finds much shorter pieces than a scan may trust, tells names that
// were kept from names that were changed, and uses tokens that the output
// quoted to see where the others belong.

// A token of the document and the one of the output that it stands for.
struct TokenPair {
  uint32_t document = 0;
  uint32_t output = 0;
  bool exact = false;  // name or literal is the same, too
};

// Pairs that rise on both sides.
struct TokenChain {
  std::vector<TokenPair> pairs;
  double bits = 0;
  // Most of its tokens of the output stand in a better chain, too: a copy made
  // after the model wrote it, or only the same manner.
  bool again = false;
};

// The document, ready to be compared with any number of outputs.
class AlignedDocument {
 public:
  // Both must outlive it.
  AlignedDocument(const fingerprint::TokenStream& tokens,
                  std::string_view text);

  size_t size() const { return normal_.size(); }
  uint32_t line(uint32_t token) const { return tokens_.line()[token]; }

  // Whether both stand for the same normalised token, and for the same name or
  // literal; a string is the same under other quotation marks.
  bool Same(uint32_t token, const fingerprint::EvidenceStream& stream,
            uint32_t output) const {
    return normal_[token] == stream.normal[output];
  }
  bool Exact(uint32_t token, const fingerprint::EvidenceStream& stream,
             uint32_t output) const {
    return Same(token, stream, output) &&
           (normal_[token] > 2 || name_[token] == stream.name[output] ||
            (normal_[token] == 2 && other_name_[token] == stream.name[output]));
  }
  // What a token tells, in bits.
  double Bits(uint32_t token, bool exact) const;

  // The chains of at least `bits_min`, best first, and at most `chains_max`.
  std::vector<TokenChain> Align(const fingerprint::EvidenceStream& stream,
                                double bits_min, size_t chains_max) const;

 private:
  struct Gram {
    uint64_t hash = 0;
    uint32_t token = 0;
  };
  struct Run;

  std::vector<Run> FindRuns(const fingerprint::EvidenceStream& stream) const;
  void AddRun(uint32_t token, uint32_t output,
              const fingerprint::EvidenceStream& stream,
              std::vector<Run>* runs) const;
  std::vector<TokenChain> Whole(
      const fingerprint::EvidenceStream& stream) const;
  void Fill(uint32_t document_begin, uint32_t document_end,
            uint32_t output_begin, uint32_t output_end,
            const fingerprint::EvidenceStream& stream,
            std::vector<TokenPair>* pairs) const;
  TokenChain Join(const std::vector<Run>& runs,
                  const fingerprint::EvidenceStream& stream) const;

  const fingerprint::TokenStream& tokens_;
  std::vector<uint8_t> normal_;
  std::vector<uint8_t> name_;
  std::vector<uint8_t> other_name_;
  std::vector<Gram> grams_;  // by hash
};

}  // namespace cofferdam::blame
