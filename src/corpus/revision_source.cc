#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>

#include "base/hash.h"
#include "corpus/memory_file.h"
#include "corpus/revision_internal.h"
#include "corpus/revision_source_internal.h"
#include "corpus/text_file.h"

namespace cofferdam::corpus {
namespace {

using Found = std::variant<Blob, PassedOver>;

// What the blobs of one repository have in common.
struct Origin {
  std::string name;  // "REPOSITORY@REVISION:"
  std::string outer;
  std::shared_ptr<const Repository> repository;
  std::shared_ptr<RepositoryPool> pool;
};

// Bytes that are in memory.
class BlobBytes final : public ByteSource {
 public:
  explicit BlobBytes(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<size_t> Read(char* into, size_t bytes_max) override {
    const size_t size = std::min(bytes_max, bytes_.size() - at_);
    std::memcpy(into, bytes_.data() + at_, size);
    at_ += size;
    return size;
  }
  uint64_t bytes_taken() const override { return at_; }

 private:
  std::string bytes_;
  size_t at_ = 0;
};

// Some blobs, unpacked by the worker.
class BlobsBody final : public ChunkBody {
 public:
  BlobsBody(std::vector<Found> found, std::shared_ptr<const Origin> origin,
            std::shared_ptr<const Unpacking> shared,
            std::shared_ptr<std::atomic<uint64_t>> done)
      : found_(std::move(found)),
        origin_(std::move(origin)),
        shared_(std::move(shared)),
        done_(std::move(done)) {}

  Status Read(ReaderMemory* memory, const RecordVisitor& on_record,
              const PassedVisitor& on_passed) const override {
    TRY_ASSIGN(const std::shared_ptr<git_repository> repository,
               origin_->pool->Take());
    for (const Found& found : found_) {
      if (const auto* passed = std::get_if<PassedOver>(&found)) {
        PassedOver named = *passed;
        named.path = origin_->name + named.path;
        on_passed(named);
        continue;
      }
      const Blob& blob = std::get<Blob>(found);
      const auto place = PlaceOf(blob);
      const TextLimits& limits = memory->options.limits.tree.text;
      if (auto passed = ReadBlob(repository.get(), blob.id,
                                 limits.document_bytes_max, &memory->text)) {
        passed->path = place->path;
        on_passed(*passed);
        continue;
      }
      *done_ += memory->text.size();
      TRY(GiveBlob(place, memory, on_record, on_passed));
    }
    return {};
  }
  size_t bytes() const override {
    return sizeof(*this) + found_.size() * sizeof(Found);
  }
  uint64_t shape() const override {
    uint64_t shape = Hash64(origin_->name);
    for (const Found& found : found_) {
      if (const auto* blob = std::get_if<Blob>(&found)) {
        shape = Hash64(
            {reinterpret_cast<const char*>(blob->id.id), sizeof(blob->id.id)},
            shape);
        shape = Hash64(blob->path, shape);
        shape = Hash64(blob->commit, shape);
      } else {
        shape = Hash64(std::get<PassedOver>(found).path, shape);
      }
    }
    return shape;
  }

 private:
  std::shared_ptr<const FilePlace> PlaceOf(const Blob& blob) const {
    auto place = std::make_shared<FilePlace>();
    place->path = origin_->name + blob.path;
    place->outer = origin_->outer;
    place->repository = origin_->repository;
    place->path_in_repository = blob.path;
    place->commit = blob.commit;
    place->author = blob.author;
    place->time_micros = blob.time_micros;
    return place;
  }

  Status GiveBlob(const std::shared_ptr<const FilePlace>& place,
                  ReaderMemory* memory, const RecordVisitor& on_record,
                  const PassedVisitor& on_passed) const {
    if (IsOneText(place->path_in_repository, memory->text)) {
      if (auto passed = CheckText(place->path, memory->text,
                                  memory->options.limits.tree.text)) {
        on_passed(*passed);
        return {};
      }
      memory->bytes_read += memory->text.size();
      GiveText(place.get(), place->path_in_repository, memory->text, on_record);
      return {};
    }
    return ReadPacked(
        PackedFile(std::make_unique<BlobBytes>(std::exchange(memory->text, {})),
                   place),
        shared_, memory, on_record, on_passed);
  }

  std::vector<Found> found_;
  std::shared_ptr<const Origin> origin_;
  std::shared_ptr<const Unpacking> shared_;
  std::shared_ptr<std::atomic<uint64_t>> done_;
};

class RevisionSource final : public Source {
 public:
  RevisionSource(std::vector<std::string> paths,
                 std::shared_ptr<const Unpacking> shared)
      : paths_(std::move(paths)), shared_(std::move(shared)) {}

  // Names the first path that is no repository, or has no such revision.
  Status Check() {
    if (paths_.empty()) return Error(Code::kInvalid, "no repository is given");
    return Begin();
  }

  Result<std::optional<Chunk>> Next() override {
    std::vector<Found> found;
    while (walk_ != nullptr && found.size() < kChunkFilesMax) {
      TRY_ASSIGN(std::optional<Found> next, walk_->Next());
      if (next) {
        found.push_back(*std::move(next));
        continue;
      }
      const std::vector<std::string>& said = walk_->notices();
      notices_.insert(notices_.end(), said.begin(), said.end());
      walk_.reset();
      if (!found.empty()) break;  // a chunk is of one repository
      TRY(Begin());
    }
    if (found.empty()) return std::optional<Chunk>();
    Chunk chunk(
        std::make_unique<BlobsBody>(std::move(found), origin_, shared_, done_));
    chunk.set_number(chunks_++);
    if (walk_ == nullptr) TRY(Begin());
    return std::optional<Chunk>(std::move(chunk));
  }
  uint64_t bytes_total() const override { return 0; }
  uint64_t bytes_done() const override { return *done_; }
  std::vector<std::string> notices() const override { return notices_; }

 private:
  // Opens the next repository, if there is one.
  Status Begin() {
    if (next_path_ == paths_.size()) return {};
    const std::string& path = paths_[next_path_++];
    const SourceOptions& options = shared_->options;
    RevisionLimits limits;
    limits.depth_max = options.limits.tree.depth_max;
    TRY_ASSIGN(walk_, RevisionWalk::Open(path, options.revision,
                                         options.revision_scope, limits));
    auto origin = std::make_shared<Origin>();
    origin->name = path + "@" + options.revision + ":";
    origin->outer = path;
    origin->repository = walk_->repository();
    origin->pool = walk_->pool();
    origin_ = std::move(origin);
    return {};
  }

  std::vector<std::string> paths_;
  std::shared_ptr<const Unpacking> shared_;
  size_t next_path_ = 0;
  std::unique_ptr<RevisionWalk> walk_;
  std::shared_ptr<const Origin> origin_;
  std::vector<std::string> notices_;
  uint64_t chunks_ = 0;
  std::shared_ptr<std::atomic<uint64_t>> done_ =
      std::make_shared<std::atomic<uint64_t>>(0);
};

}  // namespace

Result<std::unique_ptr<Source>> OpenRevisions(
    const std::vector<std::string>& paths,
    std::shared_ptr<const Unpacking> shared) {
  auto source = std::make_unique<RevisionSource>(paths, std::move(shared));
  TRY(source->Check());
  return std::unique_ptr<Source>(std::move(source));
}

}  // namespace cofferdam::corpus
