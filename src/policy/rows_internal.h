#pragma once

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/sqlite.h"
#include "policy/records.h"
#include "seal/hash.h"

// Rows of policy.sqlite as records. Each Read expects the columns of the list
// of that name, in its order.
namespace cofferdam::policy {

inline constexpr std::string_view kPersonColumns =
    "person.id, person.email, person.team, person.created, person.erased";
inline constexpr std::string_view kKeyColumns =
    "key.id, key.prefix, key.role, key.person, person.email, key.created, "
    "key.expires, key.revoked, key.hash";
inline constexpr std::string_view kSessionColumns =
    "session_key.id, session_key.prefix, session_key.key, session_key.person, "
    "session_key.repo, session_key.purpose, session_key.tool, "
    "session_key.commit_id, session_key.created, session_key.expires, "
    "session_key.revoked, session_key.hash";

struct KeyRow {
  Key key;
  seal::Digest hash;
};
struct SessionRow {
  Session session;
  seal::Digest hash;
};

inline seal::Digest ReadDigest(const Statement& row, int column) {
  seal::Digest digest = {};
  std::span<const uint8_t> blob = row.Blob(column);
  std::copy_n(blob.begin(), std::min(blob.size(), digest.size()),
              digest.begin());
  return digest;
}

inline Person ReadPerson(const Statement& row) {
  return {.id = std::string(row.Text(0)),
          .email = std::string(row.Text(1)),
          .team = std::string(row.Text(2)),
          .created_at_micros = row.Int(3),
          .erased_at_micros = row.OptionalInt(4)};
}

inline KeyRow ReadKey(const Statement& row) {
  KeyRow read;
  read.key = {.id = std::string(row.Text(0)),
              .prefix = std::string(row.Text(1)),
              // The schema admits known names only; of an unknown one the
              // least would be right.
              .role = ParseRole(row.Text(2)).value_or(Role::kEngineer),
              .person_id = std::string(row.Text(3)),
              .email = std::string(row.Text(4)),
              .created_at_micros = row.Int(5),
              .expires_at_micros = row.OptionalInt(6),
              .revoked_at_micros = row.OptionalInt(7)};
  read.hash = ReadDigest(row, 8);
  return read;
}

inline SessionRow ReadSession(const Statement& row) {
  SessionRow read;
  read.session = {.id = std::string(row.Text(0)),
                  .prefix = std::string(row.Text(1)),
                  .key_id = std::string(row.Text(2)),
                  .person_id = std::string(row.Text(3)),
                  .repo = std::string(row.Text(4)),
                  .purpose = std::string(row.Text(5)),
                  .tool = std::string(row.Text(6)),
                  .commit = std::string(row.Text(7)),
                  .created_at_micros = row.Int(8),
                  .expires_at_micros = row.Int(9),
                  .revoked_at_micros = row.OptionalInt(10)};
  read.hash = ReadDigest(row, 11);
  return read;
}

// Of sequence, id, time, actor, action, subject, detail.
inline AuditRow ReadAudit(const Statement& row) {
  return {.sequence = row.Int(0),
          .id = std::string(row.Text(1)),
          .time_micros = row.Int(2),
          .actor = std::string(row.Text(3)),
          .action = std::string(row.Text(4)),
          .subject = std::string(row.Text(5)),
          .detail = std::string(row.Text(6))};
}

// Every row that is left, through `read`.
template <typename Read>
auto ReadAll(Statement& statement, Read read)
    -> Result<std::vector<decltype(read(statement))>> {
  std::vector<decltype(read(statement))> rows;
  while (true) {
    TRY_ASSIGN(bool row, statement.Step());
    if (!row) return rows;
    rows.push_back(read(statement));
  }
}

}  // namespace cofferdam::policy
