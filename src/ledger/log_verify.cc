#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "ledger/keys_internal.h"
#include "ledger/log_internal.h"
#include "ledger/verify_internal.h"

namespace cofferdam::ledger {
namespace {

// Entries that are read at a time; the store is not held between them.
constexpr size_t kChunk = 256;
// A record that changes while it is read is read again.
constexpr int kReadsMax = 8;

using Entries = std::vector<std::pair<uint64_t, std::string>>;

class LogCheck {
 public:
  LogCheck(const Store& store, const LogQuestion& question,
           uint64_t last_sequence, const seal::CompactTree& expected)
      : store_(store),
        question_(question),
        last_sequence_(last_sequence),
        expected_(expected),
        replaced_(expected.size(), false) {}

  Result<LogReport> Run() {
    report_.head = expected_.head();
    NoteRoot();
    TRY(CheckLeaves());
    TRY(CheckRecords());
    const uint64_t first_versions =
        expected_.size() - std::min(report_.replaced, expected_.size());
    if (report_.ok() && first_versions != report_.exchanges) {
      Differs(
          fmt::format("the log has {} newest versions, the ledger {} "
                      "exchanges",
                      first_versions, report_.exchanges));
    }
    return std::move(report_);
  }

 private:
  void Differs(std::string what) {
    if (++report_.differences_count <= LogReport::kDifferencesMax) {
      report_.differences.push_back(std::move(what));
    }
  }

  void NoteRoot() {
    const auto& sizes = question_.sizes;
    if (std::find(sizes.begin(), sizes.end(), tree_.size()) != sizes.end()) {
      report_.roots[tree_.size()] = tree_.Root();
    }
  }

  // The leaves from `from` on, of those that were there at the beginning.
  Result<Entries> ReadLeaves(uint64_t from) const {
    Entries leaves;
    TRY(store_.Scan(Family::kLog, NodeKey(0, from),
                    [&](std::string_view key, std::string_view value) {
                      const auto place = ReadNodeKey(key);
                      if (!place || place->level != 0 ||
                          place->index >= expected_.size()) {
                        return false;
                      }
                      leaves.emplace_back(place->index, value);
                      return leaves.size() < kChunk;
                    }));
    return leaves;
  }

  Status CheckLeaves() {
    uint64_t next = 0;
    while (next < expected_.size()) {
      TRY_ASSIGN(const Entries leaves, ReadLeaves(next));
      for (const auto& [index, entry] : leaves) {
        if (index != next) break;
        CheckLeaf(index, entry);
        ++next;
      }
      if (!leaves.empty() && leaves.back().first + 1 == next) continue;
      // Without it no root can be made.
      Differs(fmt::format("leaf {} of {} is missing", next, expected_.size()));
      return {};
    }
    if (tree_ != expected_) {
      Differs("the leaves do not give the root that the log goes on from");
    }
    return {};
  }

  void CheckLeaf(uint64_t index, std::string_view entry) {
    tree_.Add(seal::LeafHash(entry));
    NoteRoot();
    const Result<LogLeaf> leaf = ReadLeafEntry(entry);
    if (!leaf.ok()) {
      return Differs(fmt::format("leaf {}: {}", index, leaf.error().message()));
    }
    if (leaf->sequence == 0 || leaf->sequence > last_sequence_) {
      return Differs(
          fmt::format("leaf {} is of exchange {}, and the ledger "
                      "ends with {}",
                      index, leaf->sequence, last_sequence_));
    }
    if (!leaf->previous) return;
    if (*leaf->previous >= index || replaced_[*leaf->previous]) {
      return Differs(fmt::format("leaf {} replaces leaf {}, which it cannot",
                                 index, *leaf->previous));
    }
    replaced_[*leaf->previous] = true;
    ++report_.replaced;
  }

  Status CheckRecords() {
    uint64_t next = 1;
    while (next <= last_sequence_) {
      Entries records;
      TRY(store_.Scan(Family::kExchange, SequenceKey(next),
                      [&](std::string_view key, std::string_view value) {
                        const uint64_t at = SequenceOfKey(key).value_or(0);
                        if (at > last_sequence_) return false;
                        records.emplace_back(at, value);
                        return records.size() < kChunk;
                      }));
      for (const auto& [sequence, record] : records) {
        for (; next < sequence; ++next) Missing(next);
        TRY(CheckRecord(sequence, record));
        ++next;
      }
      if (records.empty()) {
        for (; next <= last_sequence_; ++next) Missing(next);
      }
    }
    return {};
  }

  void Missing(uint64_t sequence) {
    Differs(
        fmt::format("exchange {} is missing, and no purge says so", sequence));
  }

  // The record together with what opens its leaf: they are written together,
  // but read one after the other.
  Result<std::optional<Opening>> ReadTogether(uint64_t sequence,
                                              std::string* record) const {
    TRY_ASSIGN(auto opening, OpeningOf(store_, sequence));
    for (int i = 0; opening && i < kReadsMax; ++i) {
      TRY_ASSIGN(const auto value,
                 store_.Get(Family::kExchange, SequenceKey(sequence)));
      TRY_ASSIGN(auto again, OpeningOf(store_, sequence));
      if (value) *record = *value;
      if (again == opening) break;
      opening = std::move(again);
    }
    return opening;
  }

