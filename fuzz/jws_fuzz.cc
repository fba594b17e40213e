// Signed tokens and key sets, as a provider, or somebody in its name, sends
// them. The first line is a key set, the rest a token.

#include <string>

#include "base/check.h"
#include "seal/jwk.h"
#include "seal/jws.h"
#include "target.h"

namespace cofferdam::seal {
namespace {

constexpr JwsAlgorithm kAll[] = {JwsAlgorithm::kRs256, JwsAlgorithm::kPs256,
                                 JwsAlgorithm::kEs256, JwsAlgorithm::kEdDsa};

void CheckKeys(const JwkSet& set, std::string_view text) {
  CHECK(text.size() <= JwkSet::kBytesMax);
  CHECK(set.keys().size() + set.passed_over() <= JwkSet::kKeysMax);
  for (const Jwk& key : set.keys()) {
    bool serves = false;
    for (JwsAlgorithm algorithm : kAll) {
      serves = serves || key.Fits(algorithm);
      // Nobody signed this.
      CHECK(!key.Verify(algorithm, "", text.substr(0, 600)));
    }
    CHECK(serves);
  }
}

void CheckToken(std::string_view text, const Result<JwkSet>& set) {
  const Result<Jws> jws = Jws::Parse(text);
  if (!jws.ok()) {
    CHECK(jws.error().code() == Code::kInvalid ||
          jws.error().code() == Code::kTooLarge);
    return;
  }
  CHECK(text.size() <= Jws::kBytesMax);
  if (!set.ok()) return;
  const Result<std::string_view> payload = jws->Open(*set);
  if (payload.ok()) return;
  CHECK(payload.error().code() == Code::kNotFound ||
        payload.error().code() == Code::kUnauthenticated);
}

}  // namespace
}  // namespace cofferdam::seal

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = cofferdam::FuzzText(data, size);
  const size_t line = text.find('\n');
  const std::string_view keys = text.substr(0, line);
  const auto set = cofferdam::seal::JwkSet::Parse(keys);
  if (set.ok()) cofferdam::seal::CheckKeys(*set, keys);
  if (line != std::string_view::npos) {
    cofferdam::seal::CheckToken(text.substr(line + 1), set);
  }
  return 0;
}
