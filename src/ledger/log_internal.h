#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "ledger/store_internal.h"
#include "ledger/totals_internal.h"
#include "seal/merkle.h"

// The log of the ledger: an RFC 6962 tree with a leaf for each version of each
// record, bytes in docs/formats/ledger.md, "Log". A leaf commits to a record
// under a random salt. Only the newest version's salt is kept, so that of what
// a merge replaced or a purge removed nothing can be guessed.
namespace cofferdam::ledger {

using Salt = std::array<uint8_t, 16>;

// What one leaf says.
struct LogLeaf {
  uint64_t sequence = 0;
  // The leaf of the version before; none for a record's first.
  std::optional<uint64_t> previous;
  seal::Digest commitment = {};

  bool operator==(const LogLeaf&) const = default;
};

// Shows which leaf a record is in and what opens its commitment.
struct Opening {
  uint64_t leaf = 0;
  Salt salt = {};

  bool operator==(const Opening&) const = default;
};

// SHA-256 of `salt` and the record as it is stored.
seal::Digest CommitmentTo(std::string_view record, const Salt& salt);

// The entry that the tree hashes, which is also how the leaf is stored.
std::string LeafEntry(const LogLeaf& leaf);
Result<LogLeaf> ReadLeafEntry(std::string_view entry);  // kCorrupt
std::string OpeningValue(const Opening& opening);
Result<Opening> ReadOpening(std::string_view value);  // kCorrupt

// Key of a node in Family::kLog; leaves are of level 0.
std::string NodeKey(int level, uint64_t index);
// Level and index; none for a key of another length.
struct NodePlace {
  int level = 0;
  uint64_t index = 0;
};
std::optional<NodePlace> ReadNodeKey(std::string_view key);

// Puts the leaf of a version, its opening and the nodes that it completes.
// `previous` is the record's leaf so far.
void AddVersion(uint64_t sequence, std::string_view record,
                std::optional<uint64_t> previous, Random& random,
                seal::CompactTree* tree, Batch* batch);

// None for a record without a leaf.
Result<std::optional<Opening>> OpeningOf(const Store& store, uint64_t sequence);
// kCorrupt when there is none.
Result<LogLeaf> LeafAt(const Store& store, uint64_t index);

// The tree of the first `size` leaves. kCorrupt when a node is missing. Costs a
// read for each bit of `size`.
Result<seal::CompactTree> ReadTree(const Store& store, uint64_t size);

// Gives each record that has none a leaf, in their order: those of a ledger
// that was written before there was a log. `totals` is as it stands in the
// store, and then counts them. What it was interrupted in it goes on with.
Status TakeInOlderRecords(Store* store, Random& random, Totals* totals);

}  // namespace cofferdam::ledger
