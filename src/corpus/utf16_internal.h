#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cofferdam::corpus {

// Texts in UTF-16, which some editors write, are read as UTF-8: their bytes are
// then those of the UTF-8, their lines the same.

// Whether `head` begins with a byte order mark of UTF-16.
bool IsUtf16(std::string_view head);

// `bytes`, which IsUtf16, as UTF-8, the mark included; none where they are no
// valid UTF-16.
std::optional<std::string> FromUtf16(std::string_view bytes);

// `utf8` in the byte order of `like`, which IsUtf16, with a mark before it.
// What FromUtf16 gave becomes again what it was; `utf8` must be valid.
std::string ToUtf16(std::string_view utf8, std::string_view like);

}  // namespace cofferdam::corpus
