#include "policy/hold_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "policy/hold_file_internal.h"

namespace cofferdam::policy {
namespace {

static_assert(std::endian::native == std::endian::little,
              "states are written as the machine has them");

constexpr size_t kChunkBytes =
    size_t{HoldFile::kSlotBytes} * HoldFile::kSlotsPerGrowth;

// A slot's first eight bytes, which decide at once whether it is taken.
std::atomic_ref<uint64_t> StateOf(char* slot) {
  return std::atomic_ref<uint64_t>(*reinterpret_cast<uint64_t*>(slot));
}

Error Failed(int error_number, std::string_view action,
             const std::string& path) {
  return Error::FromErrno(error_number, fmt::format("{} {}", action, path));
}

}  // namespace

HoldFile::HoldFile(std::string path, FileDescriptor fd, uint32_t slots_max)
    : path_(std::move(path)), fd_(std::move(fd)), slots_max_(slots_max) {}

HoldFile::~HoldFile() {
  for (uint32_t i = 0; i < chunk_count_; ++i) munmap(chunks_[i], kChunkBytes);
}

Result<std::unique_ptr<HoldFile>> HoldFile::Open(const std::string& path,
                                                 uint32_t slots_max) {
  CHECK(slots_max > 0 && slots_max <= kSlotsMax);
  struct stat info;
  if (stat(path.c_str(), &info) != 0) {
    if (errno != ENOENT) return Failed(errno, "open", path);
    // Whole or not at all, so that no half header can ever be found.
    TRY(WriteFileAtomically(path, HoldFileHeader(), 0600));
  }
  FileDescriptor fd(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd.valid()) return Failed(errno, "open", path);
  std::unique_ptr<HoldFile> file(new HoldFile(path, std::move(fd), slots_max));
  TRY(file->Start());
  return file;
}

Status HoldFile::Start() {
  char header[kHeaderBytes];
  const ssize_t read = pread(fd_.get(), header, sizeof(header), 0);
  if (read < 0) return Failed(errno, "read", path_);
  Status checked = CheckHoldFileHeader({header, static_cast<size_t>(read)});
  if (!checked.ok()) {
    return Error(checked.error().code(),
                 path_ + " " + checked.error().message());
  }
  struct stat info;
  if (fstat(fd_.get(), &info) != 0) return Failed(errno, "open", path_);
  // A growth that was cut short leaves a part of a chunk, with free slots.
  const auto size = static_cast<uint64_t>(info.st_size);
  const uint64_t chunks =
      size <= kHeaderSpaceBytes
          ? 1
          : (size - kHeaderSpaceBytes + kChunkBytes - 1) / kChunkBytes;
  if (chunks > chunks_.size()) {
    return Error(Code::kCorrupt,
                 fmt::format("{} has more than {} slots", path_, kSlotsMax));
  }
  while (chunk_count_ < chunks) TRY(Map());
  return {};
}

Status HoldFile::Map() {
  const off_t begin =
      static_cast<off_t>(kHeaderSpaceBytes) +
      static_cast<off_t>(chunk_count_) * static_cast<off_t>(kChunkBytes);
  // Blocks on the disk now: a write to the mapping never lacks one later.
  int failed = 0;
  do {
    failed = posix_fallocate(fd_.get(), begin, static_cast<off_t>(kChunkBytes));
  } while (failed == EINTR);
  if (failed == EFBIG) failed = ENOSPC;  // a quota of another kind
  if (failed != 0) return Failed(failed, "grow", path_);
  void* mapped = mmap(nullptr, kChunkBytes, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_POPULATE, fd_.get(), begin);
  if (mapped == MAP_FAILED) return Failed(errno, "map", path_);
  const uint32_t first = chunk_count_ * kSlotsPerGrowth;
  chunks_[chunk_count_++] = static_cast<char*>(mapped);
  free_.reserve(size_t{chunk_count_} * kSlotsPerGrowth);
  for (uint32_t i = kSlotsPerGrowth; i-- > 0;) {
    if (StateOf(At(first + i)).load(std::memory_order_acquire) == 0) {
      free_.push_back(first + i);
    } else {
      found_.push_back(first + i);
      ++taken_;
    }
  }
  return {};
}

char* HoldFile::At(uint32_t index) const {
  return chunks_[index / kSlotsPerGrowth] +
         size_t{index % kSlotsPerGrowth} * kSlotBytes;
}

OpenHolds HoldFile::ReadOpen() const {
  std::unique_lock lock(mutex_);
  std::vector<uint32_t> found = found_;
  lock.unlock();
  std::sort(found.begin(), found.end());
  OpenHolds open;
  for (uint32_t index : found) {
    OpenHold hold;
    hold.slot = {index};
    hold.bytes = std::make_unique<char[]>(kSlotBytes);
    std::memcpy(hold.bytes.get(), At(index), kSlotBytes);
    switch (ReadSlot({hold.bytes.get(), kSlotBytes}, &hold.exchange)) {
      case SlotState::kFree:
        break;  // freed since
      case SlotState::kTaken:
        open.holds.push_back(std::move(hold));
        break;
      case SlotState::kBroken:
        open.broken.push_back({index});
        break;
    }
  }
  return open;
}

Result<HoldSlot> HoldFile::Put(const HeldExchange& exchange) {
  std::unique_lock lock(mutex_);
  if (taken_ >= slots_max_) {
    return Error(Code::kExhausted,
                 fmt::format("{} requests run at once, the most that "
                             "reservations are kept for",
                             slots_max_));
  }
  if (free_.empty()) TRY(Map());
  const uint32_t index = free_.back();
  free_.pop_back();
  ++taken_;
  char* slot = At(index);
  lock.unlock();
  WriteSlot(exchange, slot);
  // The kernel has all of it once this is done: killed before, the slot is
  // free; killed after, it is whole.
  StateOf(slot).store(kTakenState, std::memory_order_release);
  return HoldSlot{index};
}

void HoldFile::Free(HoldSlot slot) {
  std::unique_lock lock(mutex_);
  CHECK(slot.index < chunk_count_ * kSlotsPerGrowth);
  const uint64_t before =
      StateOf(At(slot.index)).exchange(0, std::memory_order_seq_cst);
  CHECK(before != 0);
  free_.push_back(slot.index);
  --taken_;
}

Status HoldFile::Sync(HoldSlot slot) const {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  char* begin = At(slot.index);
  char* from = begin - reinterpret_cast<uintptr_t>(begin) % page;
  if (msync(from, static_cast<size_t>(begin - from) + kSlotBytes, MS_SYNC) !=
      0) {
    return Failed(errno, "sync", path_);
  }
  return {};
}

size_t HoldFile::taken() const {
  std::unique_lock lock(mutex_);
  return taken_;
}

size_t HoldFile::capacity() const {
  std::unique_lock lock(mutex_);
  return size_t{chunk_count_} * kSlotsPerGrowth;
}

}  // namespace cofferdam::policy
