#include "policy/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/encoding.h"

namespace cofferdam::policy {
namespace {

constexpr size_t kPrefixSize = 4;
constexpr size_t kRandomSize = 43;
constexpr size_t kChecksumSize = 6;
constexpr size_t kBodySize = kPrefixSize + kRandomSize;
static_assert(kBodySize + kChecksumSize == kSecretSize);

struct KindRow {
  KeyKind kind;
  std::string_view prefix;
  std::string_view name;
};
constexpr KindRow kKinds[] = {
    {KeyKind::kEngineer, "cfe_", "engineer"},
    {KeyKind::kSession, "cfs_", "session"},
    {KeyKind::kAdmin, "cfa_", "admin"},
};

const KindRow& Row(KeyKind kind) {
  const KindRow& row = kKinds[static_cast<size_t>(kind)];
  CHECK(row.kind == kind);
  return row;
}

bool IsDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
         (c >= 'a' && c <= 'z');
}

std::string Checksum(std::string_view body) {
  uint32_t crc = Crc32(body);
  std::array<uint8_t, 4> bytes = {
      static_cast<uint8_t>(crc >> 24), static_cast<uint8_t>(crc >> 16),
      static_cast<uint8_t>(crc >> 8), static_cast<uint8_t>(crc)};
  return ToBase62(bytes, kChecksumSize);
}

Error Malformed(std::string_view why) {
  return Error(Code::kUnauthenticated,
               fmt::format("this is not a Cofferdam key: {}", why));
}

}  // namespace

std::string_view KeyKindName(KeyKind kind) { return Row(kind).name; }

std::string MakeSecret(KeyKind kind, Random& random) {
  std::array<uint8_t, 32> bytes;
  random.Fill(bytes);
  std::string secret(Row(kind).prefix);
  secret += ToBase62(bytes, kRandomSize);
  secret += Checksum(secret);
  return secret;
}

Result<KeyKind> ParseSecret(std::string_view text) {
  const KindRow* row = std::find_if(
      std::begin(kKinds), std::end(kKinds),
      [&](const KindRow& kind) { return text.starts_with(kind.prefix); });
  if (row == std::end(kKinds)) {
    return Malformed("it does not begin with cfe_, cfs_ or cfa_");
  }
  if (text.size() != kSecretSize) {
    return Malformed(fmt::format(
        "it has {} characters instead of {}; was it cut when it was copied?",
        text.size(), kSecretSize));
  }
  if (!std::all_of(text.begin() + kPrefixSize, text.end(), IsDigit)) {
    return Malformed("it holds a character that is no letter or digit");
  }
  if (text.substr(kBodySize) != Checksum(text.substr(0, kBodySize))) {
    return Malformed("its checksum is wrong; was it mistyped?");
  }
  return row->kind;
}

std::string DisplayPrefix(std::string_view secret) {
  return std::string(secret.substr(0, kDisplayPrefixSize));
}

seal::Digest HashSecret(std::string_view secret) {
  return seal::Sha256(secret);
}

}  // namespace cofferdam::policy
