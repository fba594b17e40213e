#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "evidence/background.h"
#include "evidence/fuse_map.h"

namespace cofferdam::evidence {

// The layout of a background file, docs/formats/background.md. All integers
// are little-endian.

inline constexpr std::string_view kBackgroundMagic = "cfdmback";
inline constexpr size_t kBackgroundHeaderBytes = 1024;
inline constexpr size_t kBackgroundChecksumAt = kBackgroundHeaderBytes - 8;
inline constexpr size_t kBackgroundSectionAt = 96;
inline constexpr size_t kBackgroundSectionBytes = 56;
inline constexpr size_t kBackgroundAlignment = 64;

// The sections in their order: the common k-grams, the prior grams, the token
// model of each family, the sources.
inline constexpr size_t kCommonSection = 0;
inline constexpr size_t kPriorSection = 1;
inline constexpr size_t kModelSection = 2;
inline constexpr size_t kSourcesSection = kModelSection + kFamilyCount;
inline constexpr size_t kBackgroundSections = kSourcesSection + 1;

struct BackgroundSection {
  FuseShape shape;  // all zero for the sources
  uint64_t offset = 0;
  uint64_t size = 0;
  uint64_t checksum = 0;
};

struct BackgroundHeader {
  int64_t date_micros = 0;
  uint64_t projects = 0;
  uint64_t documents = 0;
  uint64_t tokens = 0;
  BackgroundSection sections[kBackgroundSections];
};

std::string EncodeBackgroundHeader(const BackgroundHeader& header);
// Checks magic, version, widths, parameters, checksum, shapes, and that every
// section lies in `file_bytes`.
Result<BackgroundHeader> DecodeBackgroundHeader(std::string_view bytes,
                                                uint64_t file_bytes);

// Both spread the hash first, for winnowing prefers small ones.
inline uint64_t BackgroundKey(uint64_t hash) {
  return (hash * 0x9e3779b97f4a7c15) >> 16;
}

}  // namespace cofferdam::evidence
