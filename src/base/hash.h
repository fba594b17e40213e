#pragma once

#include <cstdint>
#include <string_view>

namespace cofferdam {

// XXH3 64 bit: quick and well mixed, not against an adversary. Stable across
// versions and machines, so it may stand in files.
uint64_t Hash64(std::string_view data);
uint64_t Hash64(std::string_view data, uint64_t seed);

}  // namespace cofferdam
