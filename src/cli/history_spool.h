#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace cofferdam::cli {

// Records that wait on this machine until a gate has taken them, in a file that
// only grows until all of them are gone (docs/formats/spool.md). One process at
// a time. Mode 0600, its folder 0700.
//
// A record is in the file before its Append returns, and leaves it after the
// gate has taken it: a process that is killed in between sends it again.
class HistorySpool {
 public:
  // Of all that waits; beyond it Append is kExhausted.
  static constexpr uint64_t kBytesMax = uint64_t{256} << 20;

  struct Record {
    // Where it was read, for messages; never sent.
    std::string from;
    // JSON without white space.
    std::string json;
  };

  // Makes the folder. What a killed process left half-written is dropped.
  // kConflict when another process holds it.
  static Result<HistorySpool> Open(const std::string& folder,
                                   uint64_t bytes_max = kBytesMax);

  // Durable when this returns.
  Status Append(const std::vector<Record>& records);

  // Calls `send` with records from the oldest on, of at most `bytes` together
  // (or one), at most `records`, until nothing waits or it answers an error,
  // which is the answer. What it was called with before is gone then.
  using Send = std::function<Status(const std::vector<Record>& records)>;
  Status Drain(size_t records_max, size_t bytes_max, const Send& send);

  uint64_t waiting_bytes() const { return end_ - begin_; }
  Result<uint64_t> CountWaiting() const;
  // Records that were damaged and passed over by Drain.
  uint64_t damaged() const { return damaged_; }
  const std::string& path() const { return path_; }

 private:
  HistorySpool(std::string path, FileLock lock, uint64_t bytes_max)
      : path_(std::move(path)), lock_(std::move(lock)), bytes_max_(bytes_max) {}
  Status Recover();
  Status SetBegin(uint64_t begin);

  std::string path_;
  FileLock lock_;
  uint64_t bytes_max_;
  FileDescriptor file_;
  uint64_t begin_ = 0;  // before it all is gone
  uint64_t end_ = 0;
  uint64_t damaged_ = 0;
};

}  // namespace cofferdam::cli
