#include "corpus/source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "corpus/object_store_internal.h"
#include "corpus/revision_source_internal.h"
#include "corpus/tree_source_internal.h"
#include "corpus/unpack_internal.h"

namespace cofferdam::corpus {
namespace {

std::shared_ptr<const Unpacking> Share(const SourceOptions& options) {
  auto shared = std::make_shared<Unpacking>();
  shared->options = options;
  return shared;
}

class StreamSource final : public Source {
 public:
  StreamSource(std::unique_ptr<ByteSource> bytes, const std::string& path,
               uint64_t bytes_total, std::shared_ptr<const Unpacking> shared)
      : bytes_(bytes.get()), bytes_total_(bytes_total) {
    auto place = std::make_shared<FilePlace>();
    place->path = place->outer = path;
    stream_ = Unpack(PackedFile(std::move(bytes), std::move(place)),
                     std::move(shared));
  }

  Result<std::optional<Chunk>> Next() override {
    TRY_ASSIGN(std::optional<Chunk> chunk, stream_->Next());
    if (chunk) chunk->set_number(chunks_++);
    return chunk;
  }
  uint64_t bytes_total() const override { return bytes_total_; }
  uint64_t bytes_done() const override { return bytes_->bytes_taken(); }
  std::vector<std::string> notices() const override { return {}; }

 private:
  const ByteSource* bytes_;
  uint64_t bytes_total_;
  std::unique_ptr<ChunkStream> stream_;
  uint64_t chunks_ = 0;
};

}  // namespace

bool IsPipe(const std::string& path) {
  if (path == "-") return true;
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
}

Result<std::unique_ptr<Source>> OpenSource(
    const std::vector<std::string>& paths, const SourceOptions& options) {
  for (const std::string& name : options.fields) TRY(FieldPattern::Parse(name));
  if (!options.revision.empty()) return OpenRevisions(paths, Share(options));
  const auto is_object = [](const std::string& path) {
    return path.starts_with(kObjectScheme);
  };
  if (std::any_of(paths.begin(), paths.end(), is_object)) {
    if (!std::all_of(paths.begin(), paths.end(), is_object))
      return Error(Code::kInvalid, "s3:// paths are read alone");
    return OpenObjects(paths, Share(options));
  }
  for (const std::string& path : paths) {
    if (!IsPipe(path)) continue;
    const std::string_view what = path == "-" ? "stdin" : "a pipe";
    if (paths.size() > 1) {
      return Error(
          Code::kInvalid,
          fmt::format("{}: {} is read alone, without paths", path, what));
    }
    FileDescriptor input(path == "-"
                             ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                             : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!input.valid()) {
      return Error::FromErrno(
          errno, fmt::format("read {}", path == "-" ? "stdin" : path));
    }
    return OpenStream(ReadDescriptor(std::move(input)), path, 0, options);
  }
  return OpenTree(paths, Share(options));
}

std::unique_ptr<Source> OpenStream(std::unique_ptr<ByteSource> bytes,
                                   const std::string& path,
                                   uint64_t bytes_total,
                                   const SourceOptions& options) {
  return std::make_unique<StreamSource>(std::move(bytes), path, bytes_total,
                                        Share(options));
}

}  // namespace cofferdam::corpus
