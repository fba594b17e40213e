#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cofferdam::agent {

// `bytes` as UTF-8: what is not becomes U+FFFD, one for each byte.
std::string ShownText(std::string_view bytes);

// The longest begin of `text` of at most `bytes_max` bytes that ends between
// two characters.
std::string_view CutText(std::string_view text, size_t bytes_max);

// "1,234".
std::string ShownCount(int64_t count);

// `count` and the noun that fits it: "1 line", "2 lines".
std::string Counted(int64_t count, std::string_view noun);

}  // namespace cofferdam::agent
