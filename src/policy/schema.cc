#include "policy/schema.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

namespace cofferdam::policy {
namespace {

// Step n makes version n + 1. Never edited once released: add another one.
// Times are microseconds since 1970, ids ULIDs as text, so that a person with
// the sqlite3 shell can read them.
constexpr std::string_view kSteps[] = {R"sql(
CREATE TABLE team (
  name TEXT PRIMARY KEY,
  created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Erasing a person empties the address and keeps the id.
CREATE TABLE person (
  id TEXT PRIMARY KEY,
  email TEXT UNIQUE,
  team TEXT NOT NULL REFERENCES team (name),
  created INTEGER NOT NULL,
  erased INTEGER,
  CHECK ((email IS NULL) = (erased IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- Secrets are stored as their SHA-256 only.
CREATE TABLE key (
  id TEXT PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  prefix TEXT NOT NULL CHECK (length(prefix) = 12),
  role TEXT NOT NULL CHECK (role IN ('engineer', 'reader', 'admin')),
  person TEXT NOT NULL REFERENCES person (id),
  created INTEGER NOT NULL,
  expires INTEGER,
  revoked INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX key_person ON key (person);
CREATE INDEX key_prefix ON key (prefix);

CREATE TABLE session_key (
  id TEXT PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  prefix TEXT NOT NULL CHECK (length(prefix) = 12),
  key TEXT NOT NULL REFERENCES key (id),
  person TEXT NOT NULL REFERENCES person (id),
  repo TEXT NOT NULL,
  purpose TEXT NOT NULL,
  tool TEXT NOT NULL,
  commit_id TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  revoked INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX session_key_key ON session_key (key, expires);
CREATE INDEX session_key_expires ON session_key (expires);
CREATE INDEX session_key_prefix ON session_key (prefix);

-- Rows are only ever added.
CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  time INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'audit rows stay as they are'); END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit rows stay'); END;
)sql",
                                       R"sql(
-- Teams form a tree.
ALTER TABLE team ADD COLUMN parent TEXT REFERENCES team (name);

-- The role admin is called owner, and there are more of them: a CHECK cannot
-- be changed, so both tables are made anew, the one that refers first.
CREATE TABLE key_2 (
  id TEXT PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  prefix TEXT NOT NULL CHECK (length(prefix) = 12),
  role TEXT NOT NULL CHECK (role IN ('engineer', 'reader', 'viewer', 'approver',
                                     'operator', 'owner')),
  person TEXT NOT NULL REFERENCES person (id),
  created INTEGER NOT NULL,
  expires INTEGER,
  revoked INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO key_2
  SELECT id, hash, prefix, iif(role = 'admin', 'owner', role), person, created,
         expires, revoked
  FROM key;
CREATE TABLE session_key_2 (
  id TEXT PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  prefix TEXT NOT NULL CHECK (length(prefix) = 12),
  key TEXT NOT NULL REFERENCES key_2 (id),
  person TEXT NOT NULL REFERENCES person (id),
  repo TEXT NOT NULL,
  purpose TEXT NOT NULL,
  tool TEXT NOT NULL,
  commit_id TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  revoked INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO session_key_2 SELECT * FROM session_key;
DROP TABLE session_key;
DROP TABLE key;
ALTER TABLE key_2 RENAME TO key;
ALTER TABLE session_key_2 RENAME TO session_key;
CREATE INDEX key_person ON key (person);
CREATE INDEX key_prefix ON key (prefix);
CREATE INDEX session_key_key ON session_key (key, expires);
CREATE INDEX session_key_expires ON session_key (expires);
CREATE INDEX session_key_prefix ON session_key (prefix);

-- Pauses and kills. An empty text means any.
CREATE TABLE measure (
  id TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('pause', 'kill')),
  person TEXT NOT NULL,
  team TEXT NOT NULL,
  tool TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  contract TEXT NOT NULL,
  repo TEXT NOT NULL,
  purpose TEXT NOT NULL,
  reason TEXT NOT NULL,
  actor TEXT NOT NULL,
  created INTEGER NOT NULL,
  until INTEGER,
  resumed INTEGER,
  resumed_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What people asked to be allowed, and the answer: state 'granted' holds until
-- its end, and 'denied', too.
CREATE TABLE approval (
  id TEXT PRIMARY KEY,
  person TEXT NOT NULL REFERENCES person (id),
  team TEXT NOT NULL,
  tool TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  contract TEXT NOT NULL,
  repo TEXT NOT NULL,
  purpose TEXT NOT NULL,
  rule TEXT NOT NULL,
  four_eyes INTEGER NOT NULL CHECK (four_eyes IN (0, 1)),
  opened INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'granted', 'denied')),
  settled INTEGER,
  settled_by TEXT NOT NULL,
  reason TEXT NOT NULL,
  until INTEGER,
  CHECK ((state = 'open') = (settled IS NULL)),
  CHECK ((state = 'open') = (until IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX approval_opened ON approval (opened);

-- Each approver's word; the grant is what all of them agreed on.
CREATE TABLE approval_vote (
  approval TEXT NOT NULL REFERENCES approval (id),
  number INTEGER NOT NULL,
  actor TEXT NOT NULL,
  person TEXT NOT NULL,
  time INTEGER NOT NULL,
  reason TEXT NOT NULL,
  to_team INTEGER NOT NULL CHECK (to_team IN (0, 1)),
  any_tool INTEGER NOT NULL CHECK (any_tool IN (0, 1)),
  any_provider INTEGER NOT NULL CHECK (any_provider IN (0, 1)),
  repo TEXT NOT NULL,
  until INTEGER NOT NULL,
  PRIMARY KEY (approval, number)
) STRICT, WITHOUT ROWID;

-- At most one for each budget. An empty subject: each one of the scope.
CREATE TABLE cap (
  id TEXT PRIMARY KEY,
  scope TEXT NOT NULL CHECK (scope IN ('company', 'team', 'person', 'key',
                                       'repo', 'purpose')),
  subject TEXT NOT NULL,
  unit TEXT NOT NULL CHECK (unit IN ('dollars', 'tokens')),
  period TEXT NOT NULL CHECK (period IN ('day', 'week', 'month', 'total')),
  amount INTEGER NOT NULL CHECK (amount > 0),
  ask TEXT NOT NULL,
  UNIQUE (scope, subject, unit, period)
) STRICT, WITHOUT ROWID;

-- Who comes by single sign-on, as SHA-256 of issuer, newline and subject: what
-- is left of a person who is erased names nobody, and still keeps them out.
CREATE TABLE sso_subject (
  digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
  issuer TEXT NOT NULL,
  person TEXT NOT NULL REFERENCES person (id),
  created INTEGER NOT NULL,
  UNIQUE (person, issuer)
) STRICT, WITHOUT ROWID;

-- Keys that a sign-in gave.
CREATE TABLE sso_key (
  key TEXT PRIMARY KEY REFERENCES key (id)
) STRICT, WITHOUT ROWID;

-- Sign-ins that have been used, for as long as they could come again.
CREATE TABLE sso_used (
  digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sso_used_until ON sso_used (until);

-- A row's place in the audit's log. Rows are only ever added.
CREATE TABLE audit_leaf (
  sequence INTEGER PRIMARY KEY REFERENCES audit (sequence),
  salt BLOB NOT NULL CHECK (length(salt) = 16),
  commitment BLOB NOT NULL CHECK (length(commitment) = 32)
) STRICT;
CREATE TRIGGER audit_leaf_update BEFORE UPDATE ON audit_leaf
BEGIN SELECT RAISE(ABORT, 'audit leaves stay as they are'); END;
CREATE TRIGGER audit_leaf_delete BEFORE DELETE ON audit_leaf
BEGIN SELECT RAISE(ABORT, 'audit leaves stay'); END;

-- Size and complete subtrees of the hash tree over them; one row.
CREATE TABLE audit_tree (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  size INTEGER NOT NULL CHECK (size >= 0),
  peaks BLOB NOT NULL
) STRICT;
)sql"};
static_assert(std::size(kSteps) == kSchemaVersion);

}  // namespace

Status UpdateSchema(Database& writer, int64_t version) {
  TRY_ASSIGN(int64_t present, writer.QueryInt("PRAGMA user_version"));
  TRY_ASSIGN(int64_t application, writer.QueryInt("PRAGMA application_id"));
  TRY_ASSIGN(int64_t tables,
             writer.QueryInt("SELECT count(*) FROM sqlite_schema"));
  bool empty = present == 0 && application == 0 && tables == 0;
  if (!empty && application != kApplicationId) {
    return Error(Code::kInvalid,
                 fmt::format("{}: a database of another program; name another "
                             "data folder",
                             writer.path()));
  }
  if (present > kSchemaVersion) {
    return Error(
        Code::kInvalid,
        fmt::format("{}: written by a newer Cofferdam (schema {}, this "
                    "one knows up to {}); start the newer one",
                    writer.path(), present, kSchemaVersion));
  }
  for (int64_t step = present; step < version; ++step) {
    TRY_ASSIGN(Transaction transaction, Transaction::Begin(writer));
    TRY(writer.Execute(kSteps[step]));
    TRY(writer.Execute(
        fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                    kApplicationId, step + 1)));
    TRY(transaction.Commit());
  }
  return {};
}

}  // namespace cofferdam::policy
