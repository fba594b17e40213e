#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// What libFuzzer calls, and fuzz/replay.cc with the files of the corpus. A
// target takes any bytes; it ends the process (CHECK) when a promise of the
// parser is broken, and the sanitizers do when memory is. Returns 0.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace cofferdam {

inline std::string_view FuzzText(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace cofferdam
