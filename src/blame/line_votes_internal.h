#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "blame/blamer.h"
#include "blame/token_alignment_internal.h"
#include "fingerprint/evidence_stream.h"
#include "fingerprint/lex.h"

namespace cofferdam::blame {

// What one output says of one line.
struct LineVote {
  uint32_t candidate = 0;  // ordinal of the output among the document's
  uint32_t exact = 0;      // tokens that are the model's own
  uint32_t quoted = 0;     // tokens that it repeated from its prompt
  uint32_t same = 0;       // tokens that differ by their name only
  double exact_bits = 0;
  double quoted_bits = 0;
  double chain_bits = 0;
  uint32_t first_output_line = 0;
  uint32_t last_output_line = 0;
  // A token beside the line is the output's neighbour, too.
  bool gapless = false;
};

// A line, its tokens, and all that is said of it.
struct VotedLine {
  uint32_t token_begin = 0;  // tokens that begin on it
  uint32_t token_end = 0;
  // The token, begun on a line before, that goes on here; kNone without one.
  uint32_t inside = kNone;
  std::string_view text;  // without its end
  std::vector<LineVote> votes;

  // Nothing but white space.
  bool blank() const;
  bool has_tokens() const { return token_begin < token_end || inside != kNone; }
};

// Gathers what outputs say of the lines of one document, one output after the
// other. What it is given must outlive it.
class LineVotes {
 public:
  LineVotes(const AlignedDocument& document,
            const fingerprint::TokenStream& tokens, std::string_view text);

  // Whether a line may come from the output, by its time.
  using MayCome = std::function<bool(uint32_t line)>;  // from 0

  // Votes for the lines of `chains`, which are of the output `candidate`.
  void Add(uint32_t candidate, const std::vector<TokenChain>& chains,
           const fingerprint::EvidenceStream& stream, const MayCome& may_come);

  std::vector<VotedLine>& lines() { return lines_; }
  const AlignedDocument& document() const { return document_; }
  const fingerprint::TokenStream& tokens() const { return tokens_; }
  // Whether some output has the token as its own.
  bool IsModels(uint32_t token) const { return models_[token]; }

 private:
  // What a token is in the output at hand.
  struct Standing {
    uint32_t output = kNone;
    bool exact = false;
    bool quoted = false;
    float chain_bits = 0;
  };

  void SplitLines(std::string_view text);
  void AddBrackets();
  void AddMovedLines(const std::vector<TokenChain>& chains,
                     const fingerprint::EvidenceStream& stream);
  void CountLine(uint32_t line, uint32_t candidate,
                 const fingerprint::EvidenceStream& stream);
  uint8_t ByteOf(uint32_t token) const;

  const AlignedDocument& document_;
  const fingerprint::TokenStream& tokens_;
  std::string_view text_;
  std::vector<VotedLine> lines_;
  std::vector<bool> models_;
  std::vector<Standing> standing_;
};

}  // namespace cofferdam::blame
