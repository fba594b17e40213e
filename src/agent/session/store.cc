#include "agent/session/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <utility>

#include "base/encoding.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"

namespace cofferdam::agent {
namespace {

constexpr std::string_view kSuffix = ".jsonl";
constexpr size_t kIdBytes = 26;
constexpr size_t kPrefixBytesMin = 4;
// Of a file, to tell what its session is: its first line, and a last one.
constexpr size_t kHeadBytesMax = size_t{16} << 10;
constexpr size_t kTailBytesMin = size_t{4} << 10;
constexpr size_t kTailBytesMax = size_t{1} << 20;
constexpr size_t kCopyBytes = size_t{256} << 10;

// Names in a folder that `keep` likes; none for a folder that is not there.
template <typename Keep>
Result<std::vector<std::string>> NamesIn(const std::string& folder,
                                         const Keep& keep) {
  std::vector<std::string> names;
  DIR* open = opendir(folder.c_str());
  if (open == nullptr) {
    if (errno == ENOENT) return names;
    return Error::FromErrno(errno, "read " + folder);
  }
  while (const dirent* entry = readdir(open)) {
    std::string_view name = entry->d_name;
    if (!keep(name)) continue;
    if (names.size() == kSessionsInFolderMax) {
      closedir(open);
      return Error(Code::kTooLarge,
                   fmt::format("{} holds more than {} sessions", folder,
                               kSessionsInFolderMax));
    }
    names.emplace_back(name);
  }
  closedir(open);
  return names;
}

bool IsSessionName(std::string_view name) {
  return name.size() == kIdBytes + kSuffix.size() && name.ends_with(kSuffix);
}

bool IsFolderName(std::string_view name) {
  return name.size() == 16 &&
         name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string ReadUpTo(int fd, uint64_t offset, size_t bytes) {
  std::string data(bytes, '\0');
  size_t have = 0;
  while (have < bytes) {
    ssize_t n = pread(fd, data.data() + have, bytes - have,
                      static_cast<off_t>(offset + have));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    have += static_cast<size_t>(n);
  }
  data.resize(have);
  return data;
}

// The last whole line that begins in the last bytes of a file.
uint64_t MessagesAtEnd(int fd, uint64_t size) {
  for (uint64_t bytes = kTailBytesMin;; bytes *= 8) {
    bytes = std::min({bytes, size, uint64_t{kTailBytesMax}});
    const std::string tail = ReadUpTo(fd, size - bytes, bytes);
    const size_t end = tail.rfind('\n');
    if (end != std::string::npos && end > 0) {
      size_t begin = tail.rfind('\n', end - 1);
      if (begin != std::string::npos || bytes == size) {
        begin = begin == std::string::npos ? 0 : begin + 1;
        auto head = ReadLineHead(std::string_view(tail).substr(begin));
        return head ? head->messages : 0;
      }
    }
    if (bytes == size || bytes == kTailBytesMax) return 0;
  }
}

// What the file says of its session without being read whole.
std::optional<SessionSummary> Summarise(const std::string& path) {
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info;
  if (!file.valid() || fstat(file.get(), &info) != 0) return std::nullopt;
  const std::string head = ReadUpTo(file.get(), 0, kHeadBytesMax);
  const size_t end = head.find('\n');
  if (end == std::string::npos) return std::nullopt;
  auto parsed = JsonDocument::Parse(std::string_view(head).substr(0, end));
  if (!parsed.ok()) return std::nullopt;
  auto begin = ReadBegin(parsed->root());
  if (!begin.ok()) return std::nullopt;
  return SessionSummary{
      .id = begin->id,
      .workspace = begin->workspace,
      .title = begin->title,
      .model = begin->model,
      .begun_micros = begin->at_micros,
      .changed_micros = int64_t{info.st_mtim.tv_sec} * 1'000'000 +
                        info.st_mtim.tv_nsec / 1'000,
      .messages =
          MessagesAtEnd(file.get(), static_cast<uint64_t>(info.st_size))};
}

// Appends the whole lines of `from` behind its first one to `to`; with a turn,
// those before the last prompt of that turn.
Status CopyLines(int from, uint64_t begin, uint64_t end, int to) {
  for (uint64_t at = begin; at < end;) {
    std::string bytes =
        ReadUpTo(from, at, std::min<uint64_t>(kCopyBytes, end - at));
    if (bytes.empty()) return Error(Code::kCorrupt, "is shorter than it was");
    at += bytes.size();
    for (std::string_view rest = bytes; !rest.empty();) {
      ssize_t n = write(to, rest.data(), rest.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return Error::FromErrno(errno, "copy the session");
      rest.remove_prefix(static_cast<size_t>(n));
    }
  }
  return {};
}

}  // namespace

struct SessionStore::Found {
  std::string path;
  int64_t changed_micros = 0;
};

SessionStore::SessionStore(std::string folder, const Clock& clock,
                           Random& random, const SessionFileLimits& limits)
    : folder_(std::move(folder)),
      clock_(clock),
      ids_(clock, random),
      limits_(limits) {}

std::string SessionStore::FolderFor(const std::string& workspace) const {
  return fmt::format("{}/{:016x}", folder_, Hash64(workspace));
}

SessionStore::Opened SessionStore::Create(SessionBegin begin) {
  begin.id = ids_.Next().ToString();
  begin.at_micros = clock_.WallMicros();
  std::string path =
      fmt::format("{}/{}{}", FolderFor(begin.workspace), begin.id, kSuffix);
  SessionState state{.begin = begin,
                     .messages = {},
                     .plan = {},
                     .meter = {},
                     .mode = begin.mode,
                     .model = begin.model,
                     .profile = {},
                     .turns = 0,
                     .notes = {}};
  return {.file = SessionFile::New(std::move(path), std::move(begin), clock_,
                                   limits_),
          .state = std::move(state)};
}

Result<SessionStore::Opened> SessionStore::Open(std::string_view id) {
  TRY_ASSIGN(std::string path, PathOf(id));
  Opened opened;
  TRY_ASSIGN(opened.file,
             SessionFile::Open(path, clock_, &opened.state, limits_));
  return opened;
}

Result<SessionStore::Opened> SessionStore::Fork(
    std::string_view id, std::optional<uint64_t> before_turn) {
  TRY_ASSIGN(const std::string path, PathOf(id));
  FileDescriptor from(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!from.valid()) return Error::FromErrno(errno, "open " + path);
  struct stat info;
  if (fstat(from.get(), &info) != 0) {
    return Error::FromErrno(errno, "open " + path);
  }
  const std::string head = ReadUpTo(from.get(), 0, kHeadBytesMax);
  const size_t first = head.find('\n');
  auto parsed = JsonDocument::Parse(std::string_view(head).substr(0, first));
  if (first == std::string::npos || !parsed.ok()) {
    return Error(Code::kCorrupt, path + ": its first line is damaged");
  }
  TRY_ASSIGN(SessionBegin begin, ReadBegin(parsed->root()));
  begin.parent = std::exchange(begin.id, ids_.Next().ToString());
  begin.parent_turn = before_turn.value_or(0);
  begin.at_micros = clock_.WallMicros();
  const std::string fork =
      fmt::format("{}/{}{}", FolderFor(begin.workspace), begin.id, kSuffix);
  // Under its name when it is whole, so that no half a copy is ever gone on
  // with.
  const std::string making = fork + ".new";
  TRY(MakeFolder(FolderFor(begin.workspace), 0700));
  FileDescriptor to(
      open(making.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!to.valid()) return Error::FromErrno(errno, "make " + making);
  const std::string line = BeginLine(begin);
  Status copied;
  if (write(to.get(), line.data(), line.size()) !=
      static_cast<ssize_t>(line.size())) {
    copied = Error::FromErrno(errno, "write " + making);
  }
  if (copied.ok()) {
    copied = CopyLines(from.get(), first + 1,
                       static_cast<uint64_t>(info.st_size), to.get());
  }
  if (copied.ok() && rename(making.c_str(), fork.c_str()) != 0) {
    copied = Error::FromErrno(errno, "make " + fork);
  }
  if (!copied.ok()) {
    unlink(making.c_str());
    return std::move(copied).error();
  }
  Opened opened;
  TRY_ASSIGN(opened.file,
             SessionFile::Open(fork, clock_, &opened.state, limits_));
  if (before_turn) {
    auto rewound = opened.file->Rewind(*before_turn, RewindOf::kConversation);
    if (!rewound.ok()) {
      unlink(fork.c_str());
      return std::move(rewound).error();
    }
    opened.state = *std::move(rewound);
  }
  return opened;
}

Result<bool> SessionStore::Delete(std::string_view id) {
  if (id.size() != kIdBytes) return false;
  const auto path = PathOf(id);
  if (!path.ok() && path.error().code() == Code::kNotFound) return false;
  if (!path.ok()) return path.error();
  TRY(SessionFile::Delete(*path));
  return true;
}

Result<std::vector<std::string>> SessionStore::Folders() const {
  TRY_ASSIGN(std::vector<std::string> names, NamesIn(folder_, IsFolderName));
  for (std::string& name : names) name = folder_ + "/" + name;
  return names;
}

Result<std::vector<SessionStore::Found>> SessionStore::FindIn(
    const std::vector<std::string>& folders) const {
  std::vector<Found> found;
  for (const std::string& folder : folders) {
    TRY_ASSIGN(std::vector<std::string> names, NamesIn(folder, IsSessionName));
    for (const std::string& name : names) {
      struct stat info;
      std::string path = folder + "/" + name;
      if (stat(path.c_str(), &info) != 0) continue;
      found.push_back(
          {.path = std::move(path),
           .changed_micros = int64_t{info.st_mtim.tv_sec} * 1'000'000 +
                             info.st_mtim.tv_nsec / 1'000});
    }
  }
  std::sort(found.begin(), found.end(), [](const Found& a, const Found& b) {
    return std::pair(a.changed_micros, a.path) >
           std::pair(b.changed_micros, b.path);
  });
  return found;
}

Result<std::string> SessionStore::Newest(const std::string& workspace) const {
  TRY_ASSIGN(std::vector<Found> found, FindIn({FolderFor(workspace)}));
  for (const Found& one : found) {
    auto summary = Summarise(one.path);
    if (summary && summary->workspace == workspace) return summary->id;
  }
  return std::string();
}

Result<std::vector<SessionSummary>> SessionStore::List(
    const std::string& workspace) const {
  std::vector<std::string> folders = {FolderFor(workspace)};
  if (workspace.empty()) {
    TRY_ASSIGN(folders, Folders());
  }
  TRY_ASSIGN(std::vector<Found> found, FindIn(folders));
  std::vector<SessionSummary> sessions;
  for (const Found& one : found) {
    if (sessions.size() == kSessionsListedMax) break;
    auto summary = Summarise(one.path);
    if (!summary) continue;
    if (!workspace.empty() && summary->workspace != workspace) continue;
    sessions.push_back(*std::move(summary));
  }
  return sessions;
}

Result<std::string> SessionStore::PathOf(std::string_view id) const {
  std::string prefix(id);
  for (char& c : prefix) {
    c = static_cast<char>(toupper(static_cast<unsigned char>(c)));
  }
  if (prefix.size() < kPrefixBytesMin || prefix.size() > kIdBytes) {
    return Error(Code::kNotFound,
                 fmt::format("no session \"{}\"; an id has {} characters, of "
                             "which the first {} or more may be given",
                             id, kIdBytes, kPrefixBytesMin));
  }
  TRY_ASSIGN(std::vector<std::string> folders, Folders());
  std::vector<std::string> found;
  for (const std::string& folder : folders) {
    TRY_ASSIGN(std::vector<std::string> names,
               NamesIn(folder, [&](std::string_view name) {
                 return IsSessionName(name) && name.starts_with(prefix);
               }));
    for (const std::string& name : names) found.push_back(folder + "/" + name);
  }
  if (found.empty()) {
    return Error(Code::kNotFound, fmt::format("no session \"{}\"", id));
  }
  if (found.size() > 1) {
    return Error(Code::kConflict,
                 fmt::format("{} sessions begin with \"{}\"; give more of the "
                             "id",
                             found.size(), id));
  }
  return found.front();
}

}  // namespace cofferdam::agent
