#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/file.h"
#include "corpus/passed_over.h"

namespace cofferdam::corpus {

// What one text file may be at most.
struct TextLimits {
  size_t document_bytes_max = size_t{64} << 20;
  size_t line_bytes_max = size_t{1} << 20;
};

// Whether the last step of a path may be a symbolic link.
enum class FinalLink { kRefuse, kFollow };

// A regular file, ready to be read, or why it is passed over. Nothing else is
// ever opened, and never in a way that can wait.
struct OpenFile {
  FileDescriptor file;
  uint64_t bytes = 0;
};
std::variant<OpenFile, PassedOver> OpenRegularFile(const std::string& path,
                                                   FinalLink follow);

// How many bytes from the begin of a text are looked at to see that it is one.
inline constexpr size_t kTextProbeBytes = 8192;

// Whether `head`, that many bytes or all there are, is that of no text: a NUL
// or more control characters than text has.
bool LooksBinary(std::string_view head);

// Why `bytes`, a whole file, are no text or not within the limits.
std::optional<PassedOver> CheckText(const std::string& path,
                                    std::string_view bytes,
                                    const TextLimits& limits);

// Fills `bytes` (reusing its memory) with the whole file at `path`, or says why
// it is passed over: not a regular file, not readable, longer than a limit, or
// not text. Only a regular file is ever opened, never through a symbolic link
// at its last step unless `follow` says so, and never in a way that can wait.
// A file that grows while it is read counts as too large only if it outgrows
// the limit. Any encoding that has no NUL bytes is text. Safe from any thread.
std::optional<PassedOver> ReadTextFile(const std::string& path,
                                       const TextLimits& limits,
                                       FinalLink follow, std::string* bytes);

}  // namespace cofferdam::corpus
