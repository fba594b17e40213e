#include "seal/hash.h"

#include <openssl/sha.h>

namespace cofferdam::seal {

Digest Sha256(std::string_view data) {
  Digest digest;
  SHA256(reinterpret_cast<const unsigned char*>(data.data()), data.size(),
         digest.data());
  return digest;
}

}  // namespace cofferdam::seal
