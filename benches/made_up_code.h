#pragma once

#include <cstdint>
#include <string>

#include "base/random.h"

namespace cofferdam::bench {

// A file of functions that nobody wrote, for a bench without its data:
// `language` is "python", "java", "javascript", "go", "rust" or "cpp".
std::string MadeUpCode(const std::string& language, size_t lines,
                       SeededRandom* random);

}  // namespace cofferdam::bench
