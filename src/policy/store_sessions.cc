#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "policy/names.h"
#include "policy/rows_internal.h"
#include "policy/storage_internal.h"
#include "policy/store.h"

namespace cofferdam::policy {
namespace {

constexpr int64_t kPurgeEveryMicros = int64_t{600} * 1'000'000;
constexpr int64_t kPurgeRowsMax = 10'000;

Error Ended(std::string_view prefix) {
  return Error(Code::kUnauthenticated,
               fmt::format("session key {}… has ended; run `cofferdam token` "
                           "for a new one, or start the agent again with "
                           "`cofferdam run`",
                           prefix));
}

// The request with its names checked and the repository in its one form.
Result<SessionRequest> Normalise(const SessionRequest& request) {
  SessionRequest normal = request;
  TRY_ASSIGN(normal.repo, NormaliseRepo(request.repo));
  TRY(CheckPurpose(request.purpose));
  if (!request.tool.empty()) TRY(CheckTool(request.tool));
  TRY(CheckCommit(request.commit));
  return normal;
}

Result<int64_t> CountLive(Database& writer, std::string_view key_id,
                          int64_t now_micros) {
  TRY_ASSIGN(Statement count,
             writer.Prepare("SELECT count(*) FROM session_key WHERE key = ?"
                            " AND expires > ? AND revoked IS NULL"));
  count.BindText(1, key_id).BindInt(2, now_micros);
  TRY(count.Step());
  return count.Int(0);
}

Status Insert(Database& writer, const Session& session,
              const seal::Digest& hash) {
  TRY_ASSIGN(Statement insert,
             writer.Prepare("INSERT INTO session_key (id, hash, prefix, key,"
                            " person, repo, purpose, tool, commit_id, created,"
                            " expires)"
                            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  insert.BindText(1, session.id)
      .BindBlob(2, hash)
      .BindText(3, session.prefix)
      .BindText(4, session.key_id)
      .BindText(5, session.person_id)
      .BindText(6, session.repo)
      .BindText(7, session.purpose)
      .BindText(8, session.tool)
      .BindText(9, session.commit)
      .BindInt(10, session.created_at_micros)
      .BindInt(11, session.expires_at_micros);
  return insert.Run();
}

}  // namespace

Result<CreatedSession> Store::MintSession(const Principal& minter,
                                          const SessionRequest& request) {
  if (minter.kind != KeyKind::kEngineer) {
    return Error(Code::kDenied,
                 fmt::format("session keys are made with an engineer key; this "
                             "one is of kind {}",
                             KeyKindName(minter.kind)));
  }
  TRY_ASSIGN(SessionRequest normal, Normalise(request));
  std::lock_guard lock(storage_->writer_mutex);
  int64_t now = storage_->clock.WallMicros();
  if (now - purged_at_micros_ >= kPurgeEveryMicros) {
    // What keeps it from purging will keep it from minting, too.
    TRY(PurgeSessionsLocked());
  }
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_->writer));
  TRY_ASSIGN(int64_t live, CountLive(storage_->writer, minter.key_id, now));
  if (live >= options_.live_sessions_per_key_max) {
    return Error(Code::kExhausted,
                 fmt::format("this engineer key has {} live session keys, the "
                             "most it may have; revoke some or wait until "
                             "they expire",
                             live));
  }
  CreatedSession created;
  created.secret = MakeSecret(KeyKind::kSession, storage_->random);
  seal::Digest hash = HashSecret(created.secret);
  created.session = {
      .id = storage_->ids.Next().ToString(),
      .prefix = DisplayPrefix(created.secret),
      .key_id = minter.key_id,
      .person_id = minter.person_id,
      .repo = std::move(normal.repo),
      .purpose = std::move(normal.purpose),
      .tool = std::move(normal.tool),
      .commit = std::move(normal.commit),
      .created_at_micros = now,
      .expires_at_micros = std::min(now + options_.session_lifetime_micros,
                                    minter.expires_at_micros.value_or(
                                        std::numeric_limits<int64_t>::max()))};
  TRY(Insert(storage_->writer, created.session, hash));
  TRY(transaction.Commit());
  directory_->PutSession(hash, created.session);
  return created;
}

Result<Session> Store::RenewSession(const Principal& session) {
  if (session.kind != KeyKind::kSession) {
    return Error(Code::kInvalid,
                 fmt::format("only session keys can be renewed; this one is of "
                             "kind {}",
                             KeyKindName(session.kind)));
  }
  std::lock_guard lock(storage_->writer_mutex);
  int64_t now = storage_->clock.WallMicros();
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_->writer));
  TRY_ASSIGN(Statement select,
             storage_->writer.Prepare(fmt::format(
                 "SELECT {}, key.expires FROM session_key"
                 " JOIN key ON key.id = session_key.key"
                 " WHERE session_key.id = ? AND session_key.revoked IS NULL"
                 " AND session_key.expires > ? AND key.revoked IS NULL"
                 " AND (key.expires IS NULL OR key.expires > ?)",
                 kSessionColumns)));
  select.BindText(1, session.session_key_id).BindInt(2, now).BindInt(3, now);
  TRY_ASSIGN(bool row, select.Step());
  if (!row) return Ended(session.session_key_id);
  SessionRow renewed = ReadSession(select);
  int64_t expires = std::min(
      now + options_.session_lifetime_micros,
      select.OptionalInt(12).value_or(std::numeric_limits<int64_t>::max()));
  // A clock that was put back takes nothing away.
  expires = std::max(expires, renewed.session.expires_at_micros);
  TRY_ASSIGN(Statement update,
             storage_->writer.Prepare(
                 "UPDATE session_key SET expires = ? WHERE id = ?"));
  update.BindInt(1, expires).BindText(2, renewed.session.id);
  TRY(update.Run());
  // A statement in the midst of its rows would keep the transaction's snapshot.
  TRY(select.Run());
  TRY(transaction.Commit());
  renewed.session.expires_at_micros = expires;
  directory_->PutSession(renewed.hash, renewed.session);
  return renewed.session;
}

Result<int64_t> Store::PurgeSessions() {
  std::lock_guard lock(storage_->writer_mutex);
  return PurgeSessionsLocked();
}

Result<int64_t> Store::PurgeSessionsLocked() {
  int64_t now = storage_->clock.WallMicros();
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_->writer));
  TRY_ASSIGN(
      Statement remove,
      storage_->writer.Prepare("DELETE FROM session_key WHERE id IN"
                               " (SELECT id FROM session_key WHERE expires <= ?"
                               " ORDER BY expires LIMIT ?) RETURNING hash"));
  remove.BindInt(1, now - options_.ended_sessions_kept_micros)
      .BindInt(2, kPurgeRowsMax);
  TRY_ASSIGN(
      std::vector<seal::Digest> hashes,
      ReadAll(remove, [](const Statement& row) { return ReadDigest(row, 0); }));
  TRY(transaction.Commit());
  for (const seal::Digest& hash : hashes) directory_->RemoveSession(hash);
  purged_at_micros_ = now;
  return static_cast<int64_t>(hashes.size());
}

}  // namespace cofferdam::policy
