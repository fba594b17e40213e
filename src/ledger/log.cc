#include "ledger/log.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "ledger/keys_internal.h"
#include "ledger/log_internal.h"

namespace cofferdam::ledger {
namespace {

constexpr char kEntryVersion = 1;
constexpr size_t kEntryBytes = 1 + 8 + 8 + sizeof(seal::Digest);
constexpr size_t kOpeningBytes = 8 + sizeof(Salt);
constexpr size_t kNodeKeyBytes = 1 + 8;
// Records that are taken in with one batch.
constexpr size_t kTakeInBatch = 1024;

std::string_view ViewOf(const seal::Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

seal::Digest DigestOf(std::string_view bytes) {
  seal::Digest digest;
  CHECK(bytes.size() == digest.size());
  std::copy(bytes.begin(), bytes.end(), digest.begin());
  return digest;
}

Error Damaged(std::string_view what) {
  return Error(Code::kCorrupt, fmt::format("ledger log: {}", what));
}

}  // namespace

seal::Digest CommitmentTo(std::string_view record, const Salt& salt) {
  std::string input;
  input.reserve(salt.size() + record.size());
  input.append(salt.begin(), salt.end()).append(record);
  return seal::Sha256(input);
}

std::string LeafEntry(const LogLeaf& leaf) {
  std::string entry(1, kEntryVersion);
  AppendBigEndian64(leaf.sequence, &entry);
  AppendBigEndian64(leaf.previous ? *leaf.previous + 1 : 0, &entry);
  entry.append(ViewOf(leaf.commitment));
  return entry;
}

Result<LogLeaf> ReadLeafEntry(std::string_view entry) {
  if (entry.size() != kEntryBytes || entry.front() != kEntryVersion) {
    return Damaged("a leaf of unknown form");
  }
  LogLeaf leaf;
  leaf.sequence = ReadBigEndian64(entry.substr(1, 8));
  const uint64_t previous = ReadBigEndian64(entry.substr(9, 8));
  if (previous != 0) leaf.previous = previous - 1;
  leaf.commitment = DigestOf(entry.substr(17));
  return leaf;
}

std::string OpeningValue(const Opening& opening) {
  std::string value;
  AppendBigEndian64(opening.leaf, &value);
  value.append(opening.salt.begin(), opening.salt.end());
  return value;
}

Result<Opening> ReadOpening(std::string_view value) {
  if (value.size() != kOpeningBytes) return Damaged("a salt of unknown form");
  Opening opening;
  opening.leaf = ReadBigEndian64(value.substr(0, 8));
  std::copy(value.begin() + 8, value.end(), opening.salt.begin());
  return opening;
}

std::string NodeKey(int level, uint64_t index) {
  std::string key(1, static_cast<char>(level));
  AppendBigEndian64(index, &key);
  return key;
}

std::optional<NodePlace> ReadNodeKey(std::string_view key) {
  if (key.size() != kNodeKeyBytes) return std::nullopt;
  return NodePlace{static_cast<uint8_t>(key.front()),
                   ReadBigEndian64(key.substr(1))};
}

void AddVersion(uint64_t sequence, std::string_view record,
                std::optional<uint64_t> previous, Random& random,
                seal::CompactTree* tree, Batch* batch) {
  Opening opening;
  opening.leaf = tree->size();
  random.Fill(opening.salt);
  const std::string entry =
      LeafEntry({sequence, previous, CommitmentTo(record, opening.salt)});
  batch->Put(Family::kLog, NodeKey(0, opening.leaf), entry);
  batch->Put(Family::kSalt, SequenceKey(sequence), OpeningValue(opening));
  for (const seal::Node& node : tree->Add(seal::LeafHash(entry))) {
    batch->Put(Family::kLog, NodeKey(node.level, node.index),
               ViewOf(node.hash));
  }
}

Result<std::optional<Opening>> OpeningOf(const Store& store,
                                         uint64_t sequence) {
  TRY_ASSIGN(const auto value, store.Get(Family::kSalt, SequenceKey(sequence)));
  if (!value) return std::optional<Opening>();
  TRY_ASSIGN(const Opening opening, ReadOpening(*value));
  return std::optional(opening);
}

Result<LogLeaf> LeafAt(const Store& store, uint64_t index) {
  TRY_ASSIGN(const auto entry, store.Get(Family::kLog, NodeKey(0, index)));
  if (!entry) return Damaged(fmt::format("leaf {} is missing", index));
  return ReadLeafEntry(*entry);
}

Result<seal::CompactTree> ReadTree(const Store& store, uint64_t size) {
  std::vector<seal::Digest> peaks;
  for (const seal::Node& peak : seal::PeaksOf(size)) {
    TRY_ASSIGN(const auto value,
               store.Get(Family::kLog, NodeKey(peak.level, peak.index)));
    if (!value) {
      return Damaged(
          fmt::format("ends before leaf {}: node {} of level {} is "
                      "missing",
                      size, peak.index, peak.level));
    }
    if (peak.level == 0) {
      peaks.push_back(seal::LeafHash(*value));
    } else if (value->size() == sizeof(seal::Digest)) {
      peaks.push_back(DigestOf(*value));
    } else {
      return Damaged("a node of unknown form");
    }
  }
  return seal::CompactTree::FromPeaks(size, std::move(peaks));
}

Status TakeInOlderRecords(Store* store, Random& random, Totals* totals) {
  if (totals->last_sequence == 0) return {};
  TRY_ASSIGN(const auto last, OpeningOf(*store, totals->last_sequence));
  if (last) return {};
  // So far each of them has exactly one leaf.
  TRY_ASSIGN(seal::CompactTree tree, ReadTree(*store, totals->leaves));
  while (totals->leaves < totals->last_sequence) {
    std::vector<std::pair<uint64_t, std::string>> records;
    TRY(store->Scan(Family::kExchange, SequenceKey(totals->leaves + 1),
                    [&](std::string_view key, std::string_view value) {
                      records.emplace_back(*SequenceOfKey(key), value);
                      return records.size() < kTakeInBatch;
                    }));
    Batch batch(*store);
    for (const auto& [sequence, record] : records) {
      if (sequence != tree.size() + 1) {
        return Error(Code::kCorrupt, fmt::format("ledger: exchange {} is "
                                                 "missing",
                                                 tree.size() + 1));
      }
      AddVersion(sequence, record, std::nullopt, random, &tree, &batch);
    }
    if (records.empty()) return Damaged("records are missing at its end");
    totals->leaves = tree.size();
    batch.Put(Family::kMeta, kTotalsKey, TotalsToJson(*totals));
    TRY(store->Write(std::move(batch), Durability::kInOs));
  }
  return store->Sync();
}

}  // namespace cofferdam::ledger
