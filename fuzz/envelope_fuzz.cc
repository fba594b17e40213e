// Signed envelopes, which `verify` takes from anybody.

#include <string>

#include "base/check.h"
#include "seal/dsse.h"
#include "target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::seal::CheckEnvelope;
  using cofferdam::seal::ParseEnvelope;
  using cofferdam::seal::SigningKey;
  using cofferdam::seal::WriteEnvelope;
  const std::string_view bytes = cofferdam::FuzzText(data, size);
  static cofferdam::SeededRandom random(1);
  static const SigningKey key = *SigningKey::Make("example", random);
  const auto envelope = ParseEnvelope(bytes);
  if (!envelope.ok()) return 0;
  CHECK(!CheckEnvelope(*envelope, key.public_key()).ok());
  // What is read says the same when it is written.
  const auto again = ParseEnvelope(
      WriteEnvelope(envelope->payload_type, envelope->payload, key));
  CHECK(again.ok() && again->payload == envelope->payload);
  CHECK(CheckEnvelope(*again, key.public_key()).ok());
  return 0;
}
