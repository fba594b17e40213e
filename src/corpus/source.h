#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "corpus/passed_over.h"
#include "corpus/record.h"
#include "corpus/tree.h"

namespace cofferdam::corpus {

class ChunkBody;  // chunk_internal.h: one kind for each container
class ByteSource;

// What a corpus may cost at most; beyond it something is passed over, reported,
// and the rest of the corpus is read.
struct SourceLimits {
  // Of folders, and of files and members that are one text.
  TreeLimits tree;
  // Of one record as written.
  size_t record_bytes_max = size_t{64} << 20;
  // Containers inside of each other: "a.tar.gz!b.tar!c.jsonl.gz" is five.
  size_t containers_max = 8;
  // Files in one container.
  uint64_t members_max = 100'000'000;
  // What one file of the corpus may unpack to: `unpacked_ratio_max` times its
  // own bytes, though always `unpacked_bytes_free`, and never more than
  // `unpacked_bytes_max`.
  uint64_t unpacked_ratio_max = 1'000;
  uint64_t unpacked_bytes_free = uint64_t{64} << 20;
  uint64_t unpacked_bytes_max = uint64_t{16} << 40;
};

// What of a git repository is read.
enum class RevisionScope {
  kTree,     // the files of one revision
  kHistory,  // every blob that the revision's commits reach, each once
};

// What Source::bytes_total() says of a corpus with folders.
enum class TotalBytes {
  kIfKnown,  // 0
  kCount,    // counted by a thread beside the reading, which walks them too
};

struct SourceOptions {
  SourceLimits limits;
  TotalBytes total = TotalBytes::kIfKnown;
  // Names of the fields that hold text, as docs/formats/corpus.md says; empty
  // to find them by themselves. They bind records, not files that are one text.
  std::vector<std::string> fields;
  // A git revision, as git rev-parse reads it: its blobs are read instead of
  // the work tree; the paths are then repositories, bare ones too, or folders
  // in them. A place then has the commit that gave the file these bytes, its
  // author and time; for kTree only where one of the newest
  // kCommitsForTimesMax commits did.
  std::string revision;
  RevisionScope revision_scope = RevisionScope::kTree;
};

inline constexpr size_t kCommitsForTimesMax = 10'000;

// About as many bytes of one file's records, whole records always. A record
// that is longer is a chunk of its own.
inline constexpr size_t kChunkBytes = size_t{1} << 20;
// As many small files of a folder are one chunk, at most.
inline constexpr size_t kChunkFilesMax = 32;
// A container of at most so many bytes on disk is one chunk, unpacked by the
// worker; a larger one is split by the source.
inline constexpr uint64_t kWholeContainerBytesMax = uint64_t{8} << 20;

// Consecutive records of a corpus, or things of it that were passed over, not
// yet parsed: what a source gives and a worker reads. Movable, to be read once
// or dropped, from any thread, before or after its source is gone.
class Chunk {
 public:
  explicit Chunk(std::unique_ptr<const ChunkBody> body);
  Chunk(Chunk&&) noexcept;
  Chunk& operator=(Chunk&&) noexcept;
  ~Chunk();

  // From 0, one more for each chunk of a source. What a number holds depends
  // on the corpus and the options alone.
  uint64_t number() const { return number_; }
  void set_number(uint64_t number) { number_ = number; }
  // What it keeps in memory. A worker that reads it may need more: the largest
  // text file, or a record with its unpacked fields.
  size_t bytes() const;
  // A hash of what tells it from another chunk of its number without reading
  // it: names, sizes, times of files. Of the same corpus it is the same. May
  // ask the system for every file.
  uint64_t shape() const;
  const ChunkBody& body() const { return *body_; }

 private:
  std::unique_ptr<const ChunkBody> body_;
  uint64_t number_ = 0;
};

using RecordVisitor = std::function<void(const Record&)>;
using PassedVisitor = std::function<void(const PassedOver&)>;

// Reads chunks of any source, reusing its memory. One for each worker.
class ChunkReader {
 public:
  explicit ChunkReader(const SourceOptions& options);
  ChunkReader(ChunkReader&&) noexcept;
  ChunkReader& operator=(ChunkReader&&) noexcept;
  ~ChunkReader();

  // Gives all of `chunk` in its order. What is broken, too large or cannot be
  // read is passed over; an Error is a fault of ours or of the machine.
  Status Read(const Chunk& chunk, const RecordVisitor& on_record,
              const PassedVisitor& on_passed);

  // Bytes of all records given so far, and of text files, as they were before
  // parsing and after unpacking.
  uint64_t bytes_read() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// A corpus as a sequence of chunks. Finding, opening, unpacking and splitting
// happen here, parsing in the workers. One thread at a time.
class Source {
 public:
  virtual ~Source() = default;

  // The next chunk, in byte order of paths; none at the end. Files that vanish
  // or break meanwhile are passed over. An Error ends the source.
  virtual Result<std::optional<Chunk>> Next() = 0;

  // Bytes of the files before unpacking: in all, 0 while not known; and of
  // those whose chunks were given or, of folders, read. For progress.
  virtual uint64_t bytes_total() const = 0;
  virtual uint64_t bytes_done() const = 0;

  // What went wrong so far without ending the source, one sentence each.
  virtual std::vector<std::string> notices() const = 0;
};

// Whether the path can be read but once: "-", or a pipe by its name, as a shell
// gives it for <(command).
bool IsPipe(const std::string& path);

// `paths` are files, folders, objects of S3 ("s3://bucket/prefix" for all whose
// names begin so), or alone "-" for stdin or a pipe. kNotFound naming the
// first that does not exist, kInvalid for an empty list and for a field's name
// that cannot be read.
Result<std::unique_ptr<Source>> OpenSource(
    const std::vector<std::string>& paths, const SourceOptions& options);

// A corpus of one file whose bytes come from `bytes`; its name, `path`, tells
// its format, and where it does not, its first bytes do. 0 for an unknown size.
std::unique_ptr<Source> OpenStream(std::unique_ptr<ByteSource> bytes,
                                   const std::string& path,
                                   uint64_t bytes_total,
                                   const SourceOptions& options);

}  // namespace cofferdam::corpus
