#include "agent/tools/workspace.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <system_error>
#include <thread>
#include <utility>

#include "agent/sandbox/protected_names.h"
#include "agent/tools/place_internal.h"

namespace cofferdam::agent {
namespace {

using Kind = WorkspacePath::Kind;

constexpr int64_t kNanos = 1'000'000'000;
// Names of all extended attributes of a file, and one's value.
constexpr size_t kAttributesMax = size_t{64} << 10;

int64_t Nanos(const struct timespec& time) {
  return int64_t{time.tv_sec} * kNanos + time.tv_nsec;
}

FileStamp StampOf(const struct stat& status) {
  return {.device = status.st_dev,
          .inode = status.st_ino,
          .size = static_cast<uint64_t>(status.st_size),
          .changed_ns = Nanos(status.st_mtim),
          .touched_ns = Nanos(status.st_ctim)};
}

// A change of name touches the inode, but not its bytes.
bool SameBytes(const FileStamp& a, const FileStamp& b) {
  return a.device == b.device && a.inode == b.inode && a.size == b.size &&
         a.changed_ns == b.changed_ns;
}

// Keeps other sessions from changing names in the folder while this one looks
// at what it exchanged: two that put back at a time would lose a third's write.
// Who does not ask for the lock is not kept; nobody waits for it long, since
// anybody may hold it.
FileDescriptor LockNames(int folder) {
  constexpr int kTries = 500;
  constexpr auto kPause = std::chrono::milliseconds(1);
  FileDescriptor lock(openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int tries = 0; lock.valid() && tries < kTries; ++tries) {
    if (flock(lock.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
      break;
    std::this_thread::sleep_for(kPause);
  }
  return lock;
}

// File systems whose files are no files: opening one may do something.
bool IsKernelFileSystem(int fd) {
  struct statfs status;
  if (fstatfs(fd, &status) != 0) return true;
  switch (static_cast<uint64_t>(status.f_type) & 0xffffffff) {
    case 0x9fa0:      // proc
    case 0x62656572:  // sysfs
    case 0x64626720:  // debugfs
    case 0x74726163:  // tracefs
    case 0x27e0eb:    // cgroup
    case 0x63677270:  // cgroup2
    case 0x73636673:  // securityfs
    case 0xcafe4a11:  // bpf
    case 0x1cd1:      // devpts
    case 0x19800202:  // mqueue
    case 0x62656570:  // configfs
    case 0xf97cff8c:  // selinux
      return true;
    default:
      return false;
  }
}

Result<std::string> Canonical(const std::string& path) {
  std::unique_ptr<char, decltype(&std::free)> real(
      ::realpath(path.c_str(), nullptr), &std::free);
  if (real == nullptr) return Error::FromErrno(errno, path);
  return std::string(real.get());
}

Status WriteBytes(int fd, std::string_view bytes, const std::string& shown) {
  while (!bytes.empty()) {
    ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::FromErrno(errno, "write " + shown);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

// Best effort: what a file system does not take is no reason to fail.
void CopyAttributes(int from, int to) {
  std::string names(kAttributesMax, '\0');
  ssize_t bytes = flistxattr(from, names.data(), names.size());
  if (bytes <= 0) return;
  std::string value(kAttributesMax, '\0');
  const char* end = names.data() + bytes;
  for (const char* name = names.data(); name < end;
       name += std::string_view(name).size() + 1) {
    ssize_t size = fgetxattr(from, name, value.data(), value.size());
    if (size < 0) continue;
    if (fsetxattr(to, name, value.data(), static_cast<size_t>(size), 0) != 0)
      continue;
  }
}

// Owner, group, mode and attributes of `from`. A group that cannot be kept
// takes its rights with it.
void CopyIdentity(int from, const struct stat& status, int to) {
  mode_t mode = status.st_mode & 07777;
  if (fchown(to, status.st_uid, status.st_gid) != 0 &&
      fchown(to, static_cast<uid_t>(-1), status.st_gid) != 0) {
    mode &= static_cast<mode_t>(~(S_ISUID | S_ISGID));
  }
  CopyAttributes(from, to);
  if (fchmod(to, mode) != 0) return;
}

// Without regard to case, of which some file systems have none.
bool IsAtOrBelow(std::string_view path, std::string_view folder) {
  while (folder.ends_with('/')) folder.remove_suffix(1);
  return path.size() >= folder.size() &&
         strncasecmp(path.data(), folder.data(), folder.size()) == 0 &&
         (path.size() == folder.size() || path[folder.size()] == '/');
}

int Rename(int folder, const std::string& from, int to_folder,
           const std::string& to, unsigned flags) {
  return renameat2(folder, from.c_str(), to_folder, to.c_str(), flags);
}

}  // namespace

std::vector<std::string> DefaultProtectedNames() {
  std::span<const std::string_view> names = ProtectedNames();
  return {names.begin(), names.end()};
}

struct Workspace::State {
  State(WorkspaceOptions given, std::vector<OpenRoot> roots)
      : options(std::move(given)),
        finder(std::move(roots), options.limits, options.openat2) {
    for (const std::string& path : options.hidden) {
      std::error_code error;
      hidden.push_back(path);
      std::string real = std::filesystem::weakly_canonical(path, error);
      if (!error && real != path) hidden.push_back(std::move(real));
    }
  }

  bool IsProtected(const std::string& name) const;
  // The hidden path that the place lies in; null: it may be seen.
  const std::string* HiddenBy(const Place& place) const;
  Result<Place> FindPlace(std::string_view path) const;
  Status CheckWritable(const Place& place) const;
  WorkspacePath PathOf(const Place& place) const;
  // The place that is still where it was found.
  Result<Place> FindAgain(const WorkspacePath& path) const;
  Result<FileDescriptor> OpenFile(const Place& place, FileStamp* stamp) const;
  Status MakeFolders(Place* place) const;
  // A new file beside the place.
  Result<FileDescriptor> MakeBeside(const Place& place, mode_t mode,
                                    std::string* name);
  Result<FileStamp> WriteNew(const Place& place, std::string_view bytes);
  Result<FileStamp> Replace(const Place& place, std::string_view bytes,
                            const FileStamp& expected);
  Status Swap(const Place& place, const std::string& beside,
              const FileStamp& expected);
  Error Changed(const Place& place) const;

  WorkspaceOptions options;
  PlaceFinder finder;
  std::vector<std::string> hidden;  // as given, and links followed
  int64_t last_beside = 0;
};

Workspace::Workspace(std::unique_ptr<State> state) : state_(std::move(state)) {}
Workspace::~Workspace() = default;

Result<std::unique_ptr<Workspace>> Workspace::Open(WorkspaceOptions options) {
  std::vector<ExtraFolder> folders = {{options.root, FolderAccess::kWrite}};
  folders.insert(folders.end(), options.extra.begin(), options.extra.end());
  std::vector<OpenRoot> roots;
  for (const ExtraFolder& folder : folders) {
    if (!folder.path.starts_with('/')) {
      return Error(Code::kInvalid,
                   fmt::format("{}: not an absolute path", folder.path));
    }
    OpenRoot root = {.given = folder.path, .access = folder.access};
    while (root.given.size() > 1 && root.given.ends_with('/'))
      root.given.pop_back();
    TRY_ASSIGN(root.path, Canonical(folder.path));
    root.fd.Reset(
        open(root.path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (!root.fd.valid()) return Error::FromErrno(errno, folder.path);
    roots.push_back(std::move(root));
  }
  return std::unique_ptr<Workspace>(new Workspace(
      std::make_unique<State>(std::move(options), std::move(roots))));
}

const std::string& Workspace::root() const {
  return state_->finder.roots()[0].path;
}

const WorkspaceLimits& Workspace::limits() const {
  return state_->options.limits;
}

bool Workspace::State::IsProtected(const std::string& name) const {
  return std::any_of(
      options.protected_names.begin(), options.protected_names.end(),
      [&](const std::string& one) { return IsSameName(one, name); });
}

const std::string* Workspace::State::HiddenBy(const Place& place) const {
  if (hidden.empty()) return nullptr;
  const std::string path = finder.Absolute(place);
  const std::string& root = finder.roots()[place.root].path;
  for (const std::string& one : hidden) {
    if (IsAtOrBelow(path, one) && !IsAtOrBelow(root, one)) return &one;
  }
  return nullptr;
}

Result<Place> Workspace::State::FindPlace(std::string_view path) const {
  TRY_ASSIGN(Place place, finder.Find(path));
  if (const std::string* by = HiddenBy(place)) {
    return Error(Code::kDenied,
                 fmt::format("{} is hidden ({} holds keys or credentials, or "
                             "the user hides it); do without it",
                             finder.Shown(place), *by));
  }
  return place;
}

Status Workspace::State::CheckWritable(const Place& place) const {
  std::string shown = finder.Shown(place);
  if (finder.roots()[place.root].access != FolderAccess::kWrite) {
    return Error(Code::kDenied,
                 fmt::format("{} may be read, not changed", shown));
  }
  for (const std::string& name : place.names) {
    if (IsProtected(name)) {
      return Error(Code::kDenied,
                   fmt::format("{} is protected ({} holds what runs outside "
                               "the sandbox); ask the user to change it",
                               shown, name));
    }
  }
  return {};
}

WorkspacePath Workspace::State::PathOf(const Place& place) const {
  return {finder.Absolute(place), finder.Shown(place), place.kind};
}

Result<Place> Workspace::State::FindAgain(const WorkspacePath& path) const {
  TRY_ASSIGN(Place place, FindPlace(path.absolute));
  if (finder.Absolute(place) != path.absolute) return Changed(place);
  return place;
}

Error Workspace::State::Changed(const Place& place) const {
  return Error(
      Code::kConflict,
      fmt::format("{} changed meanwhile; read it again", finder.Shown(place)));
}

Result<FileDescriptor> Workspace::State::OpenFile(const Place& place,
                                                  FileStamp* stamp) const {
  std::string shown = finder.Shown(place);
  switch (place.kind) {
    case Kind::kNone:
      return Error(Code::kNotFound, fmt::format("{}: no such file", shown));
    case Kind::kFolder:
      return Error(Code::kInvalid,
                   fmt::format("{} is a folder; list it instead", shown));
    case Kind::kOther:
      return Error(
          Code::kInvalid,
          fmt::format("{} is a device, pipe or socket, not a file", shown));
    case Kind::kFile:
      break;
  }
  if (IsKernelFileSystem(place.folder.get())) {
    return Error(
        Code::kDenied,
        fmt::format("{} belongs to the kernel, not to the workspace", shown));
  }
  FileDescriptor fd(
      openat(place.folder.get(), place.name().c_str(),
             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!fd.valid()) return Error::FromErrno(errno, shown);
  struct stat status;
  if (fstat(fd.get(), &status) != 0) return Error::FromErrno(errno, shown);
  if (!S_ISREG(status.st_mode)) return Changed(place);
  *stamp = StampOf(status);
  return fd;
}

Result<WorkspacePath> Workspace::Find(std::string_view path) const {
  TRY_ASSIGN(Place place, state_->FindPlace(path));
  return state_->PathOf(place);
}

bool Workspace::IsShown(std::string_view absolute) const {
  size_t slash = absolute.rfind('/');
  if (slash == std::string_view::npos) return false;
  std::string_view folder = absolute.substr(0, std::max<size_t>(slash, 1));
  Result<Place> place = state_->FindPlace(folder);
  if (!place.ok() || state_->finder.Absolute(*place) != folder) return false;
  place->names.emplace_back(absolute.substr(slash + 1));
  return state_->HiddenBy(*place) == nullptr;
}

Status Workspace::CheckWritable(const WorkspacePath& path) const {
  TRY_ASSIGN(Place place, state_->FindAgain(path));
  return state_->CheckWritable(place);
}

Result<WorkspaceFile> Workspace::Read(std::string_view path) const {
  TRY_ASSIGN(Place place, state_->FindPlace(path));
  WorkspaceFile file;
  TRY_ASSIGN(FileDescriptor fd, state_->OpenFile(place, &file.stamp));
  file.path = state_->PathOf(place);
  size_t bytes_max = limits().file_bytes_max;
  Error too_large(Code::kTooLarge,
                  fmt::format("{} has {} bytes; at most {} are read here",
                              file.path.shown, file.stamp.size, bytes_max));
  if (file.stamp.size > bytes_max) return too_large;
  file.bytes.resize(file.stamp.size + 1);
  size_t size = 0;
  while (true) {
    ssize_t n =
        read(fd.get(), file.bytes.data() + size, file.bytes.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Error::FromErrno(errno, "read " + file.path.shown);
    if (n == 0) break;
    size += static_cast<size_t>(n);
    if (size > bytes_max) return too_large;
    if (size == file.bytes.size()) file.bytes.resize(size * 2);
  }
  file.bytes.resize(size);
  return file;
}

std::optional<FileStamp> Workspace::Stamp(const WorkspacePath& path) const {
  Result<Place> place = state_->FindAgain(path);
  if (!place.ok() || place->kind != Kind::kFile) return std::nullopt;
  return StampOf(place->status);
}

Status Workspace::State::MakeFolders(Place* place) const {
  while (place->missing > 1) {
    const std::string& name =
        place->names[place->names.size() - place->missing];
    if (mkdirat(place->folder.get(), name.c_str(), 0777) != 0 &&
        errno != EEXIST) {
      return Error::FromErrno(errno, "make folder " + finder.Shown(*place));
    }
    FileDescriptor next(openat(place->folder.get(), name.c_str(),
                               O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!next.valid()) return Changed(*place);
    place->folder = std::move(next);
    --place->missing;
  }
  return {};
}

Result<FileDescriptor> Workspace::State::MakeBeside(const Place& place,
                                                    mode_t mode,
                                                    std::string* name) {
  while (true) {
    *name = fmt::format(".cofferdam-{}-{}.tmp", getpid(), ++last_beside);
    FileDescriptor fd(
        openat(place.folder.get(), name->c_str(),
               O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (fd.valid()) return fd;
    if (errno != EEXIST)
      return Error::FromErrno(errno, "write beside " + finder.Shown(place));
  }
}

Result<FileStamp> Workspace::State::WriteNew(const Place& place,
                                             std::string_view bytes) {
  std::string shown = finder.Shown(place);
  std::string beside;
  TRY_ASSIGN(FileDescriptor fd, MakeBeside(place, 0666, &beside));
  int folder = place.folder.get();
  struct stat status;
  Status done = WriteBytes(fd.get(), bytes, shown);
  if (done.ok() && fdatasync(fd.get()) != 0)
    done = Error::FromErrno(errno, "write " + shown);
  if (done.ok() &&
      Rename(folder, beside, folder, place.name(), RENAME_NOREPLACE) != 0) {
    // Some file systems cannot; a hard link never replaces either.
    int error = errno;
    if (error == EINVAL &&
        linkat(folder, beside.c_str(), folder, place.name().c_str(), 0) == 0) {
      unlinkat(folder, beside.c_str(), 0);
    } else {
      done = error == EEXIST || errno == EEXIST
                 ? Changed(place)
                 : Error::FromErrno(errno, "write " + shown);
    }
  }
  if (done.ok() && fstat(fd.get(), &status) != 0)
    return Error::FromErrno(errno, "write " + shown);
  if (!done.ok()) {
    unlinkat(folder, beside.c_str(), 0);
    return done.error();
  }
  return StampOf(status);
}

// Puts `beside` at the place if what stood there is what was expected: both
// change names in one step, and only then is looked at what came out. `beside`
// is gone afterwards, unless it holds what could not be put back.
Status Workspace::State::Swap(const Place& place, const std::string& beside,
                              const FileStamp& expected) {
  int folder = place.folder.get();
  FileDescriptor lock = LockNames(folder);
  struct stat status;
  Status done;
  if (Rename(folder, beside, folder, place.name(), RENAME_EXCHANGE) == 0) {
    if (fstatat(folder, beside.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !SameBytes(StampOf(status), expected)) {
      if (Rename(folder, beside, folder, place.name(), RENAME_EXCHANGE) != 0)
        return Error::FromErrno(errno, "put back " + finder.Shown(place));
      done = Changed(place);
    }
  } else if (errno == ENOENT) {
    done = Changed(place);
  } else if (errno != EINVAL && errno != ENOSYS) {
    done = Error::FromErrno(errno, "write " + finder.Shown(place));
  } else if (fstatat(folder, place.name().c_str(), &status,
                     AT_SYMLINK_NOFOLLOW) != 0 ||
             !SameBytes(StampOf(status), expected)) {
    // A file system that cannot exchange: look, then rename.
    done = Changed(place);
  } else if (Rename(folder, beside, folder, place.name(), 0) != 0) {
    done = Error::FromErrno(errno, "write " + finder.Shown(place));
  }
  unlinkat(folder, beside.c_str(), 0);
  return done;
}

Result<FileStamp> Workspace::State::Replace(const Place& place,
                                            std::string_view bytes,
                                            const FileStamp& expected) {
  std::string shown = finder.Shown(place);
  FileStamp now;
  TRY_ASSIGN(FileDescriptor old, OpenFile(place, &now));
  if (now != expected) return Changed(place);
  if ((place.status.st_mode & 0222) == 0 ||
      faccessat(place.folder.get(), place.name().c_str(), W_OK, AT_EACCESS) !=
          0) {
    return Error(Code::kDenied,
                 fmt::format("{} is read-only (mode {:04o})", shown,
                             place.status.st_mode & 07777));
  }
  std::string beside;
  TRY_ASSIGN(FileDescriptor fd, MakeBeside(place, 0600, &beside));
  struct stat status = {};
  Status done = WriteBytes(fd.get(), bytes, shown);
  if (done.ok()) {
    CopyIdentity(old.get(), place.status, fd.get());
    if (fdatasync(fd.get()) != 0)
      done = Error::FromErrno(errno, "write " + shown);
  }
  if (!done.ok()) {
    unlinkat(place.folder.get(), beside.c_str(), 0);
    return done.error();
  }
  TRY(Swap(place, beside, expected));
  if (fstat(fd.get(), &status) != 0)
    return Error::FromErrno(errno, "write " + shown);
  return StampOf(status);
}

Result<FileStamp> Workspace::Write(const WorkspacePath& path,
                                   std::string_view bytes,
                                   const std::optional<FileStamp>& expected) {
  TRY_ASSIGN(Place place, state_->FindAgain(path));
  TRY(state_->CheckWritable(place));
  if (bytes.size() > limits().file_bytes_max) {
    return Error(Code::kTooLarge,
                 fmt::format("{} would have {} bytes, at most {}", path.shown,
                             bytes.size(), limits().file_bytes_max));
  }
  if (place.kind == Kind::kFolder || place.kind == Kind::kOther) {
    return Error(Code::kInvalid, fmt::format("{} is not a file", path.shown));
  }
  if (expected.has_value()) {
    if (place.kind == Kind::kNone) return state_->Changed(place);
    return state_->Replace(place, bytes, *expected);
  }
  if (place.kind != Kind::kNone) return state_->Changed(place);
  TRY(state_->MakeFolders(&place));
  if (IsKernelFileSystem(place.folder.get()))
    return Error(Code::kDenied, path.shown + " belongs to the kernel");
  return state_->WriteNew(place, bytes);
}

Result<FileStamp> Workspace::Move(const WorkspacePath& from,
                                  const WorkspacePath& to,
                                  const FileStamp& expected) {
  TRY_ASSIGN(Place old, state_->FindAgain(from));
  TRY_ASSIGN(Place place, state_->FindAgain(to));
  TRY(state_->CheckWritable(old));
  TRY(state_->CheckWritable(place));
  if (place.kind != Kind::kNone) {
    return Error(Code::kConflict, fmt::format("{} is there already", to.shown));
  }
  FileStamp now;
  TRY_ASSIGN(FileDescriptor fd, state_->OpenFile(old, &now));
  if (now != expected) return state_->Changed(old);
  TRY(state_->MakeFolders(&place));
  if (Rename(old.folder.get(), old.name(), place.folder.get(), place.name(),
             RENAME_NOREPLACE) != 0) {
    return Error::FromErrno(errno,
                            fmt::format("move {} to {}", from.shown, to.shown));
  }
  struct stat status;
  if (fstatat(place.folder.get(), place.name().c_str(), &status,
              AT_SYMLINK_NOFOLLOW) != 0) {
    return Error::FromErrno(errno, to.shown);
  }
  if (SameBytes(StampOf(status), expected)) return StampOf(status);
  if (Rename(place.folder.get(), place.name(), old.folder.get(), old.name(),
             RENAME_NOREPLACE) != 0) {
    return Error::FromErrno(errno, "put back " + from.shown);
  }
  return state_->Changed(old);
}

Status Workspace::Remove(const WorkspacePath& path, const FileStamp& expected) {
  TRY_ASSIGN(Place place, state_->FindAgain(path));
  TRY(state_->CheckWritable(place));
  FileStamp now;
  TRY_ASSIGN(FileDescriptor fd, state_->OpenFile(place, &now));
  if (now != expected) return state_->Changed(place);
  // Aside first: what is taken away is what was looked at.
  std::string beside;
  TRY_ASSIGN(FileDescriptor empty, state_->MakeBeside(place, 0600, &beside));
  int folder = place.folder.get();
  if (Rename(folder, place.name(), folder, beside, 0) != 0) {
    int error = errno;
    unlinkat(folder, beside.c_str(), 0);
    return Error::FromErrno(error, "remove " + path.shown);
  }
  struct stat status;
  if (fstatat(folder, beside.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
      !SameBytes(StampOf(status), expected)) {
    if (Rename(folder, beside, folder, place.name(), RENAME_NOREPLACE) != 0)
      return Error::FromErrno(errno, "put back " + path.shown);
    return state_->Changed(place);
  }
  if (unlinkat(folder, beside.c_str(), 0) != 0)
    return Error::FromErrno(errno, "remove " + path.shown);
  return {};
}

}  // namespace cofferdam::agent
