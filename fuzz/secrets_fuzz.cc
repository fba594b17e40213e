// Outputs of models, in which secrets are looked for.

#include <string>

#include "base/check.h"
#include "ledger/secrets.h"
#include "target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::ledger::FindSecrets;
  const std::string_view text = cofferdam::FuzzText(data, size);
  size_t last = 0;
  for (const auto& secret : FindSecrets(text)) {
    CHECK(last <= secret.begin && secret.begin < secret.end);
    CHECK(secret.end <= text.size());
    last = secret.end;
  }
  std::string masked(text);
  const size_t count = cofferdam::ledger::MaskSecrets(&masked);
  CHECK(masked.size() == text.size());
  CHECK(count > 0 || masked == text);
  for (size_t i = 0; i < text.size(); ++i) {
    CHECK(masked[i] == text[i] || masked[i] == 'X');
  }
  return 0;
}
