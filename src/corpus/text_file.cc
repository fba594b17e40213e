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

// So many files of a folder are opened by their whole paths before the folder
// is opened for the sake of those that follow.
constexpr size_t kFilesByPath = 2;

// A file of at most so many bytes is read at once, before it is looked at.
constexpr size_t kReadAtOnceBytes = size_t{32} << 10;

// Of the probe; source text has next to none, compressed bytes about a tenth.
constexpr double kControlShareMax = 0.05;

// Without branches, and in bytes alone, of which a compiler makes vectors:
// every file passes here.
__attribute__((always_inline)) inline uint8_t IsControl(uint8_t c) {
  // Tab to carriage return are none, nor is escape, which logs of terminals
  // hold.
  const uint8_t below_space = c < 0x20;
  const uint8_t in_text =
      (static_cast<uint8_t>(c - 0x09) <= 4 ? 1 : 0) | (c == 0x1b ? 1 : 0);
  return static_cast<uint8_t>((below_space & (in_text ^ 1)) |
                              (c == 0x7f ? 1 : 0));
}

__attribute__((always_inline)) inline size_t CountControlsIn(
    std::string_view text) {
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

#if defined(__x86_64__)
__attribute__((target("avx2"))) size_t
CountControlsAvx2(std::string_view text) {
  return CountControlsIn(text);
}
#endif

size_t CountControls(std::string_view text) {
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  if (has_avx2) return CountControlsAvx2(text);
#endif
  return CountControlsIn(text);
}

constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

// As read(), which a signal may interrupt.
ssize_t Read(int fd, char* to, size_t size) {
  for (;;) {
    const ssize_t got = ::read(fd, to, size);
    if (got >= 0 || errno != EINTR) return got;
  }
}

// Reads on from the descriptor until `bytes` has `size` bytes or the file ends.
// False with errno set when the system fails.
bool ReadUpTo(int fd, size_t size, std::string* bytes) {
  size_t have = bytes->size();
  bytes->resize(size);
  while (have < size) {
    const ssize_t got = Read(fd, bytes->data() + have, size - have);
    if (got < 0) return false;
    if (got == 0) break;
    have += static_cast<size_t>(got);
  }
  bytes->resize(have);
  return true;
}

// Fills `bytes` with what one call gives of a file of `size` bytes. `*whole`
// says whether that was all: it ended where it did when it was opened.
bool ReadAtOnce(int fd, size_t size, std::string* bytes, bool* whole) {
  // Not cleared before: the system writes over what would be zeros.
  bytes->resize(size + 1);
  const ssize_t got = Read(fd, bytes->data(), size + 1);
  if (got < 0) return false;
  bytes->resize(static_cast<size_t>(got));
  *whole = bytes->size() == size;
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

// The file that was opened as `path`, unless it is no regular one.
std::variant<OpenFile, PassedOver> Checked(const std::string& path,
                                           FileDescriptor file) {
  struct stat status;
  if (!file.valid() || ::fstat(file.get(), &status) != 0)
    return Unreadable(path);
  if (!S_ISREG(status.st_mode)) return PassedOver{path, Reason::kSpecial, ""};
  return OpenFile{std::move(file),
                  static_cast<uint64_t>(std::max<off_t>(status.st_size, 0))};
}

}  // namespace

bool LooksBinary(std::string_view head) {
  // A NUL is a control character, and most texts have none.
  const size_t controls = CountControls(head);
  if (controls == 0) return false;
  return head.find('\0') != std::string_view::npos ||
         static_cast<double>(controls) >
             kControlShareMax * static_cast<double>(head.size());
}

std::string PassedOverText(const PassedOver& passed) {
  std::string text = passed.path;
  if (passed.records > 1) {
    text += fmt::format(" records {} to {}", passed.record,
                        passed.record + passed.records - 1);
  } else if (passed.record > 0) {
    text += fmt::format(" record {}", passed.record);
  }
  text += fmt::format(": {}", ReasonName(passed.reason));
  if (!passed.detail.empty()) text += fmt::format(" ({})", passed.detail);
  return text;
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
  const int flags =
      kOpenFlags | (follow == FinalLink::kRefuse ? O_NOFOLLOW : 0);
  struct stat before;
  if ((follow == FinalLink::kRefuse ? ::lstat(path.c_str(), &before)
                                    : ::stat(path.c_str(), &before)) != 0)
    return Unreadable(path);
  if (S_ISLNK(before.st_mode)) return PassedOver{path, Reason::kSymlink, ""};
  if (!S_ISREG(before.st_mode)) return PassedOver{path, Reason::kSpecial, ""};
  return Checked(path, FileDescriptor(::open(path.c_str(), flags)));
}

std::variant<OpenFile, PassedOver> ListedFiles::Open(const std::string& path) {
  // Nothing before the name is the folder where the process stands.
  const size_t name = path.rfind('/') + 1;
  const std::string_view folder = std::string_view(path).substr(0, name);
  if (folder != folder_) {
    folder_ = folder;
    in_a_row_ = 0;
    open_folder_.Reset(-1);
  }
  if (++in_a_row_ == kFilesByPath + 1 && !folder.empty()) {
    open_folder_.Reset(
        ::open(folder_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  constexpr int kFlags = kOpenFlags | O_NOFOLLOW;
  FileDescriptor file(
      open_folder_.valid()
          ? ::openat(open_folder_.get(), path.c_str() + name, kFlags)
          : ::open(path.c_str(), kFlags));
  // A link, a socket, a folder that was renamed: it says why.
  if (!file.valid()) return OpenRegularFile(path, FinalLink::kRefuse);
  return Checked(path, std::move(file));
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
  return ReadTextFile(OpenRegularFile(path, follow), path, limits, bytes);
}

std::optional<PassedOver> ReadTextFile(std::variant<OpenFile, PassedOver> file,
                                       const std::string& path,
                                       const TextLimits& limits,
                                       std::string* bytes) {
  if (auto* passed = std::get_if<PassedOver>(&file)) {
    bytes->clear();
    return std::move(*passed);
  }
  const int fd = std::get<OpenFile>(file).file.get();
  const size_t size = std::get<OpenFile>(file).bytes;
  const size_t bytes_max = limits.document_bytes_max;
  bool whole = false;
  if (size > 0 && size <= std::min(kReadAtOnceBytes, bytes_max)) {
    if (!ReadAtOnce(fd, size, bytes, &whole)) return Unreadable(path);
  } else {
    bytes->clear();
    if (!ReadUpTo(fd, std::min(size, kTextProbeBytes), bytes))
      return Unreadable(path);
  }
  const size_t probed = std::min(bytes->size(), kTextProbeBytes);
  if (LooksBinary(std::string_view(*bytes).substr(0, probed))) {
    bytes->resize(probed);
    return PassedOver{path, Reason::kBinary, ""};
  }
  if (size > bytes_max)
    return PassedOver{path, Reason::kTooLarge, AtMost(bytes_max)};
  // One byte more than it had shows whether it has grown meanwhile. Files of
  // the kernel say that they are empty; they are read as far as the probe.
  for (size_t want = std::max(size, kTextProbeBytes) + 1; !whole;
       want = bytes_max + 1) {
    if (!ReadUpTo(fd, std::min(want, bytes_max + 1), bytes))
      return Unreadable(path);
    whole = bytes->size() < want || want > bytes_max;
  }
  // What the probe saw is not looked at again.
  return probed == std::min(bytes->size(), kTextProbeBytes)
             ? CheckLimits(path, *bytes, limits)
             : CheckText(path, *bytes, limits);
}

}  // namespace cofferdam::corpus
