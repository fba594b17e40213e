#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"
#include "scan/chunk_result.h"

namespace cofferdam::scan {

// What a scan has done so far, so that it can go on after a kill: the chunks
// that are done, and what was found in them. Format: docs/formats/journal.md.
// Frames are appended with one write each and carry a checksum; a torn last one
// is dropped. Not for several threads.
class Journal {
 public:
  // Frames are written once they are this large or this old, and synced as
  // often as the last says: what a kill costs is that much work.
  static constexpr size_t kFrameBytes = size_t{256} << 10;
  static constexpr int64_t kWriteEveryMs = 1'000;
  static constexpr int64_t kSyncEveryMs = 10'000;
  // A frame is dropped as torn beyond this.
  static constexpr size_t kFrameBytesMax = size_t{1} << 30;

  // Takes what an earlier scan left, a few chunks at a time, in order.
  using OnChunk = std::function<void(ChunkResult result)>;

  // Opens or makes the file (0600), hands out what it holds, and stands behind
  // it. `scan_key` says what is scanned with what: kInvalid for the journal of
  // another scan, kConflict while another process has it open, kCorrupt for a
  // file that is no journal.
  static Result<std::unique_ptr<Journal>> Open(const std::string& path,
                                               std::string_view scan_key,
                                               const Clock& clock,
                                               const OnChunk& on_chunk);
  // Writes what is gathered, but tells nobody of an error and does not sync.
  ~Journal();

  // Chunks that need not be read again.
  uint64_t chunks() const { return chunks_; }
  // A hash over what chunks() chunks were; see Add.
  uint64_t shape() const { return shape_; }

  // Chunk number chunks() is done. `shape` is what tells it from another chunk,
  // such as its size: a corpus whose first chunks() chunks do not give shape()
  // by MixShape is not the one that the journal is of.
  Status Add(const ChunkResult& result, uint64_t shape);
  static uint64_t MixShape(uint64_t before, uint64_t shape);
  // Writes what is gathered, and syncs.
  Status Close();

 private:
  Journal(std::string path, FileDescriptor fd, const Clock& clock)
      : path_(std::move(path)), fd_(std::move(fd)), clock_(clock) {}
  Status Load(std::string_view scan_key, const OnChunk& on_chunk);
  Status Replay(std::string_view frame, const OnChunk& on_chunk);
  Status WriteFrame();

  std::string path_;
  FileDescriptor fd_;
  const Clock& clock_;
  uint64_t chunks_ = 0;
  uint64_t shape_ = 0;
  // What is gathered for the next frame.
  uint64_t frame_chunks_ = 0;
  uint64_t frame_steps_ = 0;
  std::string frame_;  // its steps
  ChunkSums sums_;
  int64_t written_micros_ = 0;
  int64_t synced_micros_ = 0;
};

}  // namespace cofferdam::scan
