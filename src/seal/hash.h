#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace cofferdam::seal {

using Digest = std::array<uint8_t, 32>;

// SHA-256 (FIPS 180-4).
Digest Sha256(std::string_view data);

// Whether both are equal, in a time that depends on their sizes only.
bool ConstantTimeEqual(std::span<const uint8_t> a, std::span<const uint8_t> b);

}  // namespace cofferdam::seal
