#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "corpus/passed_over.h"

namespace cofferdam::corpus {

// What one text file may be at most.
struct TextLimits {
  size_t document_bytes_max = size_t{64} << 20;
  size_t line_bytes_max = size_t{1} << 20;
};

// Fills `bytes` (reusing its memory) with the whole file at `path`, or says why
// it is passed over: not a regular file, not readable, longer than a limit, or
// not text. Only a regular file is ever opened, never through a symbolic link
// at its last step unless `follow` says so, and never in a way that can wait.
// A file that grows while it is read counts as too large only if it outgrows
// the limit. Any encoding that has no NUL bytes is text. Safe from any thread.
enum class FinalLink { kRefuse, kFollow };
std::optional<PassedOver> ReadTextFile(const std::string& path,
                                       const TextLimits& limits,
                                       FinalLink follow, std::string* bytes);

}  // namespace cofferdam::corpus
