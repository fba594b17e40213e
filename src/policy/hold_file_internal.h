#pragma once

#include <cstdint>

namespace cofferdam::policy {

// The state of a slot that is taken, as the file has it.
inline constexpr uint64_t kTakenState = 0x316e656b61742d21;

}  // namespace cofferdam::policy
