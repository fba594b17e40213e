#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "seal/sign.h"

namespace cofferdam::seal {

// A payload with its type and the signatures of one or more keys, as
// attestations are exchanged (DSSE 1.0.2: envelope.md, protocol.md). Everything
// of it may come from anybody until CheckEnvelope says otherwise.
struct Envelope {
  struct Signed {
    // A hint that nobody signed, "NAME+ID" where it is ours; may be empty.
    std::string key_id;
    // 64 bytes if the key is of Ed25519.
    std::string signature;
  };

  static constexpr size_t kBytesMax = size_t{16} << 20;  // of the JSON
  static constexpr size_t kSignaturesMax = 64;

  std::string payload_type;
  std::string payload;
  std::vector<Signed> signatures;
};

// What is signed: type and payload with their lengths, so that nothing that was
// signed as one type can be read as another.
std::string PreAuthentication(std::string_view payload_type,
                              std::string_view payload);

// The envelope as JSON on one line, without a line end. `payload_type` is UTF-8
// and not empty (CHECKed: it is ours).
std::string WriteEnvelope(std::string_view payload_type,
                          std::string_view payload, const SigningKey& key);

// Reads the JSON; base 64 in either alphabet, unknown members passed over.
// kTooLarge or kInvalid, saying which limit or member.
Result<Envelope> ParseEnvelope(std::string_view json);

// That `key` signed this type and payload. The ids in the envelope decide
// nothing. kDenied where none of the signatures is by `key`: it is another
// key's, or something was changed.
Status CheckEnvelope(const Envelope& envelope, const PublicKey& key);

}  // namespace cofferdam::seal
