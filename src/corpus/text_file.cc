#include "corpus/text_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace cofferdam::corpus {
namespace {

// Of the probe; source text has next to none, compressed bytes about a tenth.
constexpr double kControlShareMax = 0.05;

// Without branches, and in bytes alone, of which a compiler makes vectors:
// every file passes here.
uint8_t IsControl(uint8_t c) {
  // Tab to carriage return are none, nor is escape, which logs of terminals
  // hold.
  const uint8_t below_space = c < 0x20;
  const uint8_t in_text =
      (static_cast<uint8_t>(c - 0x09) <= 4 ? 1 : 0) | (c == 0x1b ? 1 : 0);
  return static_cast<uint8_t>((below_space & (in_text ^ 1)) |
                              (c == 0x7f ? 1 : 0));
}

size_t CountControls(std::string_view text) {
  // So many that their count is a byte, too.
  constexpr size_t kPart = 240;
  size_t controls = 0;
  for (; !text.empty(); text.remove_prefix(std::min(kPart, text.size()))) {
    uint8_t of_part = 0;
    for (const char c : text.substr(0, kPart)) {
      of_part =
          static_cast<uint8_t>(of_part + IsControl(static_cast<uint8_t>(c)));
    }
    controls += of_part;
  }
  return controls;
}

// Reads on from the descriptor until `bytes` has `size` bytes or the file ends.
// False with errno set when the system fails.
bool ReadUpTo(int fd, size_t size, std::string* bytes) {
  size_t have = bytes->size();
  bytes->resize(size);
  while (have < size) {
    ssize_t got = ::read(fd, bytes->data() + have, size - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  bytes->resize(have);
  return true;
}

bool HasLongLine(std::string_view bytes, size_t line_bytes_max) {
  while (bytes.size() > line_bytes_max) {
    // The last newline of the first max + 1 bytes ends every line before it.
    size_t newline = bytes.substr(0, line_bytes_max + 1).rfind('\n');
    if (newline == std::string_view::npos) return true;
    bytes.remove_prefix(newline + 1);
  }
  return false;
}

PassedOver Unreadable(const std::string& path) {
  return {path, Reason::kUnreadable, Error::FromErrno(errno, "read").message()};
}

std::string AtMost(size_t bytes) {
  return fmt::format("at most {} bytes", bytes);
}

// Why a text is not within the limits.
std::optional<PassedOver> CheckLimits(const std::string& path,
                                      std::string_view bytes,
                                      const TextLimits& limits) {
  if (bytes.size() > limits.document_bytes_max)
    return PassedOver{path, Reason::kTooLarge,
                      AtMost(limits.document_bytes_max)};
  if (HasLongLine(bytes, limits.line_bytes_max))
    return PassedOver{path, Reason::kLongLine, AtMost(limits.line_bytes_max)};
  return std::nullopt;
}

}  // namespace

bool LooksBinary(std::string_view head) {
  if (head.find('\0') != std::string_view::npos) return true;
  return static_cast<double>(CountControls(head)) >
         kControlShareMax * static_cast<double>(head.size());
}

std::string_view ReasonName(Reason reason) {
  switch (reason) {
    case Reason::kBinary:
      return "binary";
    case Reason::kTooLarge:
      return "too_large";
    case Reason::kLongLine:
      return "long_line";
    case Reason::kUnreadable:
      return "unreadable";
    case Reason::kSymlink:
      return "symlink";
    case Reason::kSpecial:
      return "special";
    case Reason::kTooDeep:
      return "too_deep";
    case Reason::kTooManyEntries:
      return "too_many_entries";
    case Reason::kBroken:
      return "broken";
    case Reason::kNotUtf8:
      return "not_utf8";
    case Reason::kBomb:
      return "bomb";
  }
  return "unreadable";
}

std::variant<OpenFile, PassedOver> OpenRegularFile(const std::string& path,
                                                   FinalLink follow) {
  // A pipe opened for reading would wait for a writer; the flag forbids that
  // should the file have been replaced since it was listed.
  int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  if (follow == FinalLink::kRefuse) flags |= O_NOFOLLOW;
  struct stat before;
  if ((follow == FinalLink::kRefuse ? ::lstat(path.c_str(), &before)
                                    : ::stat(path.c_str(), &before)) != 0)
    return Unreadable(path);
  if (S_ISLNK(before.st_mode)) return PassedOver{path, Reason::kSymlink, ""};
  if (!S_ISREG(before.st_mode)) return PassedOver{path, Reason::kSpecial, ""};
  FileDescriptor file(::open(path.c_str(), flags));
  struct stat status;
  if (!file.valid() || ::fstat(file.get(), &status) != 0)
    return Unreadable(path);
  if (!S_ISREG(status.st_mode)) return PassedOver{path, Reason::kSpecial, ""};
  return OpenFile{std::move(file),
                  static_cast<uint64_t>(std::max<off_t>(status.st_size, 0))};
}

std::optional<PassedOver> CheckText(const std::string& path,
                                    std::string_view bytes,
                                    const TextLimits& limits) {
  if (LooksBinary(bytes.substr(0, kTextProbeBytes)))
    return PassedOver{path, Reason::kBinary, ""};
  return CheckLimits(path, bytes, limits);
}

std::optional<PassedOver> ReadTextFile(const std::string& path,
                                       const TextLimits& limits,
                                       FinalLink follow, std::string* bytes) {
  bytes->clear();
  std::variant<OpenFile, PassedOver> opened = OpenRegularFile(path, follow);
  if (auto* passed = std::get_if<PassedOver>(&opened)) return *passed;
  OpenFile& file = std::get<OpenFile>(opened);
  size_t size = file.bytes;
  if (!ReadUpTo(file.file.get(), std::min(size, kTextProbeBytes), bytes))
    return Unreadable(path);
  if (LooksBinary(*bytes)) return PassedOver{path, Reason::kBinary, ""};
  const size_t probed = bytes->size();
  size_t bytes_max = limits.document_bytes_max;
  if (size > bytes_max)
    return PassedOver{path, Reason::kTooLarge, AtMost(bytes_max)};
  // One byte more than it had shows whether it has grown meanwhile. Files of
  // the kernel say that they are empty; they are read as far as the probe.
  for (size_t want = std::max(size, kTextProbeBytes) + 1;;
       want = bytes_max + 1) {
    if (!ReadUpTo(file.file.get(), std::min(want, bytes_max + 1), bytes))
      return Unreadable(path);
    if (bytes->size() < want || want > bytes_max) break;
  }
  // What the probe saw is not looked at again.
  return probed == std::min(bytes->size(), kTextProbeBytes)
             ? CheckLimits(path, *bytes, limits)
             : CheckText(path, *bytes, limits);
}

}  // namespace cofferdam::corpus
