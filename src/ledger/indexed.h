#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ledger/exchange.h"
#include "wire/types.h"

// What passes between the ledger and its indexer.
namespace cofferdam::ledger {

// SHA-256 of wire::ClaimText of a part.
using ClaimDigest = std::array<uint8_t, 32>;

// An exchange whose output contained a claimed text.
struct ClaimHolder {
  uint64_t sequence = 0;
  std::string contract;

  bool operator==(const ClaimHolder&) const = default;
};

// An exchange that waits to be indexed, with all that is needed for it.
struct PendingExchange {
  Exchange exchange;
  wire::Protocol protocol = wire::Protocol::kAnthropicMessages;
  // The request body; empty if there was none.
  std::string prompt;
  // Texts of exchange.parts, in their order; empty where one cannot be read,
  // and then `notes` says so.
  std::vector<std::string> texts;
  std::vector<std::string> notes;
};

// How many pending exchanges to read at a time; one is read at least.
struct PendingLimits {
  size_t exchanges_max = 1;
  size_t prompt_bytes_max = SIZE_MAX;
};

// What is kept of one part of an output for scanning, in the forms of
// docs/formats: neither holds text.
struct IndexedPart {
  // Its number in exchange.parts.
  uint16_t part = 0;
  // The evidence stream (docs/formats/segment.md), encoded.
  std::string stream;
  // Its fingerprints (docs/formats/ledger.md, "Fingerprints").
  std::string postings;

  bool operator==(const IndexedPart&) const = default;
};

// A text as it is stored: its bytes behind one that says how they are packed.
struct StoredText {
  uint16_t part = 0;
  std::string stored;

  bool operator==(const StoredText&) const = default;
};

// An assistant turn that a prompt held and the ledger lacked.
struct ClaimedTurn {
  // Whole, but for its sequence; route context.
  Exchange exchange;
  // One for each part, in their order; none for one that says nothing.
  std::vector<StoredText> texts;
  std::vector<std::optional<ClaimDigest>> claims;
  std::vector<IndexedPart> indexed;
};

// What the indexer made of one pending exchange.
struct IndexedExchange {
  uint64_t sequence = 0;
  std::vector<IndexedPart> indexed;
  // Texts of the exchange, now compressed: not on the request's path.
  std::vector<StoredText> texts;
  // A turn with the same claims as one that was recorded already is dropped.
  std::vector<ClaimedTurn> claimed;
  std::vector<std::string> context_origins;
  std::vector<std::string> notes;
};

}  // namespace cofferdam::ledger
