#include "scan/corpus_digest.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>
#include <variant>

#include "base/encoding.h"
#include "base/file.h"
#include "corpus/commits.h"
#include "seal/hash.h"

namespace cofferdam::scan {
namespace {

constexpr size_t kReadBytes = size_t{1} << 20;

Error FileError(int error_number, const std::string& path) {
  return Error::FromErrno(error_number, "digest " + path);
}

Result<std::string> DigestFile(const std::string& path,
                               const std::atomic<bool>* stop,
                               std::string* buffer) {
  FileDescriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return FileError(errno, path);
  buffer->resize(kReadBytes);
  seal::Sha256Stream hash;
  for (;;) {
    if (stop != nullptr && stop->load())
      return Error(Code::kCancelled, "stopped");
    ssize_t got = read(fd.get(), buffer->data(), buffer->size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError(errno, path);
    if (got == 0) return ToHex(hash.Finish());
    hash.Add({buffer->data(), static_cast<size_t>(got)});
  }
}

Result<bool> IsFolder(const std::string& path) {
  struct stat status;
  if (stat(path.c_str(), &status) != 0) return FileError(errno, path);
  if (S_ISDIR(status.st_mode)) return true;
  if (S_ISREG(status.st_mode)) return false;
  return Error(Code::kInvalid,
               fmt::format("digest {}: is no file and no folder", path));
}

// The next regular file of a walk.
std::optional<corpus::Document> NextFile(corpus::TreeWalk* walk) {
  while (auto step = walk->Next()) {
    if (auto* document = std::get_if<corpus::Document>(&*step))
      return std::move(*document);
  }
  return std::nullopt;
}

// Its path below the given one.
std::string_view Below(const std::string& path, std::string_view root) {
  std::string_view below = path;
  if (below.starts_with(root)) below.remove_prefix(root.size());
  while (below.starts_with('/')) below.remove_prefix(1);
  return below;
}

}  // namespace

Result<std::vector<PathDigest>> DigestPaths(
    const std::vector<std::string>& paths, const corpus::TreeLimits& limits,
    const std::atomic<bool>* stop) {
  std::vector<PathDigest> digests;
  std::string buffer;
  for (const std::string& path : paths) {
    TRY_ASSIGN(bool folder, IsFolder(path));
    if (!folder) {
      TRY_ASSIGN(std::string hex, DigestFile(path, stop, &buffer));
      digests.push_back({path, "sha256", std::move(hex)});
      continue;
    }
    TRY_ASSIGN(corpus::TreeWalk walk, corpus::TreeWalk::Open({path}, limits));
    seal::Sha256Stream lines;
    while (auto document = NextFile(&walk)) {
      TRY_ASSIGN(std::string hex, DigestFile(document->path, stop, &buffer));
      // As `sha256sum` prints it.
      lines.Add(fmt::format("{}  {}\n", hex, Below(document->path, path)));
    }
    digests.push_back({path, "dirHash", ToHex(lines.Finish())});
  }
  return digests;
}

Result<std::vector<PathDigest>> DigestRevision(
    const std::vector<std::string>& paths, const std::string& revision,
    corpus::RevisionScope scope) {
  const bool history = scope == corpus::RevisionScope::kHistory;
  std::vector<PathDigest> digests;
  for (const std::string& path : paths) {
    TRY_ASSIGN(std::string id, history ? corpus::CommitAt(path, revision)
                                       : corpus::TreeAt(path, revision));
    digests.push_back({fmt::format("{}@{}", path, revision),
                       history ? "gitCommit" : "gitTree", std::move(id)});
  }
  return digests;
}

Result<std::string> StampPaths(const std::vector<std::string>& paths,
                               const corpus::TreeLimits& limits) {
  seal::Sha256Stream stamp;
  TRY_ASSIGN(corpus::TreeWalk walk, corpus::TreeWalk::Open(paths, limits));
  while (auto document = NextFile(&walk)) {
    struct stat status;
    if (stat(document->path.c_str(), &status) != 0)
      return FileError(errno, document->path);
    stamp.Add(fmt::format("{}\n{} {} {}.{}\n", document->path, status.st_ino,
                          status.st_size, status.st_mtim.tv_sec,
                          status.st_mtim.tv_nsec));
  }
  return ToHex(stamp.Finish());
}

}  // namespace cofferdam::scan
