#include <fcntl.h>
#include <git2/sys/odb_backend.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bitset>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/compress.h"
#include "corpus/loose_objects_internal.h"

namespace cofferdam::corpus {
namespace {

// Before libgit2's own, which have 1 and 2.
constexpr int kPriority = 3;
// "commit 123456\0": longer ones are none.
constexpr size_t kHeaderBytesMax = 32;
constexpr size_t kPieceBytes = size_t{64} << 10;
constexpr size_t kHeaderPieceBytes = 512;
constexpr size_t kFolders = 256;

struct Backend {
  git_odb_backend base = {};  // first: libgit2 knows us by its address
  std::string folder;         // ends with '/'
  std::bitset<kFolders> there;
};

struct Header {
  git_object_t type = GIT_OBJECT_INVALID;
  size_t size = 0;
  size_t length = 0;  // with the NUL
};

std::optional<Header> ParseHeader(std::string_view text) {
  const size_t end = text.substr(0, kHeaderBytesMax).find('\0');
  const size_t space = text.find(' ');
  if (end == std::string_view::npos || space >= end) return std::nullopt;
  Header header;
  header.type = git_object_string2type(std::string(text, 0, space).c_str());
  header.length = end + 1;
  const char* last = text.data() + end;
  const auto [stop, error] =
      std::from_chars(text.data() + space + 1, last, header.size);
  if (header.type == GIT_OBJECT_INVALID || error != std::errc() ||
      stop != last || space + 1 == end) {
    return std::nullopt;
  }
  return header;
}

class File {
 public:
  explicit File(const std::string& path)
      : descriptor_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  bool open_for_reading() const {
    struct stat status;
    return descriptor_ >= 0 && fstat(descriptor_, &status) == 0 &&
           S_ISREG(status.st_mode);
  }
  // Bytes read; 0 at the end or after an error.
  size_t Read(char* to, size_t count) {
    ssize_t n;
    do {
      n = read(descriptor_, to, count);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? 0 : static_cast<size_t>(n);
  }

 private:
  int descriptor_;
};

int Damaged(const git_oid* id) {
  std::array<char, GIT_OID_HEXSZ + 1> hex;
  git_oid_tostr(hex.data(), hex.size(), id);
  git_error_set_str(
      GIT_ERROR_ODB,
      ("loose object " + std::string(hex.data()) + " is damaged").c_str());
  return GIT_ERROR;
}

// The file of an object; empty where there can be none.
std::string PathOf(const Backend& backend, const git_oid* id) {
  if (!backend.there[id->id[0]]) return "";
  std::array<char, GIT_OID_HEXSZ + 2> path;
  git_oid_pathfmt(path.data(), id);
  return backend.folder + std::string(path.data(), GIT_OID_HEXSZ + 1);
}

// What an object unpacks to, header and all: whole, or as far as one piece of
// the file goes.
enum class Extent { kWhole, kHeader };
int Unpack(File* file, const git_oid* id, Extent extent, std::string* text,
           Header* header) {
  std::string piece(extent == Extent::kWhole ? kPieceBytes : kHeaderPieceBytes,
                    '\0');
  StreamDecoder decoder(ContentCoding::kDeflate, SIZE_MAX);
  bool known = false;
  bool excess = false;
  const auto take = [&](std::string_view out) {
    if (excess) return;
    text->append(out);
    if (!known) {
      const auto parsed = ParseHeader(*text);
      known = parsed.has_value();
      if (known) *header = *parsed;
      excess = !known && text->size() >= kHeaderBytesMax;
    }
    excess |= known && text->size() > header->length + header->size;
  };
  size_t n = 0;
  while ((n = file->Read(piece.data(), piece.size())) > 0) {
    if (!decoder.Feed(std::string_view(piece).substr(0, n), take).ok() ||
        excess) {
      return Damaged(id);
    }
    if (extent == Extent::kHeader) return known ? 0 : Damaged(id);
  }
  const bool whole = known && decoder.at_end() &&
                     text->size() == header->length + header->size;
  return whole ? 0 : Damaged(id);
}

// Of the object `id`, if it lies here.
int Load(git_odb_backend* base, const git_oid* id, Extent extent,
         std::string* text, Header* header) {
  const std::string path = PathOf(*reinterpret_cast<Backend*>(base), id);
  if (path.empty()) return GIT_ENOTFOUND;
  File file(path);
  if (!file.open_for_reading()) return GIT_ENOTFOUND;
  return Unpack(&file, id, extent, text, header);
}

int Read(void** data, size_t* size, git_object_t* type, git_odb_backend* base,
         const git_oid* id) {
  std::string text;
  Header header;
  const int failed = Load(base, id, Extent::kWhole, &text, &header);
  if (failed != 0) return failed;
  // One more for the end that libgit2's parsers look for.
  *data = git_odb_backend_data_alloc(base, header.size + 1);
  if (*data == nullptr) return GIT_ERROR;
  std::memcpy(*data, text.data() + header.length, header.size);
  static_cast<char*>(*data)[header.size] = '\0';
  *size = header.size;
  *type = header.type;
  return 0;
}

int ReadHeader(size_t* size, git_object_t* type, git_odb_backend* base,
               const git_oid* id) {
  std::string text;
  Header header;
  const int failed = Load(base, id, Extent::kHeader, &text, &header);
  if (failed != 0) return failed;
  *size = header.size;
  *type = header.type;
  return 0;
}

// Which of the folders 00 to ff there are: in a packed repository few, and
// nothing needs to be asked of the others.
std::bitset<kFolders> FoldersThere(const std::string& folder) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::bitset<kFolders> there;
  for (size_t i = 0; i < kFolders; ++i) {
    const std::string path = folder + kDigits[i >> 4] + kDigits[i & 15];
    there[i] = access(path.c_str(), X_OK) == 0;
  }
  return there;
}

void Free(git_odb_backend* base) { delete reinterpret_cast<Backend*>(base); }

}  // namespace

void GuardLooseObjects(git_repository* repository) {
  git_odb* odb = nullptr;
  if (git_repository_odb(&odb, repository) != 0) return;
  git_buf folder = GIT_BUF_INIT;
  if (git_repository_item_path(&folder, repository,
                               GIT_REPOSITORY_ITEM_OBJECTS) == 0) {
    auto backend = std::make_unique<Backend>();
    git_odb_init_backend(&backend->base, GIT_ODB_BACKEND_VERSION);
    backend->folder = folder.ptr;
    if (!backend->folder.ends_with('/')) backend->folder += '/';
    backend->there = FoldersThere(backend->folder);
    backend->base.read = Read;
    backend->base.read_header = ReadHeader;
    backend->base.free = Free;
    if (git_odb_add_backend(odb, &backend->base, kPriority) == 0)
      static_cast<void>(backend.release());
  }
  git_buf_dispose(&folder);
  git_odb_free(odb);
}

}  // namespace cofferdam::corpus
