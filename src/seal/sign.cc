#include "seal/sign.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "base/base64.h"
#include "base/encoding.h"
#include "base/file.h"
#include "seal/hash.h"

namespace cofferdam::seal {
namespace {

// The only algorithm of signed notes that we know: Ed25519.
constexpr char kEd25519 = 1;
constexpr size_t kKeyBytes = 32;
constexpr std::string_view kPrivatePrefix = "PRIVATE+KEY+";
constexpr size_t kIdDigits = 8;
// A key file is one line of 12 + 256 + 10 + 44 bytes at most.
constexpr size_t kFileBytesMax = 1024;

using KeyBytes = std::array<uint8_t, kKeyBytes>;

struct KeyFree {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, KeyFree>;
struct ContextFree {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, ContextFree>;

const uint8_t* DataOf(std::string_view text) {
  return reinterpret_cast<const uint8_t*>(text.data());
}

KeyHandle PrivateHandle(const KeyBytes& seed) {
  KeyHandle key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                             seed.data(), seed.size()));
  CHECK(key != nullptr);
  return key;
}

Status CheckName(std::string_view name) {
  const bool odd = std::any_of(name.begin(), name.end(), [](char c) {
    return c == '+' || c == 0x7f || static_cast<uint8_t>(c) <= ' ';
  });
  if (name.empty() || name.size() > SigningKey::kNameBytesMax || odd) {
    return Error(Code::kInvalid,
                 fmt::format("signing key: its name must be 1 to {} bytes "
                             "without spaces and \"+\"",
                             SigningKey::kNameBytesMax));
  }
  return {};
}

uint32_t IdOf(std::string_view name, const KeyBytes& public_key) {
  std::string input(name);
  input += '\n';
  input += kEd25519;
  input.append(public_key.begin(), public_key.end());
  const Digest digest = Sha256(input);
  uint32_t id = 0;
  for (int i = 0; i < 4; ++i) id = id << 8 | digest[static_cast<size_t>(i)];
  return id;
}

// NAME+ID+BASE64, of either half.
struct KeyText {
  std::string name;
  std::string id;
  KeyBytes bytes;
};
std::optional<KeyText> ReadKeyText(std::string_view text) {
  const size_t first = text.find('+');
  if (first == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(first + 1);
  if (rest.size() < kIdDigits + 1 || rest[kIdDigits] != '+') {
    return std::nullopt;
  }
  const auto bytes = FromBase64(rest.substr(kIdDigits + 1), Base64::kStandard);
  if (!bytes || bytes->size() != 1 + kKeyBytes || bytes->front() != kEd25519) {
    return std::nullopt;
  }
  KeyText key{std::string(text.substr(0, first)),
              std::string(rest.substr(0, kIdDigits)),
              {}};
  std::copy(bytes->begin() + 1, bytes->end(), key.bytes.begin());
  return key;
}

std::string WriteKeyText(const PublicKey& key, const KeyBytes& bytes) {
  std::string tagged(1, kEd25519);
  tagged.append(bytes.begin(), bytes.end());
  return fmt::format("{}+{:08x}+{}", key.name(), key.id(),
                     ToBase64(AsBytes(tagged), Base64::kStandard));
}

Error NoKey(std::string_view what) {
  return Error(Code::kInvalid, std::string(what));
}

}  // namespace

Result<PublicKey> PublicKey::Parse(std::string_view text) {
  const auto read = ReadKeyText(text);
  if (!read || !CheckName(read->name).ok()) {
    return NoKey("public key: must be NAME+ID+BASE64 of an Ed25519 key");
  }
  PublicKey key(read->name, read->bytes);
  if (fmt::format("{:08x}", key.id()) != read->id) {
    return NoKey("public key: its id does not fit name and key");
  }
  return key;
}

std::string PublicKey::ToText() const { return WriteKeyText(*this, key_); }

uint32_t PublicKey::id() const { return IdOf(name_, key_); }

bool PublicKey::Verifies(std::string_view message,
                         const Signature& signature) const {
  const KeyHandle key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr,
                                                  key_.data(), key_.size()));
  // A key may come from anybody.
  if (key == nullptr) return false;
  const Context context(EVP_MD_CTX_new());
  CHECK(context != nullptr);
  return EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr,
                              key.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                          DataOf(message), message.size()) == 1;
}

Result<SigningKey> SigningKey::FromSeed(std::string_view name,
                                        const KeyBytes& seed) {
  TRY(CheckName(name));
  KeyBytes bytes;
  size_t size = bytes.size();
  CHECK(EVP_PKEY_get_raw_public_key(PrivateHandle(seed).get(), bytes.data(),
                                    &size) == 1);
  CHECK(size == bytes.size());
  return SigningKey(seed, PublicKey(std::string(name), bytes));
}

Result<SigningKey> SigningKey::Make(std::string_view name, Random& random) {
  KeyBytes seed;
  random.Fill(seed);
  return FromSeed(name, seed);
}

Result<SigningKey> SigningKey::Parse(std::string_view text) {
  const Error wrong =
      NoKey("signing key: must be PRIVATE+KEY+NAME+ID+BASE64 of Ed25519");
  if (!text.starts_with(kPrivatePrefix)) return wrong;
  const auto read = ReadKeyText(text.substr(kPrivatePrefix.size()));
  if (!read) return wrong;
  TRY_ASSIGN(SigningKey key, FromSeed(read->name, read->bytes));
  if (fmt::format("{:08x}", key.public_key().id()) != read->id) {
    return NoKey("signing key: its id does not fit name and key");
  }
  return key;
}

std::string SigningKey::ToText() const {
  return std::string(kPrivatePrefix) + WriteKeyText(public_key_, seed_);
}

Result<SigningKey> SigningKey::Open(const std::string& path,
                                    std::string_view prefix, Random& random) {
  struct stat about{};
  if (lstat(path.c_str(), &about) != 0) {
    if (errno != ENOENT) return Error::FromErrno(errno, path);
    std::array<uint8_t, 4> tail;
    random.Fill(tail);
    TRY_ASSIGN(SigningKey key,
               Make(fmt::format("{}-{}", prefix, ToHex(tail)), random));
    TRY(WriteFileAtomically(path, key.ToText() + "\n", 0600));
    return key;
  }
  if (!S_ISREG(about.st_mode) || (about.st_mode & 077) != 0) {
    return Error(Code::kDenied,
                 fmt::format("{}: must be a file that only its owner can read "
                             "(chmod 600)",
                             path));
  }
  TRY_ASSIGN(std::string text, ReadFile(path, kFileBytesMax));
  if (text.ends_with('\n')) text.pop_back();
  Result<SigningKey> key = Parse(text);
  if (!key.ok()) return std::move(key).error().Within(path);
  return key;
}

Signature SigningKey::Sign(std::string_view message) const {
  const KeyHandle key = PrivateHandle(seed_);
  const Context context(EVP_MD_CTX_new());
  CHECK(context != nullptr);
  Signature signature;
  size_t size = signature.size();
  CHECK(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr,
                           key.get()) == 1);
  CHECK(EVP_DigestSign(context.get(), signature.data(), &size, DataOf(message),
                       message.size()) == 1);
  CHECK(size == signature.size());
  return signature;
}

}  // namespace cofferdam::seal
