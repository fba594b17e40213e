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

// Opens files that a listing of their folders has just shown to be regular, so
// that each is asked what it is only once it is open: what took its place
// meanwhile is passed over as OpenRegularFile would, and never waited for.
// Files of one folder in a row are opened by their names in it, which spares
// the system the walk down to them. One thread.
class ListedFiles {
 public:
  // As OpenRegularFile with kRefuse.
  std::variant<OpenFile, PassedOver> Open(const std::string& path);

 private:
  std::string folder_;  // of the file before, with the slash
  size_t in_a_row_ = 0;
  FileDescriptor open_folder_;
};

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

// The same of a file that is open, or is passed over already; `path` is how it
// is called.
std::optional<PassedOver> ReadTextFile(std::variant<OpenFile, PassedOver> file,
                                       const std::string& path,
                                       const TextLimits& limits,
                                       std::string* bytes);

}  // namespace cofferdam::corpus
