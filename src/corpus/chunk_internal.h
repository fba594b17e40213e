#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "corpus/json_record_internal.h"
#include "corpus/source.h"

namespace cofferdam::corpus {

// What a ChunkReader keeps from chunk to chunk.
struct ReaderMemory {
  const SourceOptions& options;
  JsonRecordReader json;
  std::string text;  // of a file that is one text
  uint64_t bytes_read = 0;
};

// What is inside of a Chunk.
class ChunkBody {
 public:
  virtual ~ChunkBody() = default;
  // See ChunkReader::Read. From any thread, one at a time.
  virtual Status Read(ReaderMemory* memory, const RecordVisitor& on_record,
                      const PassedVisitor& on_passed) const = 0;
  virtual size_t bytes() const = 0;
  // See Chunk::shape.
  virtual uint64_t shape() const { return bytes(); }
};

// Memory of a source that goes from chunk to chunk: what a chunk gives back is
// used for the next one.
class Buffer {
 public:
  // Readers look up to so many bytes behind the end, which are any bytes.
  static constexpr size_t kPaddingBytes = 64;

  explicit Buffer(size_t capacity);
  char* data() { return bytes_.get(); }
  const char* data() const { return bytes_.get(); }
  size_t capacity() const { return capacity_; }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t capacity_;
};

// Buffers of kChunkBytes that wait to be used again; from any thread.
class BufferPool {
 public:
  BufferPool();
  // At least `capacity` bytes; back in the pool when the last owner goes.
  std::shared_ptr<Buffer> Take(size_t capacity);

 private:
  struct Shelf;
  std::shared_ptr<Shelf> shelf_;
};

// Of options.fields, which were read when the source was opened.
std::vector<FieldPattern> FieldPatternsOf(const SourceOptions& options);

// `chunk` with `shape`, by which its file is known, mixed into its own.
Chunk WithShape(Chunk chunk, uint64_t shape);

// A chunk that is only something that was passed over.
Chunk PassedOverChunk(PassedOver passed);

// What `error`, met while reading `path`, means for it.
PassedOver PassedOverFor(const std::string& path, const Error& error);

}  // namespace cofferdam::corpus
