#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "evidence/finding.h"
#include "evidence/matcher.h"
#include "fingerprint/lex.h"

namespace cofferdam::evidence {

struct TokenSpan {
  uint32_t begin = 0;
  uint32_t end = 0;
};

// The lines of one document and the tokens on them. A token counts on every
// line that it touches. `document` and `text` must outlive it.
class LineCounts {
 public:
  LineCounts(const fingerprint::TokenStream& document, std::string_view text);

  // The lines that `match` claims: stretches of lines of whose tokens it
  // matches at least half; lines without tokens may stand between them.
  std::vector<LineRange> LinesOf(const Match& match) const;
  // The tokens that begin on `lines`.
  TokenSpan TokensOn(LineRange lines) const;
  // Reads on from the lines that were asked for last, if these come later.
  std::string_view TextOf(LineRange lines);

 private:
  size_t BeginOf(uint32_t line);
  // The last line that token `token` touches.
  uint32_t LastLine(uint32_t token) const;

  const fingerprint::TokenStream& document_;
  std::string_view text_;
  std::vector<uint32_t> tokens_;  // by line; [0] is not used
  // A line and where it begins.
  uint32_t line_ = 1;
  size_t line_begin_ = 0;
};

}  // namespace cofferdam::evidence
