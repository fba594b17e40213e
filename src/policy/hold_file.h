#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "base/ulid.h"
#include "policy/money.h"

// The file that remembers what is reserved, so that a reservation open when
// the process died is settled by the next one: docs/formats/holds.md.
namespace cofferdam::policy {

// What a record of the exchange needs when nobody lived to write it. Texts are
// views; each is cut to HeldExchange::kTextBytesMax, and all together to what
// a slot holds, the later ones first.
struct HeldExchange {
  static constexpr size_t kTextBytesMax = 255;

  Ulid id;
  int64_t received_micros = 0;
  Amount bound;              // what is held
  int64_t input_tokens = 0;  // that the bound was made of
  int64_t output_tokens = 0;
  uint64_t request_bytes = 0;
  uint8_t protocol = 0;  // wire::Protocol as a number
  uint8_t grade = 0;     // policy::Grade as a number

  std::string_view person;
  std::string_view key;
  std::string_view team;
  std::string_view provider;
  std::string_view upstream;
  std::string_view model;  // as it was asked for
  std::string_view contract;
  std::string_view terms_class;
  std::string_view terms_version;
  std::string_view repo;
  std::string_view purpose;
  std::string_view tool;
  std::string_view tool_version;
  std::string_view session;
  std::string_view commit;
  std::string_view rule;  // that let it pass
};

// Where an exchange stands in the file.
struct HoldSlot {
  uint32_t index = 0;

  bool operator==(const HoldSlot&) const = default;
};

// A hold of an earlier process. The views of `exchange` point into `bytes`.
struct OpenHold {
  HoldSlot slot;
  HeldExchange exchange;
  std::unique_ptr<char[]> bytes;
};

struct OpenHolds {
  std::vector<OpenHold> holds;   // by slot
  std::vector<HoldSlot> broken;  // taken, but not legible: torn by power loss
};

// A file of fixed slots, mapped and allocated on disk in advance. Put and Free
// write to memory that the kernel owns, without a system call but for growth:
// both survive kill -9 at any instant. After power loss the file is as old as
// the kernel's last write-back (about 30 s) unless Sync was called: holds may
// be missing, freed ones may be back (the ledger knows their exchanges), and
// half-written ones are reported as broken. Thread-safe.
class HoldFile {
 public:
  static constexpr uint32_t kHeaderBytes = 24;
  // Where slots begin: a multiple of every size of page there is.
  static constexpr uint32_t kHeaderSpaceBytes = 65'536;
  static constexpr uint32_t kSlotBytes = 1024;
  static constexpr uint32_t kSlotsPerGrowth = 1024;  // 1 MiB
  static constexpr uint32_t kSlotsMax = 1 << 20;     // 1 GiB

  // Opens or makes `path` (0600) for at most `slots_max` (up to kSlotsMax)
  // holds at once; a file that has more keeps them. The caller sees to it that
  // one process alone does so. kCorrupt for a file that is none of ours or of
  // another version: it may hold reservations, so it is left as it is.
  // kExhausted when the disk is full.
  static Result<std::unique_ptr<HoldFile>> Open(const std::string& path,
                                                uint32_t slots_max);
  ~HoldFile();
  HoldFile(const HoldFile&) = delete;
  HoldFile& operator=(const HoldFile&) = delete;

  // What the file held when it was opened. Those slots stay taken until they
  // are freed.
  OpenHolds ReadOpen() const;

  // kExhausted at `slots_max`, or when the disk is full; never a signal.
  Result<HoldSlot> Put(const HeldExchange& exchange);
  void Free(HoldSlot slot);
  // Waits until the slot as it is now is on the disk (for ledger.sync "each").
  Status Sync(HoldSlot slot) const;

  size_t taken() const;
  size_t capacity() const;  // without further growth

 private:
  struct Chunk;

  HoldFile(std::string path, FileDescriptor fd, uint32_t slots_max);
  Status Start();
  // Allocates and maps one more chunk, whose slots may be taken already.
  Status Map();
  char* At(uint32_t index) const;

  const std::string path_;
  const FileDescriptor fd_;
  const uint32_t slots_max_;
  // Fixed places, so that readers need no lock; set once by Map.
  std::array<char*, kSlotsMax / kSlotsPerGrowth> chunks_{};
  mutable std::mutex mutex_;
  // What follows is guarded by it.
  uint32_t chunk_count_ = 0;
  std::vector<uint32_t> free_;
  size_t taken_ = 0;
  std::vector<uint32_t> found_;  // taken when the file was opened
};

// The format, for tests, fuzzing and inspection. A slot's state and bytes:
enum class SlotState { kFree, kTaken, kBroken };
// `slot` has HoldFile::kSlotBytes. When taken, fills `exchange` with views
// into it.
SlotState ReadSlot(std::string_view slot, HeldExchange* exchange);
// Writes everything but the state that makes it taken.
void WriteSlot(const HeldExchange& exchange, char* slot);
// The first HoldFile::kHeaderBytes of the file.
std::string HoldFileHeader();
Status CheckHoldFileHeader(std::string_view header);

}  // namespace cofferdam::policy
