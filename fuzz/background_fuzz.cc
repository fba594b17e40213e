// Background files: as they are, and with the header's checksum put right,
// since no content may lead outside the mapping whatever its checksums say.

#include <array>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/hash.h"
#include "evidence/background.h"
#include "evidence/background_format.h"
#include "target.h"

namespace cofferdam::evidence {
namespace {

void Use(const Background& background) {
  const BackgroundInfo info = background.info(0);
  CHECK(background.sources(0).size() <= info.bytes);
  std::vector<uint64_t> normal;
  std::vector<uint8_t> bytes;
  for (uint64_t i = 0; i < 200; ++i) {
    normal.push_back((i * i % 7) << 56 | i % 13);
    bytes.push_back(static_cast<uint8_t>(i * i % 7));
    background.IsCommon(i * 0x9e3779b97f4a7c15, INT64_MAX);
    background.PrefetchCommon(i);
  }
  std::vector<uint8_t> eighths;
  for (int family = 0; family < kFamilyCount; ++family) {
    background.TokenBits(static_cast<Family>(family), bytes, INT64_MAX,
                         &eighths);
    CHECK(eighths.size() == bytes.size());
  }
  std::vector<fingerprint::TokenRange> stretches;
  background.PriorArt(normal, INT64_MAX, &stretches);
  for (const fingerprint::TokenRange& one : stretches) {
    CHECK(one.begin < one.end && one.end <= normal.size());
  }
}

void CheckBackground(std::string_view bytes, Background::Verify verify) {
  const std::array layers = {bytes};
  const auto background = Background::OverBytes(layers, verify);
  if (background.ok()) {
    Use(*background);
  } else {
    CHECK(background.error().code() == Code::kCorrupt ||
          background.error().code() == Code::kInvalid);
  }
}

}  // namespace
}  // namespace cofferdam::evidence

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::evidence::Background;
  using cofferdam::evidence::kBackgroundChecksumAt;
  const std::string_view bytes = cofferdam::FuzzText(data, size);
  cofferdam::evidence::CheckBackground(bytes, Background::Verify::kContents);
  if (size < cofferdam::evidence::kBackgroundHeaderBytes) return 0;
  std::string resigned(bytes);
  const uint64_t checksum =
      cofferdam::Hash64(bytes.substr(0, kBackgroundChecksumAt));
  resigned.replace(kBackgroundChecksumAt, sizeof checksum,
                   reinterpret_cast<const char*>(&checksum), sizeof checksum);
  cofferdam::evidence::CheckBackground(resigned, Background::Verify::kHeader);
  return 0;
}