  Status CheckRecord(uint64_t sequence, std::string record) {
    ++report_.exchanges;
    auto opening = OpeningOf(store_, sequence).value_or(std::nullopt);
    Result<std::string> wrong = CompareWithLeaf(sequence, record, opening);
    if (wrong.ok() && !wrong->empty()) {
      opening = ReadTogether(sequence, &record).value_or(std::nullopt);
      wrong = CompareWithLeaf(sequence, record, opening);
    }
    TRY(wrong);
    if (!wrong->empty()) {
      Differs(fmt::format("exchange {}: {}", sequence, *wrong));
      return {};
    }
    const Result<Exchange> exchange = FromJson(record);
    if (!exchange.ok()) {
      Differs(
          fmt::format("exchange {}: {}", sequence, exchange.error().message()));
      return {};
    }
    NotePurge(*exchange);
    if (exchange->purged != Purged::kNothing ||
        question_.texts == LogQuestion::Texts::kSkip) {
      return {};
    }
    return CheckTexts(*exchange);
  }

  // What does not fit; empty if all does.
  Result<std::string> CompareWithLeaf(
      uint64_t sequence, std::string_view record,
      const std::optional<Opening>& opening) const {
    if (!opening) return std::string("its salt is missing");
    TRY_ASSIGN(const auto entry,
               store_.Get(Family::kLog, NodeKey(0, opening->leaf)));
    if (!entry) return fmt::format("its leaf {} is missing", opening->leaf);
    const Result<LogLeaf> read = ReadLeafEntry(*entry);
    if (!read.ok()) return read.error().message();
    LogLeaf leaf = *read;
    if (leaf.sequence != sequence) {
      return fmt::format("leaf {} is of exchange {}", opening->leaf,
                         leaf.sequence);
    }
    if (leaf.commitment != CommitmentTo(record, opening->salt)) {
      return fmt::format("the record is not the one of its leaf {}",
                         opening->leaf);
    }
    // Back to what was newest when the check began.
    uint64_t newest = opening->leaf;
    while (newest >= replaced_.size()) {
      if (!leaf.previous || *leaf.previous >= newest) {
        return fmt::format("leaf {} is its first, and too late", newest);
      }
      newest = *leaf.previous;
      TRY_ASSIGN(leaf, LeafAt(store_, newest));
    }
    if (leaf.sequence != sequence) {
      return fmt::format("leaf {} is of exchange {}", newest, leaf.sequence);
    }
    if (replaced_[newest]) {
      return fmt::format("the record is an old version, that of leaf {}",
                         newest);
    }
    return std::string();
  }

  void NotePurge(const Exchange& exchange) {
    if (exchange.purged == Purged::kNothing) return;
    ++(exchange.purged == Purged::kTexts ? report_.purged_texts
                                         : report_.purged_records);
    ++report_.purges[exchange.purge_audit];
  }

  Status CheckTexts(const Exchange& exchange) {
    for (size_t i = 0; i < exchange.parts.size(); ++i) {
      TRY_ASSIGN(const bool fits,
                 TextFits(exchange.sequence, i, exchange.parts[i]));
      if (fits) {
        ++report_.texts;
        continue;
      }
      // Purged since the record was read?
      TRY_ASSIGN(const auto value,
                 store_.Get(Family::kExchange, SequenceKey(exchange.sequence)));
      const Result<Exchange> now =
          value ? FromJson(*value) : Error(Code::kCorrupt, "missing");
      if (now.ok() && now->purged != Purged::kNothing) return {};
      Differs(
          fmt::format("exchange {} part {}: its text is missing or not "
                      "the one of the record, and no purge says so",
                      exchange.sequence, i));
    }
    return {};
  }

  Result<bool> TextFits(uint64_t sequence, size_t part,
                        const PartRecord& record) const {
    TRY_ASSIGN(const auto value,
               store_.Get(Family::kText,
                          PartKey(sequence, static_cast<uint16_t>(part))));
    if (!value) return false;
    const Result<std::string> text = ReadText(*value, record.bytes);
    return text.ok() && ToHex(seal::Sha256(*text)) == record.digest;
  }

  const Store& store_;
  const LogQuestion& question_;
  const uint64_t last_sequence_;
  const seal::CompactTree& expected_;
  seal::CompactTree tree_;
  // Whether a later leaf says that it replaces this one.
  std::vector<bool> replaced_;
  LogReport report_;
};

}  // namespace

Result<LogReport> CheckLog(const Store& store, const LogQuestion& question,
                           uint64_t last_sequence,
                           const seal::CompactTree& expected) {
  return LogCheck(store, question, last_sequence, expected).Run();
}

}  // namespace cofferdam::ledger
