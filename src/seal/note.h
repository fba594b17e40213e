#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "seal/sign.h"

namespace cofferdam::seal {

// A text with the signatures of one or more keys below it, as transparency
// logs exchange them (C2SP signed-note; docs/formats/checkpoint.md). Everything
// of it may come from anybody until CheckNote says otherwise.
struct Note {
  struct Signed {
    std::string name;
    uint32_t key_id = 0;
    // What stands behind the id; 64 bytes if the key is of Ed25519.
    std::string signature;
  };

  static constexpr size_t kBytesMax = 64 * 1024;
  static constexpr size_t kSignaturesMax = 64;

  // Ends with a line feed.
  std::string text;
  std::vector<Signed> signatures;
};

// `text` with the key's signature: UTF-8 without control characters but line
// feeds, ending with one (CHECKed: it is ours).
std::string WriteNote(std::string_view text, const SigningKey& key);

// kTooLarge or kCorrupt, saying which limit or line.
Result<Note> ParseNote(std::string_view note);

// Errors: kDenied when no signature is by `key`, naming those that are there;
// kCorrupt when one says so and is not.
Status CheckNote(const Note& note, const PublicKey& key);

}  // namespace cofferdam::seal
