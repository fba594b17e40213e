#pragma once

#include <string_view>

#include "fingerprint/language.h"

namespace cofferdam::fingerprint {

// Of a file: LanguageOfPath, and where that tells nothing or the name says
// plain text (.txt), which is what dumps of code are called, too,
// GuessLanguage. Both sides of a comparison are to use it: code read as prose
// matches no code.
Language LanguageOfFile(std::string_view path, std::string_view text);

}  // namespace cofferdam::fingerprint
