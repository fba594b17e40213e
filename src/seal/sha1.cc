#include "seal/sha1.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

#include "base/check.h"

namespace cofferdam::seal {

std::string Sha1Hex(std::string_view data) {
  std::array<unsigned char, 20> digest;
  unsigned size = 0;
  CHECK(EVP_Digest(data.data(), data.size(), digest.data(), &size, EVP_sha1(),
                   nullptr) == 1);
  CHECK(size == digest.size());
  std::string hex;
  for (const unsigned char byte : digest) hex += fmt::format("{:02x}", byte);
  return hex;
}

std::string GitBlobId(std::string_view bytes) {
  std::string object = fmt::format("blob {}", bytes.size());
  object.push_back('\0');
  object += bytes;
  return Sha1Hex(object);
}

}  // namespace cofferdam::seal
