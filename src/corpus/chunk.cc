#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include "base/hash.h"
#include "corpus/chunk_internal.h"
#include "corpus/passed_over_run_internal.h"
#include "corpus/source.h"

namespace cofferdam::corpus {
namespace {

class PassedOverBody final : public ChunkBody {
 public:
  explicit PassedOverBody(PassedOver passed) : passed_(std::move(passed)) {}
  Status Read(ReaderMemory*, const RecordVisitor&,
              const PassedVisitor& on_passed) const override {
    on_passed(passed_);
    return {};
  }
  size_t bytes() const override { return sizeof(*this); }

 private:
  PassedOver passed_;
};

class ShapedBody final : public ChunkBody {
 public:
  ShapedBody(Chunk chunk, uint64_t shape)
      : chunk_(std::move(chunk)), shape_(shape) {}
  Status Read(ReaderMemory* memory, const RecordVisitor& on_record,
              const PassedVisitor& on_passed) const override {
    return chunk_.body().Read(memory, on_record, on_passed);
  }
  size_t bytes() const override { return chunk_.bytes(); }
  uint64_t shape() const override {
    const std::array<uint64_t, 2> both = {shape_, chunk_.shape()};
    return Hash64({reinterpret_cast<const char*>(both.data()), sizeof(both)});
  }

 private:
  Chunk chunk_;
  uint64_t shape_;
};

}  // namespace

Chunk WithShape(Chunk chunk, uint64_t shape) {
  return Chunk(std::make_unique<ShapedBody>(std::move(chunk), shape));
}

std::vector<FieldPattern> FieldPatternsOf(const SourceOptions& options) {
  std::vector<FieldPattern> patterns;
  for (const std::string& name : options.fields)
    patterns.push_back(FieldPattern::Parse(name).value());
  return patterns;
}

PassedOver TooLongRecord(const SourceLimits& limits) {
  return {"", Reason::kTooLarge,
          fmt::format("at most {} bytes in a record", limits.record_bytes_max)};
}

std::optional<PassedOver> TooLong(std::string_view record,
                                  const SourceLimits& limits) {
  if (record.size() <= limits.record_bytes_max) return std::nullopt;
  return TooLongRecord(limits);
}

Chunk::Chunk(std::unique_ptr<const ChunkBody> body) : body_(std::move(body)) {}
Chunk::Chunk(Chunk&&) noexcept = default;
Chunk& Chunk::operator=(Chunk&&) noexcept = default;
Chunk::~Chunk() = default;

size_t Chunk::bytes() const { return body_->bytes(); }
uint64_t Chunk::shape() const { return body_->shape(); }

struct ChunkReader::State {
  explicit State(const SourceOptions& given)
      : options(given),
        memory{.options = options,
               .json = JsonRecordReader(FieldPatternsOf(options)),
               .text = {}} {}
  const SourceOptions options;
  ReaderMemory memory;
};

ChunkReader::ChunkReader(const SourceOptions& options)
    : state_(std::make_unique<State>(options)) {}
ChunkReader::ChunkReader(ChunkReader&&) noexcept = default;
ChunkReader& ChunkReader::operator=(ChunkReader&&) noexcept = default;
ChunkReader::~ChunkReader() = default;

Status ChunkReader::Read(const Chunk& chunk, const RecordVisitor& on_record,
                         const PassedVisitor& on_passed) {
  return chunk.body().Read(&state_->memory, on_record, on_passed);
}

uint64_t ChunkReader::bytes_read() const { return state_->memory.bytes_read; }

Buffer::Buffer(size_t capacity)
    : bytes_(std::make_unique_for_overwrite<char[]>(capacity + kPaddingBytes)),
      capacity_(capacity) {
  // Read together with the text before it, never looked at.
  std::fill_n(bytes_.get() + capacity, kPaddingBytes, '\0');
}

struct BufferPool::Shelf {
  // More are given back to the system.
  static constexpr size_t kKeptMax = 64;
  std::mutex mutex;
  std::vector<std::unique_ptr<Buffer>> buffers;
};

BufferPool::BufferPool() : shelf_(std::make_shared<Shelf>()) {}

std::shared_ptr<Buffer> BufferPool::Take(size_t capacity) {
  if (capacity > kChunkBytes) return std::make_shared<Buffer>(capacity);
  std::unique_ptr<Buffer> buffer;
  {
    std::lock_guard<std::mutex> lock(shelf_->mutex);
    if (!shelf_->buffers.empty()) {
      buffer = std::move(shelf_->buffers.back());
      shelf_->buffers.pop_back();
    }
  }
  if (buffer == nullptr) buffer = std::make_unique<Buffer>(kChunkBytes);
  return {buffer.release(), [shelf = shelf_](Buffer* given_back) {
            std::unique_ptr<Buffer> owned(given_back);
            std::lock_guard<std::mutex> lock(shelf->mutex);
            if (shelf->buffers.size() < Shelf::kKeptMax)
              shelf->buffers.push_back(std::move(owned));
          }};
}

Chunk PassedOverChunk(PassedOver passed) {
  return Chunk(std::make_unique<PassedOverBody>(std::move(passed)));
}

PassedOver PassedOverFor(const std::string& path, const Error& error) {
  Reason reason = Reason::kUnreadable;
  if (error.code() == Code::kTooLarge) reason = Reason::kBomb;
  if (error.code() == Code::kCorrupt) reason = Reason::kBroken;
  return {path, reason, error.message()};
}

}  // namespace cofferdam::corpus
