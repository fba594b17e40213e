#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "corpus/byte_source.h"
#include "corpus/chunk_internal.h"
#include "corpus/source.h"

namespace cofferdam::corpus {

// The chunks of one file of a corpus, whatever it holds. One thread at a time.
class ChunkStream {
 public:
  virtual ~ChunkStream() = default;
  // As Source::Next; what is wrong with the file is a chunk that passes over
  // it or the rest of it.
  virtual Result<std::optional<Chunk>> Next() = 0;
};

// What the streams of one corpus share.
struct Unpacking {
  SourceOptions options;
  std::shared_ptr<BufferPool> buffers = std::make_shared<BufferPool>();
};

// What a file holds, as far as its name or its first bytes tell.
enum class Format { kText, kJsonLines, kTable };

// By the end of the name; none where it says nothing of a container, so that
// the file is a text.
std::optional<Format> FormatOfName(std::string_view path);

// How many bytes from the begin of a file FormatOfBytes looks at.
inline constexpr size_t kFormatProbeBytes = 8192;
Format FormatOfBytes(std::string_view head);

// The stream for a file of format `format`; none to let its bytes say it.
std::unique_ptr<ChunkStream> Unpack(std::unique_ptr<ByteSource> bytes,
                                    std::shared_ptr<const FilePlace> place,
                                    std::optional<Format> format,
                                    std::shared_ptr<const Unpacking> shared);

// Each reads `bytes` in one way.
std::unique_ptr<ChunkStream> UnpackJsonLines(
    std::unique_ptr<ByteSource> bytes, std::shared_ptr<const FilePlace> place,
    std::shared_ptr<const Unpacking> shared);
std::unique_ptr<ChunkStream> UnpackText(
    std::unique_ptr<ByteSource> bytes, std::shared_ptr<const FilePlace> place,
    std::shared_ptr<const Unpacking> shared);

// Gives a file that is one text.
void GiveText(const FilePlace* place, std::string_view text,
              const RecordVisitor& on_record);

}  // namespace cofferdam::corpus
