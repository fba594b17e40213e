// Credentials and names that users write.

#include <array>
#include <string>

#include "base/check.h"
#include "base/encoding.h"
#include "policy/keys.h"
#include "policy/names.h"
#include "target.h"

namespace cofferdam::policy {
namespace {

// docs/formats/keys.md, as it is written.
std::string ChecksumOf(std::string_view body) {
  const uint32_t crc = Crc32(body);
  const std::array<uint8_t, 4> bytes = {
      static_cast<uint8_t>(crc >> 24), static_cast<uint8_t>(crc >> 16),
      static_cast<uint8_t>(crc >> 8), static_cast<uint8_t>(crc)};
  return ToBase62(bytes, 6);
}

bool IsSecret(std::string_view text) {
  if (text.size() != 53 || text.substr(0, 2) != "cf" || text[3] != '_' ||
      std::string_view("esa").find(text[2]) == std::string_view::npos) {
    return false;
  }
  for (char c : text.substr(4)) {
    if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
          (c >= 'a' && c <= 'z'))) {
      return false;
    }
  }
  return text.substr(47) == ChecksumOf(text.substr(0, 47));
}

void CheckSecret(std::string_view text) {
  const Result<KeyKind> kind = ParseSecret(text);
  CHECK(kind.ok() == IsSecret(text));
  if (kind.ok()) {
    CHECK(KeyKindName(*kind)[0] == text[2]);
    CHECK(DisplayPrefix(text) == text.substr(0, kDisplayPrefixSize));
  } else {
    CHECK(kind.error().code() == Code::kUnauthenticated);
  }
}

void CheckNames(std::string_view text) {
  const Result<std::string> repo = NormaliseRepo(text);
  if (repo.ok()) {
    CHECK(repo->size() <= kRepoBytesMax);
    CHECK(repo->find_first_of("@?# \\\n") == std::string::npos);
    const Result<std::string> again = NormaliseRepo(*repo);
    CHECK(again.ok() && *again == *repo);
  }
  const Result<std::string> email = NormaliseEmail(text);
  if (email.ok()) {
    CHECK(email->size() <= kEmailBytesMax);
    CHECK(email->find('@') == email->rfind('@'));
    const Result<std::string> again = NormaliseEmail(*email);
    CHECK(again.ok() && *again == *email);
  }
  if (CheckTeam(text).ok()) CHECK(CheckPurpose(text).ok());
  if (CheckTeam(text).ok()) CHECK(CheckTool(text).ok());
  if (CheckCommit(text).ok()) CHECK(text.empty() || text.size() >= 7);
}

}  // namespace
}  // namespace cofferdam::policy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = cofferdam::FuzzText(data, size);
  cofferdam::policy::CheckSecret(text);
  // Past the checksum.
  std::string body(text.substr(0, 47));
  cofferdam::policy::CheckSecret(body + cofferdam::policy::ChecksumOf(body));
  cofferdam::policy::CheckNames(text);
  return 0;
}
