#include <algorithm>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "policy/audit_leaf_internal.h"
#include "policy/rows_internal.h"

namespace cofferdam::policy {
namespace {

constexpr char kEntryVersion = 1;

void AddField(std::string_view field, std::string* out) {
  AppendBigEndian64(field.size(), out);
  out->append(field);
}

Status WriteAuditTree(Database& writer, const seal::CompactTree& tree) {
  std::vector<uint8_t> peaks;
  for (const seal::Digest& peak : tree.peaks()) {
    peaks.insert(peaks.end(), peak.begin(), peak.end());
  }
  TRY_ASSIGN(Statement put,
             writer.Prepare("INSERT INTO audit_tree (one, size, peaks)"
                            " VALUES (1, ?, ?) ON CONFLICT (one) DO UPDATE"
                            " SET size = excluded.size,"
                            " peaks = excluded.peaks"));
  put.BindInt(1, static_cast<int64_t>(tree.size())).BindBlob(2, peaks);
  return put.Run();
}

// Adds the leaf to the table and to `tree`.
Status PutLeaf(Database& writer, const AuditRow& row, Random& random,
               seal::CompactTree* tree) {
  AuditSalt salt;
  random.Fill(salt);
  const seal::Digest commitment = AuditCommitment(row, salt);
  TRY_ASSIGN(Statement insert,
             writer.Prepare("INSERT INTO audit_leaf (sequence, salt,"
                            " commitment) VALUES (?, ?, ?)"));
  insert.BindInt(1, row.sequence).BindBlob(2, salt).BindBlob(3, commitment);
  TRY(insert.Run());
  tree->Add(seal::LeafHash(AuditEntry(row.sequence, commitment)));
  return {};
}

}  // namespace

seal::Digest AuditCommitment(const AuditRow& row, const AuditSalt& salt) {
  std::string input(salt.begin(), salt.end());
  AppendBigEndian64(static_cast<uint64_t>(row.time_micros), &input);
  for (const std::string* field :
       {&row.id, &row.actor, &row.action, &row.subject, &row.detail}) {
    AddField(*field, &input);
  }
  return seal::Sha256(input);
}

std::string AuditEntry(int64_t sequence, const seal::Digest& commitment) {
  std::string entry(1, kEntryVersion);
  AppendBigEndian64(static_cast<uint64_t>(sequence), &entry);
  entry.append(commitment.begin(), commitment.end());
  return entry;
}

Result<seal::CompactTree> ReadAuditTree(Database& database) {
  TRY_ASSIGN(Statement select,
             database.Prepare("SELECT size, peaks FROM audit_tree"));
  TRY_ASSIGN(const bool row, select.Step());
  if (!row) return seal::CompactTree();
  const std::span<const uint8_t> blob = select.Blob(1);
  std::vector<seal::Digest> peaks(blob.size() / sizeof(seal::Digest));
  for (size_t i = 0; i < peaks.size(); ++i) {
    std::copy_n(blob.begin() + static_cast<ptrdiff_t>(i * sizeof(seal::Digest)),
                sizeof(seal::Digest), peaks[i].begin());
  }
  return seal::CompactTree::FromPeaks(static_cast<uint64_t>(select.Int(0)),
                                      std::move(peaks));
}

Status AddAuditLeaf(Database& writer, const AuditRow& row, Random& random) {
  TRY_ASSIGN(seal::CompactTree tree, ReadAuditTree(writer));
  TRY(PutLeaf(writer, row, random, &tree));
  return WriteAuditTree(writer, tree);
}

Status TakeInOlderAudit(Database& writer, Random& random) {
  TRY_ASSIGN(const int64_t rows, writer.QueryInt("SELECT count(*) FROM audit"));
  TRY_ASSIGN(const int64_t leaves,
             writer.QueryInt("SELECT count(*) FROM audit_leaf"));
  if (rows == 0 || leaves > 0) return {};
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(writer));
  seal::CompactTree tree;
  {
    TRY_ASSIGN(Statement select,
               writer.Prepare("SELECT sequence, id, time, actor, action,"
                              " subject, detail FROM audit"
                              " ORDER BY sequence"));
    TRY_ASSIGN(const auto older, ReadAll(select, ReadAudit));
    for (const AuditRow& row : older) {
      TRY(PutLeaf(writer, row, random, &tree));
    }
  }
  TRY(WriteAuditTree(writer, tree));
  return transaction.Commit();
}

}  // namespace cofferdam::policy
