#include "evidence/text_manifest.h"

#include <algorithm>
#include <cstdint>

namespace cofferdam::evidence {
namespace {

constexpr std::string_view kMagic{"C2PATXT\0\1", 9};
constexpr size_t kLengthBytes = 4;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kModelMedia = "rainedAlgorithmicMedia";
// CBOR: a text of at most 23 bytes; one byte of length; two.
constexpr uint8_t kShortText = 0x60;
constexpr uint8_t kText8 = 0x78;
constexpr uint8_t kText16 = 0x79;

uint8_t ByteAt(std::string_view text, size_t at) {
  return at < text.size() ? static_cast<uint8_t>(text[at]) : 0;
}

// U+FE00 to U+FE0F are 0 to 15, U+E0100 to U+E01EF 16 to 255.
std::optional<uint8_t> TakeSelector(std::string_view text, size_t* at) {
  const size_t i = *at;
  const uint8_t third = ByteAt(text, i + 2);
  if (ByteAt(text, i) == 0xEF && ByteAt(text, i + 1) == 0xB8) {
    if (third < 0x80 || third > 0x8F) return std::nullopt;
    *at += 3;
    return static_cast<uint8_t>(third - 0x80);
  }
  const uint8_t fourth = ByteAt(text, i + 3);
  if (ByteAt(text, i) != 0xF3 || ByteAt(text, i + 1) != 0xA0 || third < 0x84 ||
      third > 0x87 || fourth < 0x80 || fourth > 0xBF) {
    return std::nullopt;
  }
  const int value = 16 + (third - 0x84) * 64 + (fourth - 0x80);
  if (value > 255) return std::nullopt;
  *at += 4;
  return static_cast<uint8_t>(value);
}

void AddSelector(uint8_t byte, std::string* out) {
  if (byte < 16) {
    *out += "\xEF\xB8";
    out->push_back(static_cast<char>(0x80 + byte));
    return;
  }
  const int rest = byte - 16;
  *out += "\xF3\xA0";
  out->push_back(static_cast<char>(0x84 + rest / 64));
  out->push_back(static_cast<char>(0x80 + rest % 64));
}

// The CBOR text at `at`; empty for anything else.
std::string TextAt(std::string_view cbor, size_t at) {
  const uint8_t head = ByteAt(cbor, at);
  size_t bytes = 0;
  if (head >= kShortText && head < kText8) {
    bytes = head - kShortText;
    at += 1;
  } else if (head == kText8) {
    bytes = ByteAt(cbor, at + 1);
    at += 2;
  } else if (head == kText16) {
    bytes = size_t{ByteAt(cbor, at + 1)} * 256 + ByteAt(cbor, at + 2);
    at += 3;
  }
  if (at > cbor.size()) return "";
  return std::string(
      cbor.substr(at, std::min(bytes, TextManifest::kGeneratorBytesMax)));
}

// What stands behind the member of that name, if it is a text.
std::string Member(std::string_view cbor, std::string_view name) {
  const size_t at = cbor.find(name);
  return at == std::string_view::npos ? "" : TextAt(cbor, at + name.size());
}

// "claim_generator_info": [{"name": …}] of newer claims, "claim_generator" of
// older ones.
std::string GeneratorOf(std::string_view manifest) {
  const size_t info = manifest.find("claim_generator_info");
  if (info != std::string_view::npos) {
    const std::string name = Member(manifest.substr(info), "dname");
    if (!name.empty()) return name;
  }
  return Member(manifest, "oclaim_generator");
}

}  // namespace

std::optional<TextManifest> ReadTextManifest(std::string_view text, size_t at) {
  TextManifest found;
  found.begin = at;
  if (at >= kByteOrderMark.size() &&
      text.substr(at - kByteOrderMark.size(), kByteOrderMark.size()) ==
          kByteOrderMark) {
    found.begin -= kByteOrderMark.size();
  }
  for (char c : kMagic) {
    const auto byte = TakeSelector(text, &at);
    if (!byte || *byte != static_cast<uint8_t>(c)) return std::nullopt;
  }
  size_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) {
    const auto byte = TakeSelector(text, &at);
    if (!byte) return std::nullopt;
    length = length * 256 + *byte;
  }
  std::string manifest;
  while (manifest.size() < std::min(length, TextManifest::kBytesMax)) {
    const auto byte = TakeSelector(text, &at);
    if (!byte) break;
    manifest.push_back(static_cast<char>(*byte));
  }
  found.end = at;
  found.bytes = manifest.size();
  found.complete = manifest.size() == length;
  found.says_model = manifest.find(kModelMedia) != std::string::npos;
  found.generator = GeneratorOf(manifest);
  return found;
}

std::string WriteTextManifest(std::string_view manifest) {
  std::string out(kByteOrderMark);
  for (char c : kMagic) AddSelector(static_cast<uint8_t>(c), &out);
  for (int shift = 24; shift >= 0; shift -= 8) {
    AddSelector(static_cast<uint8_t>(manifest.size() >> shift), &out);
  }
  for (char c : manifest) AddSelector(static_cast<uint8_t>(c), &out);
  return out;
}

}  // namespace cofferdam::evidence
