#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "corpus/line_claim.h"

namespace cofferdam::corpus {

// A note longer than this is not read; git-ai's own repository has notes of
// 2.8 MB.
inline constexpr size_t kNoteBytesMax = size_t{16} << 20;
// A path in quotes may hold line ends; it is no longer than this.
inline constexpr size_t kNotePathBytesMax = 4'096;

// What a note or a file of records says, and what of it could not be used, one
// sentence each.
struct ClaimsRead {
  std::vector<LineClaim> claims;
  std::vector<std::string> notices;
};

// Reads a note as git-ai writes it under refs/notes/ai: the standard
// authorship/3.0.0 with sessions (s_…::t_…), known people (h_…) and the legacy
// prompts (16 hexadecimal digits, also 7). Takes any bytes: a line or key that
// breaks the format is noticed and passed over, and a note whose metadata
// cannot be read still says which lines a model wrote. Ranges of one entry are
// sorted and joined; the claims of a path keep the order of its entries.
ClaimsRead ReadGitAiNote(std::string_view note);

}  // namespace cofferdam::corpus
