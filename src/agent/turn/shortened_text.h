#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cofferdam::agent {

// Beginning and end of a text, and between them how much is left out. At most
// `bytes_max` and one line more; cut where characters end.
std::string ShortenedText(std::string_view text, size_t bytes_max);

}  // namespace cofferdam::agent
