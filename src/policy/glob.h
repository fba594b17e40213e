#pragma once

#include <cstddef>
#include <string_view>

// Patterns in which "*" stands for any run of characters, the empty one and
// '/' included, and every other character for itself; case counts.
namespace cofferdam::policy {

// A pattern costs at most its stars times the text's size to match.
inline constexpr size_t kGlobStarsMax = 8;

bool IsGlob(std::string_view pattern);

// "gpt-*" matches "gpt-5.5". Does not allocate.
bool MatchesGlob(std::string_view pattern, std::string_view text);

// Whether `wide` matches every text that `narrow` matches.
bool GlobCovers(std::string_view wide, std::string_view narrow);

// Whether some text is matched by both. Allocates; for checks, not requests.
bool GlobsMeet(std::string_view a, std::string_view b);

}  // namespace cofferdam::policy
