#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/ulid.h"
#include "ledger/exchange.h"
#include "ledger/indexed.h"
#include "wire/types.h"

// Keys and values of the store's families, byte by byte
// (docs/formats/ledger.md). Integers are big-endian, so that keys sort.
namespace cofferdam::ledger {

inline constexpr size_t kSequenceBytes = 8;
inline constexpr size_t kClaimBytes = 32;

std::string SequenceKey(uint64_t sequence);
std::string PartKey(uint64_t sequence, uint16_t part);
std::string_view IdKey(const Ulid& id);  // valid as long as `id`
std::string ClaimKey(const ClaimDigest& digest, uint64_t sequence);

// The number that a key begins with; none when it is too short.
std::optional<uint64_t> SequenceOfKey(std::string_view key);

// Sequences in a value, as `id` and `key` hold them.
std::string SequencesValue(const std::vector<uint64_t>& sequences);
Result<std::vector<uint64_t>> ReadSequences(std::string_view value);

// Under which a second arrival finds the first one; none for an exchange that
// says too little about itself to be told from others: no id of the provider's,
// and no session or no parts.
// `history_id` stands for the parts where it is known.
std::optional<std::string> DedupeKey(const Exchange& exchange,
                                     std::string_view history_id);
// The head of keys under which an exchange is found by what it used, to the
// token; its sequence follows. None for one whose provider reported nothing,
// that says nothing, or that only a prompt told of.
std::optional<std::string> UsageKey(const Exchange& exchange);
// All that went in, cached or not.
int64_t InputTokens(const wire::Usage& usage);
// The same for a turn taken from a prompt: what it claims, in whatever session.
std::string ClaimedTurnKey(const std::vector<ClaimDigest>& claims);

// Texts: one byte says how, 0 as it is, 1 zstd.
std::string RawText(std::string_view text);
// Compressed if it is worth it.
std::string CompressedText(std::string_view text, size_t bytes_min);
// kCorrupt unless it gives exactly `bytes` bytes.
Result<std::string> ReadText(std::string_view value, uint64_t bytes);

// Pending prompts: one byte for the protocol, then the body.
std::string PendingHead(wire::Protocol protocol);
struct PendingPrompt {
  wire::Protocol protocol = wire::Protocol::kAnthropicMessages;
  std::string_view prompt;
};
Result<PendingPrompt> ReadPending(std::string_view value);

// The claim of a part; none when it says nothing.
std::optional<ClaimDigest> ClaimOf(const wire::Part& part);

}  // namespace cofferdam::ledger
