#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "seal/merkle.h"
#include "seal/note.h"
#include "seal/sign.h"

namespace cofferdam::seal {

// What a data folder's two logs were at some time: one statement, so that
// neither can be taken back without the other (docs/formats/checkpoint.md).
struct Checkpoint {
  // The log's name: that of the key that signs it at first.
  std::string origin;
  TreeHead ledger;
  TreeHead audit;
  // When it was made; microseconds since 1970 UTC.
  int64_t time_micros = 0;

  bool operator==(const Checkpoint&) const = default;
};

// The text of the note: C2SP tlog-checkpoint with our extension lines.
std::string CheckpointText(const Checkpoint& checkpoint);
// The signed note as it is printed and published.
std::string SignCheckpoint(const Checkpoint& checkpoint, const SigningKey& key);

// Reads a note's text; kCorrupt names the line. Extension lines that it does
// not know are passed over; those of audit and time must be there, once.
Result<Checkpoint> ParseCheckpoint(std::string_view text);
// ParseNote, CheckNote, ParseCheckpoint.
Result<Checkpoint> OpenCheckpoint(std::string_view note, const PublicKey& key);

}  // namespace cofferdam::seal
