#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "base/json.h"
#include "policy/rows_internal.h"
#include "policy/storage_internal.h"
#include "policy/store.h"

namespace cofferdam::policy {
namespace {

constexpr int64_t kMicrosPerDay = int64_t{86'400} * 1'000'000;
constexpr int64_t kExpiresDaysMax = 3650;
// "cfe_" and at least one digit.
constexpr size_t kLookUpPrefixMin = 5;

Error NotFound(std::string_view which) {
  return Error(
      Code::kNotFound,
      fmt::format("key {}: not known; `cofferdam key list` shows all", which));
}

// How `which` names a key: a column, and the range of values it may have.
struct LookUp {
  std::string_view column;
  std::string from;  // inclusive
  std::string to;    // inclusive
  std::optional<seal::Digest> hash;
};

Result<LookUp> ParseWhich(std::string_view which) {
  if (Result<Ulid> id = Ulid::Parse(which); id.ok()) {
    return LookUp{"id", id->ToString(), id->ToString(), std::nullopt};
  }
  if (which.size() > kDisplayPrefixSize) {
    // Not a word of it goes into a message: it may be a secret.
    TRY(ParseSecret(which));
    return LookUp{"hash", "", "", HashSecret(which)};
  }
  bool plain = std::all_of(which.begin(), which.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
           (c >= 'a' && c <= 'z') || c == '_';
  });
  if (which.size() < kLookUpPrefixMin || !which.starts_with("cf") || !plain) {
    return Error(Code::kInvalid,
                 fmt::format("key: must be an id of `cofferdam key list`, or "
                             "the first {} to {} characters of the key",
                             kLookUpPrefixMin, kDisplayPrefixSize));
  }
  // '~' sorts behind every character of a key.
  return LookUp{"prefix", std::string(which), std::string(which) + "~",
                std::nullopt};
}

void BindLookUp(const LookUp& look_up, Statement& select) {
  if (look_up.hash) {
    select.BindBlob(1, *look_up.hash).BindBlob(2, *look_up.hash);
  } else {
    select.BindText(1, look_up.from).BindText(2, look_up.to);
  }
}

}  // namespace

struct Store::Found {
  std::optional<KeyRow> key;  // else the session
  SessionRow session;
};

Result<CreatedKey> Store::CreateKey(std::string_view email, Role role,
                                    std::optional<int64_t> expires_days,
                                    std::string_view actor) {
  if (expires_days && (*expires_days < 1 || *expires_days > kExpiresDaysMax)) {
    return Error(Code::kInvalid,
                 fmt::format("expires_days: {} is out of range, must be 1 to "
                             "{}",
                             *expires_days, kExpiresDaysMax));
  }
  std::lock_guard lock(storage_->writer_mutex);
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_->writer));
  TRY_ASSIGN(Person person, FindPersonRow(email));
  if (person.erased_at_micros) {
    return Error(Code::kNotFound,
                 fmt::format("person {}: has been erased", person.id));
  }
  CreatedKey created;
  created.secret =
      MakeSecret(role == Role::kEngineer ? KeyKind::kEngineer : KeyKind::kAdmin,
                 storage_->random);
  seal::Digest hash = HashSecret(created.secret);
  Key& key = created.key;
  key.id = storage_->ids.Next().ToString();
  key.prefix = DisplayPrefix(created.secret);
  key.role = role;
  key.person_id = person.id;
  key.email = person.email;
  key.created_at_micros = storage_->clock.WallMicros();
  if (expires_days) {
    key.expires_at_micros =
        key.created_at_micros + *expires_days * kMicrosPerDay;
  }
  TRY_ASSIGN(Statement insert,
             storage_->writer.Prepare(
                 "INSERT INTO key (id, hash, prefix, role, person,"
                 " created, expires) VALUES (?, ?, ?, ?, ?, ?, ?)"));
  insert.BindText(1, key.id)
      .BindBlob(2, hash)
      .BindText(3, key.prefix)
      .BindText(4, RoleName(role))
      .BindText(5, key.person_id)
      .BindInt(6, key.created_at_micros)
      .BindInt(7, key.expires_at_micros);
  TRY(insert.Run());
  TRY(storage_->Audit(
      actor, "key.create", key.id,
      JsonWriter()
          .BeginObject()
          .Field("person", key.person_id)
          .Field("role", RoleName(role))
          .Field("prefix", key.prefix)
          .FieldIfSet("expires_at_micros", key.expires_at_micros)
          .EndObject()
          .text()));
  TRY(transaction.Commit());
  directory_->PutKey(hash, key);
  return created;
}

Result<std::vector<Key>> Store::ListKeys() {
  std::lock_guard lock(storage_->reader_mutex);
  TRY_ASSIGN(Statement select,
             storage_->reader.Prepare(fmt::format(
                 "SELECT {} FROM key JOIN person ON person.id = key.person"
                 " ORDER BY key.created, key.id",
                 kKeyColumns)));
  return ReadAll(select, [](const Statement& row) { return ReadKey(row).key; });
}

