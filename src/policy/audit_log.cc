#include "policy/audit_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "policy/audit_leaf_internal.h"
#include "policy/rows_internal.h"
#include "policy/storage_internal.h"

namespace cofferdam::policy {
namespace {

// Rows that are read at a time; the connection is not held between them.
constexpr int64_t kChunk = 1024;

// A row of the audit, a leaf, or both of one sequence.
struct Pair {
  AuditRow row;
  bool has_row = false;
  AuditSalt salt = {};
  seal::Digest commitment = {};
  bool has_leaf = false;
};

Pair ReadPair(const Statement& statement) {
  Pair pair;
  pair.row = ReadAudit(statement);
  pair.has_row = !statement.IsNull(1);
  const std::span<const uint8_t> salt = statement.Blob(7);
  std::copy_n(salt.begin(), std::min(salt.size(), pair.salt.size()),
              pair.salt.begin());
  pair.commitment = ReadDigest(statement, 8);
  pair.has_leaf = !statement.IsNull(8);
  return pair;
}

class AuditCheck {
 public:
  AuditCheck(const std::vector<uint64_t>& sizes,
             const seal::CompactTree& expected)
      : sizes_(sizes), expected_(expected) {
    report_.head = expected.head();
    NoteRoot();
  }

  void Check(const Pair& pair) {
    const int64_t sequence = pair.row.sequence;
    for (; next_ < sequence; ++next_) {
      Differs(fmt::format("audit row {} and its leaf are missing", next_));
    }
    ++next_;
    if (pair.has_row) ++report_.rows;
    if (pair.has_leaf) {
      tree_.Add(seal::LeafHash(AuditEntry(sequence, pair.commitment)));
      NoteRoot();
    }
    if (!pair.has_row) {
      Differs(fmt::format("audit row {} is missing", sequence));
    } else if (!pair.has_leaf) {
      Differs(fmt::format("audit row {} has no leaf", sequence));
    } else if (AuditCommitment(pair.row, pair.salt) != pair.commitment) {
      Differs(fmt::format("audit row {} is not the one of its leaf", sequence));
    }
  }

  AuditReport Finish() {
    const auto size = static_cast<int64_t>(expected_.size());
    for (; next_ <= size; ++next_) {
      Differs(fmt::format("audit row {} and its leaf are missing", next_));
    }
    if (report_.ok() && tree_ != expected_) {
      Differs("the audit's leaves do not give the root that it goes on from");
    }
    return std::move(report_);
  }

 private:
  void Differs(std::string what) {
    if (++report_.differences_count <= AuditReport::kDifferencesMax) {
      report_.differences.push_back(std::move(what));
    }
  }
  void NoteRoot() {
    if (std::find(sizes_.begin(), sizes_.end(), tree_.size()) != sizes_.end()) {
      report_.roots[tree_.size()] = tree_.Root();
    }
  }

  const std::vector<uint64_t>& sizes_;
  const seal::CompactTree& expected_;
  seal::CompactTree tree_;
  int64_t next_ = 1;
  AuditReport report_;
};

}  // namespace

Result<seal::TreeHead> AuditLog::Head() {
  std::lock_guard lock(storage_.reader_mutex);
  TRY_ASSIGN(const seal::CompactTree tree, ReadAuditTree(storage_.reader));
  return tree.head();
}

Result<AuditReport> AuditLog::Verify(const std::vector<uint64_t>& sizes) {
  seal::CompactTree expected;
  {
    std::lock_guard lock(storage_.reader_mutex);
    TRY_ASSIGN(expected, ReadAuditTree(storage_.reader));
  }
  AuditCheck check(sizes, expected);
  int64_t after = 0;
  while (true) {
    std::lock_guard lock(storage_.reader_mutex);
    // Rows without leaves and leaves without rows, too.
    TRY_ASSIGN(
        Statement select,
        storage_.reader.Prepare(
            "SELECT every.sequence, audit.id, time, actor, action, subject,"
            " detail, salt, commitment"
            " FROM (SELECT sequence FROM audit UNION"
            "       SELECT sequence FROM audit_leaf) AS every"
            " LEFT JOIN audit ON audit.sequence = every.sequence"
            " LEFT JOIN audit_leaf ON audit_leaf.sequence = every.sequence"
            " WHERE every.sequence > ? AND every.sequence <= ?"
            " ORDER BY every.sequence LIMIT ?"));
    select.BindInt(1, after)
        .BindInt(2, static_cast<int64_t>(expected.size()))
        .BindInt(3, kChunk);
    TRY_ASSIGN(const auto pairs, ReadAll(select, ReadPair));
    if (pairs.empty()) break;
    for (const Pair& pair : pairs) check.Check(pair);
    after = pairs.back().row.sequence;
  }
  return check.Finish();
}

Result<std::string> AuditLog::Add(std::string_view actor,
                                  std::string_view action,
                                  std::string_view subject,
                                  std::string_view detail,
                                  std::string_view reason) {
  if (reason.find_first_not_of(" \t\r\n") == std::string_view::npos ||
      reason.size() > kReasonBytesMax) {
    return Error(
        Code::kInvalid,
        fmt::format("reason: needs one, of at most {} bytes", kReasonBytesMax));
  }
  std::lock_guard lock(storage_.writer_mutex);
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_.writer));
  TRY_ASSIGN(std::string id,
             storage_.AuditRowId(actor, action, subject, detail));
  TRY(transaction.Commit());
  return id;
}

Result<bool> AuditLog::Tells(std::string_view id, std::string_view action) {
  std::lock_guard lock(storage_.reader_mutex);
  TRY_ASSIGN(Statement select,
             storage_.reader.Prepare(
                 "SELECT 1 FROM audit WHERE id = ? AND action = ?"));
  select.BindText(1, id).BindText(2, action);
  return select.Step();
}

}  // namespace cofferdam::policy
