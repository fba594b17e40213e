#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/random.h"

namespace cofferdam::ledger {

// When the write-ahead log is forced to the disk. It is in the OS, safe from
// the death of this process, before an append is acknowledged in either mode.
enum class SyncMode {
  kGroup,  // within `sync_interval_ms` of the append: power loss costs those
  kEach,   // before the append is acknowledged
};

// For tests: what the disk says to each write, sync and creation of a file.
class DiskFault {
 public:
  virtual ~DiskFault() = default;
  // 0 = go on; else the errno that the operation fails with (ENOSPC, EIO).
  // `bytes` is 0 for syncs and creations. From several threads.
  virtual int OnWrite(std::string_view file_name, size_t bytes) = 0;
};

struct LedgerOptions {
  SyncMode sync = SyncMode::kGroup;
  int64_t sync_interval_ms = 50;
  // In mode kGroup an append is written by the thread that calls it when nobody
  // else writes. After a write that took longer than this, the ledger's own
  // thread writes for the pause that follows.
  int64_t slow_write_micros = 2'000;
  int64_t slow_write_pause_ms = 1'000;

  // Request bodies on disk that wait for the indexer, in all. Full: Append is
  // kExhausted, AcceptsMore() false.
  uint64_t pending_bytes_max = uint64_t{4} << 30;
  // Drafts that wait in memory for the writer. Full: kExhausted.
  size_t queue_exchanges_max = 4096;
  size_t queue_bytes_max = size_t{256} << 20;
  // One draft, texts and prompt. Larger: kTooLarge.
  size_t draft_bytes_max = size_t{160} << 20;
  // Drafts that the writer puts into one batch; at least one always goes.
  size_t group_exchanges_max = 256;
  size_t group_bytes_max = size_t{8} << 20;

  // RocksDB's own memory and files.
  size_t memtable_bytes_max = size_t{32} << 20;  // all families together
  size_t block_cache_bytes_max = size_t{16} << 20;
  uint64_t wal_bytes_max = uint64_t{256} << 20;
  int open_files_max = 256;

  // Of the salts in the log. Must outlive the ledger; called by one thread at a
  // time.
  Random* random = &SystemRandom();

  std::shared_ptr<DiskFault> disk_fault;
};

}  // namespace cofferdam::ledger
