#include "evidence/background_format.h"

#include <fmt/format.h>

#include <cstring>

#include "base/hash.h"

namespace cofferdam::evidence {
namespace {

constexpr size_t kCountsAt = 16;
constexpr size_t kParametersAt = 64;

template <typename T>
void Put(T value, size_t at, std::string* out) {
  std::memcpy(out->data() + at, &value, sizeof value);
}

template <typename T>
T Get(std::string_view bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

Error Corrupt(std::string what) {
  return {Code::kCorrupt, "background: " + std::move(what)};
}

// What the numbers of the sections mean; another value is another format.
constexpr uint32_t kParameters[] = {static_cast<uint32_t>(fingerprint::kGram),
                                    static_cast<uint32_t>(fingerprint::kWindow),
                                    static_cast<uint32_t>(kCommonProjectsMin),
                                    static_cast<uint32_t>(kPriorGram),
                                    static_cast<uint32_t>(kPriorWindow),
                                    static_cast<uint32_t>(kFamilyCount)};

void PutSection(const BackgroundSection& section, size_t at, std::string* out) {
  Put(section.offset, at, out);
  Put(section.size, at + 8, out);
  Put(section.checksum, at + 16, out);
  Put(section.shape.keys, at + 24, out);
  Put(section.shape.seed, at + 32, out);
  Put(section.shape.segments, at + 40, out);
  Put(section.shape.segment_bits, at + 44, out);
  Put(section.shape.fingerprint_bits, at + 45, out);
  Put(section.shape.value_bits, at + 46, out);
}

BackgroundSection GetSection(std::string_view bytes, size_t at) {
  BackgroundSection section;
  section.offset = Get<uint64_t>(bytes, at);
  section.size = Get<uint64_t>(bytes, at + 8);
  section.checksum = Get<uint64_t>(bytes, at + 16);
  section.shape = {.keys = Get<uint64_t>(bytes, at + 24),
                   .seed = Get<uint64_t>(bytes, at + 32),
                   .segments = Get<uint32_t>(bytes, at + 40),
                   .segment_bits = Get<uint8_t>(bytes, at + 44),
                   .fingerprint_bits = Get<uint8_t>(bytes, at + 45),
                   .value_bits = Get<uint8_t>(bytes, at + 46)};
  return section;
}

}  // namespace

std::string EncodeBackgroundHeader(const BackgroundHeader& header) {
  static_assert(kBackgroundSectionAt +
                    kBackgroundSections * kBackgroundSectionBytes <=
                kBackgroundChecksumAt);
  std::string bytes(kBackgroundHeaderBytes, '\0');
  bytes.replace(0, kBackgroundMagic.size(), kBackgroundMagic);
  Put(kBackgroundVersion, 8, &bytes);
  Put(static_cast<uint32_t>(kBackgroundHeaderBytes), 12, &bytes);
  Put(header.date_micros, kCountsAt, &bytes);
  Put(header.projects, kCountsAt + 8, &bytes);
  Put(header.documents, kCountsAt + 16, &bytes);
  Put(header.tokens, kCountsAt + 24, &bytes);
  for (size_t i = 0; i < std::size(kParameters); ++i) {
    Put(kParameters[i], kParametersAt + 4 * i, &bytes);
  }
  for (size_t i = 0; i < kBackgroundSections; ++i) {
    PutSection(header.sections[i],
               kBackgroundSectionAt + i * kBackgroundSectionBytes, &bytes);
  }
  Put(Hash64(std::string_view(bytes).substr(0, kBackgroundChecksumAt)),
      kBackgroundChecksumAt, &bytes);
  return bytes;
}

Result<BackgroundHeader> DecodeBackgroundHeader(std::string_view bytes,
                                                uint64_t file_bytes) {
  if (bytes.size() < kBackgroundHeaderBytes ||
      !bytes.starts_with(kBackgroundMagic)) {
    return Corrupt("not a background file");
  }
  if (Get<uint32_t>(bytes, 8) != kBackgroundVersion) {
    return Error(Code::kInvalid,
                 fmt::format("background: version {}; this binary reads {}",
                             Get<uint32_t>(bytes, 8), kBackgroundVersion));
  }
  if (Get<uint64_t>(bytes, kBackgroundChecksumAt) !=
      Hash64(bytes.substr(0, kBackgroundChecksumAt))) {
    return Corrupt("checksum of the header differs");
  }
  if (Get<uint32_t>(bytes, 12) != kBackgroundHeaderBytes) {
    return Corrupt("the header has another size");
  }
  for (size_t i = 0; i < std::size(kParameters); ++i) {
    if (Get<uint32_t>(bytes, kParametersAt + 4 * i) != kParameters[i]) {
      return Corrupt("made with other lengths of grams");
    }
  }
  BackgroundHeader header{.date_micros = Get<int64_t>(bytes, kCountsAt),
                          .projects = Get<uint64_t>(bytes, kCountsAt + 8),
                          .documents = Get<uint64_t>(bytes, kCountsAt + 16),
                          .tokens = Get<uint64_t>(bytes, kCountsAt + 24)};
  for (size_t i = 0; i < kBackgroundSections; ++i) {
    BackgroundSection& section = header.sections[i];
    section =
        GetSection(bytes, kBackgroundSectionAt + i * kBackgroundSectionBytes);
    if (section.offset < kBackgroundHeaderBytes ||
        section.offset > file_bytes ||
        section.size > file_bytes - section.offset) {
      return Corrupt(fmt::format("section {} lies outside of the file", i));
    }
    TRY(section.shape.Check());
    if (i != kSourcesSection && section.size != section.shape.bytes()) {
      return Corrupt(fmt::format("section {} has another size", i));
    }
  }
  return header;
}

}  // namespace cofferdam::evidence
