#pragma once

#include <cstdint>
#include <span>

namespace cofferdam::agent {

// Code points from first to last.
struct CodeRange {
  uint32_t first;
  uint32_t last;
};

// Rising and apart. Of no column, and of two.
std::span<const CodeRange> ZeroWidthRanges();
std::span<const CodeRange> WideRanges();

}  // namespace cofferdam::agent
