#include <atomic>
#include <utility>

#include "base/hash.h"
#include "corpus/object_store_internal.h"
#include "corpus/table_internal.h"

namespace cofferdam::corpus {
namespace {

// An object that was found.
struct FoundObject {
  std::shared_ptr<const ObjectStore> store;
  std::string name;
  std::string path;  // "s3://bucket/name"
  uint64_t bytes = 0;
};

std::shared_ptr<const FilePlace> PlaceOf(const FoundObject& object) {
  auto place = std::make_shared<FilePlace>();
  place->path = place->outer = object.path;
  return place;
}

uint64_t ShapeOf(const FoundObject& object, uint64_t seed) {
  return Hash64(object.path, seed) + object.bytes;
}

// Small objects, fetched and unpacked by the worker.
class ObjectsBody final : public ChunkBody {
 public:
  ObjectsBody(std::vector<FoundObject> objects,
              std::shared_ptr<const Unpacking> shared,
              std::shared_ptr<std::atomic<uint64_t>> done)
      : objects_(std::move(objects)),
        shared_(std::move(shared)),
        done_(std::move(done)) {}

  Status Read(ReaderMemory* memory, const RecordVisitor& on_record,
              const PassedVisitor& on_passed) const override {
    for (const FoundObject& object : objects_) {
      Result<std::unique_ptr<ByteSource>> bytes =
          object.store->Read(object.name);
      if (!bytes.ok()) {
        on_passed(PassedOverFor(object.path, bytes.error()));
        continue;
      }
      TRY(ReadPacked(PackedFile(*std::move(bytes), PlaceOf(object)), shared_,
                     memory, on_record, on_passed));
      *done_ += object.bytes;
    }
    return {};
  }
  size_t bytes() const override {
    return sizeof(*this) + objects_.size() * sizeof(FoundObject);
  }
  uint64_t shape() const override {
    uint64_t shape = objects_.size();
    for (const FoundObject& object : objects_) shape = ShapeOf(object, shape);
    return shape;
  }

 private:
  std::vector<FoundObject> objects_;
  std::shared_ptr<const Unpacking> shared_;
  std::shared_ptr<std::atomic<uint64_t>> done_;
};

class ObjectsSource final : public Source {
 public:
  ObjectsSource(std::vector<FoundObject> objects,
                std::shared_ptr<const Unpacking> shared)
      : objects_(std::move(objects)), shared_(std::move(shared)) {
    for (const FoundObject& object : objects_) bytes_total_ += object.bytes;
  }

  Result<std::optional<Chunk>> Next() override {
    TRY_ASSIGN(std::optional<Chunk> chunk, NextChunk());
    if (chunk) chunk->set_number(chunks_++);
    return chunk;
  }
  uint64_t bytes_total() const override { return bytes_total_; }
  uint64_t bytes_done() const override {
    return *done_ + (bytes_ == nullptr ? 0 : bytes_->bytes_taken());
  }
  std::vector<std::string> notices() const override { return {}; }

 private:
  Result<std::optional<Chunk>> NextChunk() {
    for (;;) {
      if (stream_ != nullptr) {
        TRY_ASSIGN(std::optional<Chunk> chunk, stream_->Next());
        if (chunk)
          return std::optional<Chunk>(WithShape(*std::move(chunk), shape_));
        if (bytes_ != nullptr) *done_ += bytes_->bytes_taken();
        bytes_ = nullptr;
        stream_.reset();
      }
      if (next_ == objects_.size()) return std::optional<Chunk>();
      if (objects_[next_].bytes <= kWholeContainerBytesMax) return TakeSmall();
      shape_ = ShapeOf(objects_[next_], 0);
      if (auto passed = Open(objects_[next_++])) return passed;
    }
  }

  std::optional<Chunk> TakeSmall() {
    std::vector<FoundObject> taken;
    uint64_t bytes = 0;
    while (next_ < objects_.size() && taken.size() < kChunkFilesMax &&
           bytes < kChunkBytes &&
           objects_[next_].bytes <= kWholeContainerBytesMax) {
      bytes += objects_[next_].bytes;
      taken.push_back(std::move(objects_[next_++]));
    }
    return Chunk(
        std::make_unique<ObjectsBody>(std::move(taken), shared_, done_));
  }

  // Sets stream_, or says why not.
  std::optional<Chunk> Open(const FoundObject& object) {
    if (IsTableName(object.name)) {
      auto table = Table::OpenObject(object.store->handle(), object.name);
      if (!table.ok())
        return PassedOverChunk(PassedOverFor(object.path, table.error()));
      stream_ = StreamTable(*std::move(table), PlaceOf(object), shared_, done_);
      return std::nullopt;
    }
    auto bytes = object.store->Read(object.name);
    if (!bytes.ok())
      return PassedOverChunk(PassedOverFor(object.path, bytes.error()));
    bytes_ = bytes->get();
    stream_ = Unpack(PackedFile(*std::move(bytes), PlaceOf(object)), shared_);
    return std::nullopt;
  }

  std::vector<FoundObject> objects_;
  std::shared_ptr<const Unpacking> shared_;
  uint64_t bytes_total_ = 0;
  size_t next_ = 0;
  uint64_t chunks_ = 0;
  std::unique_ptr<ChunkStream> stream_;
  uint64_t shape_ = 0;                 // of the object of stream_
  const ByteSource* bytes_ = nullptr;  // of stream_
  std::shared_ptr<std::atomic<uint64_t>> done_ =
      std::make_shared<std::atomic<uint64_t>>(0);
};

}  // namespace

Result<std::unique_ptr<Source>> OpenObjects(
    const std::vector<std::string>& paths,
    std::shared_ptr<const Unpacking> shared) {
  std::vector<FoundObject> found;
  for (const std::string& path : paths) {
    TRY_ASSIGN(const ObjectPath parsed, ParseObjectPath(path));
    TRY_ASSIGN(const std::shared_ptr<const ObjectStore> store,
               ObjectStore::Open(parsed.bucket));
    Result<std::vector<ObjectStore::Object>> objects = store->List(parsed.name);
    if (!objects.ok()) return std::move(objects).error().Within(path);
    if (objects->empty())
      return Error(Code::kNotFound, path + ": no object's name begins so");
    for (ObjectStore::Object& object : *objects) {
      std::string name = std::string(kObjectScheme) + parsed.bucket + "/";
      name += object.name;
      found.push_back(
          {store, std::move(object.name), std::move(name), object.bytes});
    }
  }
  return std::unique_ptr<Source>(
      std::make_unique<ObjectsSource>(std::move(found), std::move(shared)));
}

}  // namespace cofferdam::corpus
