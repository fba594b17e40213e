// Signed notes and checkpoints, which `ledger verify` takes from anybody.

#include <string>

#include "base/check.h"
#include "seal/checkpoint.h"
#include "target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::seal::CheckNote;
  using cofferdam::seal::CheckpointText;
  using cofferdam::seal::OpenCheckpoint;
  using cofferdam::seal::ParseCheckpoint;
  using cofferdam::seal::ParseNote;
  using cofferdam::seal::PublicKey;
  using cofferdam::seal::SignCheckpoint;
  using cofferdam::seal::SigningKey;
  const std::string_view bytes = cofferdam::FuzzText(data, size);
  static cofferdam::SeededRandom random(1);
  static const SigningKey key = *SigningKey::Make("example", random);
  const auto note = ParseNote(bytes);
  if (note.ok()) {
    CHECK(note->text.ends_with('\n') && !note->signatures.empty());
    (void)CheckNote(*note, key.public_key());
    const auto checkpoint = ParseCheckpoint(note->text);
    if (checkpoint.ok()) {
      const auto opened =
          OpenCheckpoint(SignCheckpoint(*checkpoint, key), key.public_key());
      CHECK(opened.ok() && *opened == *checkpoint);
    }
  }
  // What is read says the same when it is written.
  const auto checkpoint = ParseCheckpoint(bytes);
  if (checkpoint.ok()) {
    const auto again = ParseCheckpoint(CheckpointText(*checkpoint));
    CHECK(again.ok() && *again == *checkpoint);
  }
  const auto read = PublicKey::Parse(bytes);
  if (read.ok()) CHECK(read->ToText() == bytes);
  return 0;
}
