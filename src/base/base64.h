#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cofferdam {

// Base 64 (RFC 4648).
enum class Base64 {
  kStandard,  // section 4: "+" and "/", padded with "=" to groups of four
  kUrl,       // section 5: "-" and "_", without padding, as JOSE writes it
};

std::string ToBase64(std::span<const uint8_t> bytes, Base64 form);

// The bytes that `text` stands for in exactly the form that ToBase64 writes:
// none for white space, the other alphabet, missing or needless padding, and
// bits that are left over and not zero. So no two texts give the same bytes.
std::optional<std::string> FromBase64(std::string_view text, Base64 form);

}  // namespace cofferdam
