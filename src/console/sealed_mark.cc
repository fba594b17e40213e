#include "console/sealed_mark.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <vector>

#include "base/encoding.h"
#include "base/file.h"
#include "console/stores.h"
#include "fingerprint/index.h"
#include "seal/hash.h"

namespace cofferdam::console {
namespace {

constexpr size_t kMarkBytesMax = 4096;
constexpr std::string_view kVersion = "sealed 1 ";

std::string MarkPath(const std::string& folder) {
  return IndexFolder(folder) + "/sealed";
}

struct FolderClose {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

// Names, sizes and times of a ledger's files; none where it cannot be read, and
// an empty one where there is no ledger.
std::optional<std::string> Listing(const std::string& ledger) {
  const std::unique_ptr<DIR, FolderClose> folder(::opendir(ledger.c_str()));
  if (folder == nullptr) {
    return errno == ENOENT ? std::optional<std::string>("") : std::nullopt;
  }
  std::vector<std::string> lines;
  while (const dirent* entry = ::readdir(folder.get())) {
    struct stat status;
    if (::fstatat(::dirfd(folder.get()), entry->d_name, &status,
                  AT_SYMLINK_NOFOLLOW) != 0)
      return std::nullopt;
    if (!S_ISREG(status.st_mode)) continue;
    lines.push_back(fmt::format("{} {} {}.{:09}\n", entry->d_name,
                                status.st_size, status.st_mtim.tv_sec,
                                status.st_mtim.tv_nsec));
  }
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines) all += line;
  return all;
}

std::string MarkOf(const std::string& listing) {
  return std::string(kVersion) + ToHex(seal::Sha256(listing)) + "\n";
}

}  // namespace

void MarkSealed(const std::string& folder, uint64_t last_sequence) {
  const auto index = fingerprint::Index::Open(IndexFolder(folder));
  if (!index.ok() || index->covered() != last_sequence) return;
  const auto listing = Listing(folder + "/ledger");
  if (!listing) return;
  // Not synced: what a power failure leaves of it holds for nothing else.
  const std::string path = MarkPath(folder);
  FileDescriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.valid()) return;
  const std::string mark = MarkOf(*listing);
  if (::write(file.get(), mark.data(), mark.size()) !=
      static_cast<ssize_t>(mark.size()))
    ::unlink(path.c_str());
}

bool IsSealed(const std::string& folder) {
  const auto listing = Listing(folder + "/ledger");
  if (!listing) return false;
  if (listing->empty()) return true;
  const auto mark = ReadFile(MarkPath(folder), kMarkBytesMax);
  return mark.ok() && *mark == MarkOf(*listing);
}

}  // namespace cofferdam::console
