#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace cofferdam::seal {

using Digest = std::array<uint8_t, 32>;

// SHA-256 (FIPS 180-4).
Digest Sha256(std::string_view data);

}  // namespace cofferdam::seal
