#include "policy/glob.h"

#include <vector>

namespace cofferdam::policy {

bool IsGlob(std::string_view pattern) {
  return pattern.find('*') != std::string_view::npos;
}

bool MatchesGlob(std::string_view pattern, std::string_view text) {
  size_t p = 0;
  size_t t = 0;
  // The last star, and where in the text what follows it is tried.
  size_t star = std::string_view::npos;
  size_t retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// A star of `narrow` may stand for any text, so only a star of `wide` takes it
// in; as a character it is like no literal of `wide`.
bool GlobCovers(std::string_view wide, std::string_view narrow) {
  return MatchesGlob(wide, narrow);
}

bool GlobsMeet(std::string_view a, std::string_view b) {
  // meets[j]: whether the rests of a, from i on, and of b, from j on, meet.
  std::vector<char> meets(b.size() + 1, 0);
  for (size_t i = a.size() + 1; i-- > 0;) {
    char below = 0;  // of i + 1 and j + 1
    for (size_t j = b.size() + 1; j-- > 0;) {
      const char under = meets[j];  // of i + 1 and j
      const bool a_ends = i == a.size();
      const bool b_ends = j == b.size();
      bool here = false;
      if (a_ends && b_ends) {
        here = true;
      } else if (!a_ends && a[i] == '*') {
        here = under != 0 || (!b_ends && meets[j + 1] != 0);
      } else if (!b_ends && b[j] == '*') {
        here = meets[j + 1] != 0 || (!a_ends && under != 0);
      } else if (!a_ends && !b_ends && a[i] == b[j]) {
        here = below != 0;
      }
      below = under;
      meets[j] = here ? 1 : 0;
    }
  }
  return meets[0] != 0;
}

}  // namespace cofferdam::policy
