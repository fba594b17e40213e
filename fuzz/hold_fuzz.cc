// A slot and the header of the file of holds.

#include <algorithm>
#include <cstring>
#include <string>

#include "base/check.h"
#include "base/hash.h"
#include "policy/hold_file.h"
#include "policy/hold_file_internal.h"
#include "target.h"

namespace cofferdam::policy {
namespace {

// Reads it, and what is written again is read the same.
void CheckSlot(const std::string& slot) {
  HeldExchange held;
  if (ReadSlot(slot, &held) != SlotState::kTaken) return;
  CHECK(held.bound.micro_dollars >= 0 && held.bound.tokens >= 0);
  for (std::string_view text : {held.person, held.model, held.rule}) {
    CHECK(text.size() <= HeldExchange::kTextBytesMax);
  }
  std::string again(HoldFile::kSlotBytes, '\0');
  WriteSlot(held, again.data());
  std::memcpy(again.data(), &kTakenState, sizeof(kTakenState));
  HeldExchange twice;
  CHECK(ReadSlot(again, &twice) == SlotState::kTaken);
  CHECK(twice.id == held.id && twice.bound == held.bound);
  // Names are UTF-8 where we wrote them, so that only other bytes are cut.
  CHECK(held.person.starts_with(twice.person));
}

void Check(std::string_view bytes) {
  (void)CheckHoldFileHeader(bytes).ok();
  std::string slot(bytes.substr(0, HoldFile::kSlotBytes));
  slot.resize(HoldFile::kSlotBytes);
  CheckSlot(slot);
  // The same with a state and a sum that are right.
  constexpr size_t kBodyAt = 16;
  const size_t size = std::min<size_t>(
      static_cast<unsigned char>(slot[kBodyAt]) +
          size_t{256} * static_cast<unsigned char>(slot[kBodyAt + 1]),
      HoldFile::kSlotBytes - kBodyAt);
  const uint64_t sum = Hash64({slot.data() + kBodyAt, size}, 1);
  std::memcpy(slot.data(), &kTakenState, sizeof(kTakenState));
  std::memcpy(slot.data() + sizeof(kTakenState), &sum, sizeof(sum));
  CheckSlot(slot);
}

}  // namespace
}  // namespace cofferdam::policy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cofferdam::policy::Check(cofferdam::FuzzText(data, size));
  return 0;
}
