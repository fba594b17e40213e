#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "base/random.h"
#include "base/result.h"
#include "base/sqlite.h"
#include "policy/records.h"
#include "seal/merkle.h"

// Leaves of the audit, as docs/formats/checkpoint.md writes them.
namespace cofferdam::policy {

using AuditSalt = std::array<uint8_t, 16>;

// SHA-256 of `salt` and the row, whose sequence the entry holds.
seal::Digest AuditCommitment(const AuditRow& row, const AuditSalt& salt);
// What the tree hashes.
std::string AuditEntry(int64_t sequence, const seal::Digest& commitment);

// The tree of all rows that have leaves. kCorrupt.
Result<seal::CompactTree> ReadAuditTree(Database& database);

// Gives a row its leaf, in the transaction that adds the row.
Status AddAuditLeaf(Database& writer, const AuditRow& row, Random& random);

// Gives leaves to rows of before there were any. Opens a transaction.
Status TakeInOlderAudit(Database& writer, Random& random);

}  // namespace cofferdam::policy