Result<Store::Found> Store::FindKey(std::string_view which) {
  TRY_ASSIGN(LookUp look_up, ParseWhich(which));
  // Two are enough to know that it is ambiguous.
  TRY_ASSIGN(Statement key_select,
             storage_->writer.Prepare(fmt::format(
                 "SELECT {0} FROM key JOIN person ON person.id = key.person"
                 " WHERE key.{1} >= ? AND key.{1} <= ? ORDER BY key.id LIMIT 2",
                 kKeyColumns, look_up.column)));
  BindLookUp(look_up, key_select);
  TRY_ASSIGN(std::vector<KeyRow> keys, ReadAll(key_select, ReadKey));
  TRY_ASSIGN(Statement session_select,
             storage_->writer.Prepare(
                 fmt::format("SELECT {0} FROM session_key"
                             " WHERE {1} >= ? AND {1} <= ? ORDER BY id LIMIT 2",
                             kSessionColumns, look_up.column)));
  BindLookUp(look_up, session_select);
  TRY_ASSIGN(std::vector<SessionRow> sessions,
             ReadAll(session_select, ReadSession));
  std::vector<std::string> names;
  for (const KeyRow& row : keys) {
    names.push_back(fmt::format("{} ({}…)", row.key.id, row.key.prefix));
  }
  for (const SessionRow& row : sessions) {
    names.push_back(
        fmt::format("{} ({}…)", row.session.id, row.session.prefix));
  }
  if (names.empty()) {
    return NotFound(look_up.hash ? "with that secret" : which);
  }
  if (names.size() > 1) {
    return Error(Code::kConflict,
                 fmt::format("key {}: stands for several, such as {} and {}; "
                             "use the id",
                             which, names[0], names[1]));
  }
  Found found;
  if (!keys.empty()) {
    found.key = std::move(keys[0]);
  } else {
    found.session = std::move(sessions[0]);
  }
  return found;
}

Result<RevokedKey> Store::Revoke(const Found& found, std::string_view actor) {
  const bool is_session = !found.key.has_value();
  RevokedKey revoked;
  std::optional<int64_t> before;
  if (is_session) {
    const Session& session = found.session.session;
    revoked = {session.id, session.prefix, KeyKind::kSession};
    before = session.revoked_at_micros;
  } else {
    const Key& key = found.key->key;
    revoked = {
        key.id, key.prefix,
        key.role == Role::kEngineer ? KeyKind::kEngineer : KeyKind::kAdmin};
    before = key.revoked_at_micros;
  }
  revoked.already = before.has_value();
  revoked.revoked_at_micros = before.value_or(storage_->clock.WallMicros());
  if (revoked.already) return revoked;
  TRY_ASSIGN(Statement update, storage_->writer.Prepare(fmt::format(
                                   "UPDATE {} SET revoked = ? WHERE id = ?",
                                   is_session ? "session_key" : "key")));
  update.BindInt(1, revoked.revoked_at_micros).BindText(2, revoked.id);
  TRY(update.Run());
  TRY(storage_->Audit(actor, is_session ? "session.revoke" : "key.revoke",
                      revoked.id,
                      JsonWriter()
                          .BeginObject()
                          .Field("prefix", revoked.prefix)
                          .EndObject()
                          .text()));
  return revoked;
}

Result<RevokedKey> Store::RevokeKey(std::string_view which,
                                    std::string_view actor, RevokeScope scope) {
  std::lock_guard lock(storage_->writer_mutex);
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_->writer));
  TRY_ASSIGN(Found found, FindKey(which));
  if (scope == RevokeScope::kEngineerKeys && found.key &&
      found.key->key.role != Role::kEngineer) {
    return Error(Code::kDenied,
                 fmt::format("key {}: has role {}; only an owner ends it",
                             found.key->key.id, RoleName(found.key->key.role)));
  }
  TRY_ASSIGN(RevokedKey revoked, Revoke(found, actor));
  TRY(transaction.Commit());
  if (found.key) {
    found.key->key.revoked_at_micros = revoked.revoked_at_micros;
    directory_->PutKey(found.key->hash, std::move(found.key->key));
  } else {
    found.session.session.revoked_at_micros = revoked.revoked_at_micros;
    directory_->PutSession(found.session.hash,
                           std::move(found.session.session));
  }
  return revoked;
}

Status Store::RevokeSession(const Principal& session) {
  if (session.kind != KeyKind::kSession) {
    return Error(Code::kInvalid,
                 fmt::format("this is an {} key; `cofferdam key revoke` ends "
                             "it",
                             KeyKindName(session.kind)));
  }
  TRY(RevokeKey(session.session_key_id, session.session_key_id));
  return {};
}

}  // namespace cofferdam::policy
