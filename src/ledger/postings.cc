#include "ledger/postings.h"

#include <cstring>
#include <limits>

#include "base/encoding.h"

namespace cofferdam::ledger {
namespace {

constexpr char kVersion = 1;
constexpr size_t kHashBytes = 8;
// One varint byte at least, and the hash.
constexpr size_t kEntryBytesMin = 1 + kHashBytes;

Error Corrupt(const char* what) {
  return Error(Code::kCorrupt, std::string("fingerprints: ") + what);
}

}  // namespace

std::string EncodePostings(
    uint32_t tokens,
    std::span<const fingerprint::OutputFingerprint> fingerprints) {
  std::string out(1, kVersion);
  AppendVarint(tokens, &out);
  AppendVarint(fingerprints.size(), &out);
  uint64_t last = 0;
  for (const fingerprint::OutputFingerprint& one : fingerprints) {
    CHECK(one.token >= last && one.token < tokens);
    AppendVarint((one.token - last) << 1 | (one.echo ? 1 : 0), &out);
    AppendBigEndian64(one.hash, &out);
    last = one.token;
  }
  return out;
}

Result<Postings> DecodePostings(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != kVersion) return Corrupt("version");
  bytes.remove_prefix(1);
  const auto tokens = ReadVarint(&bytes);
  const auto count = ReadVarint(&bytes);
  if (!tokens || *tokens > std::numeric_limits<uint32_t>::max()) {
    return Corrupt("number of tokens");
  }
  if (!count || *count > bytes.size() / kEntryBytesMin) {
    return Corrupt("number of fingerprints");
  }
  Postings out;
  out.tokens = static_cast<uint32_t>(*tokens);
  out.fingerprints.reserve(*count);
  uint64_t token = 0;
  for (uint64_t i = 0; i < *count; ++i) {
    const auto step = ReadVarint(&bytes);
    if (!step || bytes.size() < kHashBytes) return Corrupt("cut short");
    if (*step >> 1 >= *tokens || token + (*step >> 1) >= *tokens) {
      return Corrupt("token beyond the part");
    }
    token += *step >> 1;
    out.fingerprints.push_back({ReadBigEndian64(bytes.substr(0, kHashBytes)),
                                static_cast<uint32_t>(token),
                                (*step & 1) != 0});
    bytes.remove_prefix(kHashBytes);
  }
  if (!bytes.empty()) return Corrupt("bytes behind the last");
  return out;
}

}  // namespace cofferdam::ledger
