#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/codec.h"
#include "base/result.h"
#include "corpus/byte_source.h"
#include "corpus/chunk_internal.h"
#include "corpus/source.h"

namespace cofferdam::corpus {

// The chunks of one file of a corpus, whatever it holds. It keeps the bytes
// that it was made of as long as it lives. One thread at a time.
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

// What one file of the corpus, and all that is inside of it, has unpacked to.
struct UnpackBudget {
  const ByteSource* outermost = nullptr;
  uint64_t unpacked = 0;
};

// A file of a corpus or a member of a container, to be unpacked.
struct Packed {
  std::unique_ptr<ByteSource> bytes;
  std::shared_ptr<const FilePlace> place;
  // Its own path, without the endings of codecs that were decoded: tells the
  // format, and of a text the language.
  std::string name;
  size_t containers = 0;  // around it
  std::shared_ptr<UnpackBudget> budget;
};

// A file of the corpus itself.
Packed PackedFile(std::unique_ptr<ByteSource> bytes,
                  std::shared_ptr<const FilePlace> place);

// What a file holds.
enum class Format { kText, kJsonLines, kJson, kNotebook, kTar, kTable };

// By the end of the name, kText for an unknown one; none where it has no
// ending.
std::optional<Format> FormatOfName(std::string_view path);
// Whether a file of this name is more than one text, perhaps compressed.
bool IsContainerName(std::string_view path);

// How many bytes from the begin of a file FormatOfBytes looks at.
inline constexpr size_t kFormatProbeBytes = 8192;
Format FormatOfBytes(std::string_view head);
// Whether `head` is that of a compressed file or of an archive, which no name
// is needed to know.
bool IsPackedHead(std::string_view head);

// What `packed` is by its first bytes and its name. A codec is taken off: its
// bytes are then those that it decodes to, for another look. Containers are
// counted.
struct Inside {
  std::optional<Codec> codec;
  Format format = Format::kText;  // where there is no codec
};
Inside LookInside(Packed* packed, const SourceLimits& limits);

// The stream for a file, whatever it is.
std::unique_ptr<ChunkStream> Unpack(Packed packed,
                                    std::shared_ptr<const Unpacking> shared);
// Reads all of `packed` at once.
Status ReadPacked(Packed packed, std::shared_ptr<const Unpacking> shared,
                  ReaderMemory* memory, const RecordVisitor& on_record,
                  const PassedVisitor& on_passed);
Status ReadStream(std::unique_ptr<ChunkStream> stream, ReaderMemory* memory,
                  const RecordVisitor& on_record,
                  const PassedVisitor& on_passed);

// Each reads the bytes in one way.
std::unique_ptr<ChunkStream> UnpackText(
    Packed packed, std::shared_ptr<const Unpacking> shared);
std::unique_ptr<ChunkStream> UnpackJsonLines(
    Packed packed, std::shared_ptr<const Unpacking> shared);
std::unique_ptr<ChunkStream> UnpackJson(
    Packed packed, std::shared_ptr<const Unpacking> shared);
std::unique_ptr<ChunkStream> UnpackNotebook(
    Packed packed, std::shared_ptr<const Unpacking> shared);
std::unique_ptr<ChunkStream> UnpackTar(Packed packed,
                                       std::shared_ptr<const Unpacking> shared);

// Whether `block`, 512 bytes, is the header of an archive's member.
bool IsTarHeader(std::string_view block);

// Gives a file that is one text; `name` as in Packed.
void GiveText(const FilePlace* place, std::string_view name,
              std::string_view text, const RecordVisitor& on_record);

}  // namespace cofferdam::corpus
