#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "agent/terminal/styled_text.h"

namespace cofferdam::agent {

// Code beyond this is shown in one colour.
inline constexpr size_t kColouredBytesMax = size_t{16} << 10;

// The lines of a piece of code with keywords, literals and comments coloured,
// by the lexers of fingerprint. `language` is a fence's word; one that is not
// known, or prose, leaves all plain.
std::vector<StyledLine> ColourCode(std::string_view code,
                                   std::string_view language);

// The same for code that comes line by line. Each line is coloured once, by
// what has come until then, so that the result does not hang on the pieces.
class CodeColouring {
 public:
  explicit CodeColouring(std::string_view language);
  // Without its end.
  StyledLine Add(std::string_view line);

 private:
  std::string language_;
  std::string code_;
};

}  // namespace cofferdam::agent
