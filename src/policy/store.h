#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "policy/approvals.h"
#include "policy/audit_log.h"
#include "policy/caps.h"
#include "policy/directory.h"
#include "policy/measures.h"
#include "policy/principal.h"
#include "policy/records.h"
#include "policy/sign_ins.h"

namespace cofferdam::policy {

struct Storage;

// A key or session key with its secret, which exists only in this answer.
struct CreatedKey {
  Key key;
  std::string secret;
};
struct CreatedSession {
  Session session;
  std::string secret;
};

// What a call of RevokeKey may end.
enum class RevokeScope {
  kEveryKey,
  kEngineerKeys,  // and session keys, which they mint
};

struct RevokedKey {
  std::string id;
  std::string prefix;
  KeyKind kind = KeyKind::kEngineer;
  int64_t revoked_at_micros = 0;
  // It had been revoked before; nothing was changed now.
  bool already = false;
};

// What a session key is bound to. Names as names.h checks them.
struct SessionRequest {
  std::string repo;     // as the remote is written; empty: no repository
  std::string purpose;  // required
  std::string tool;     // empty: unknown
  std::string commit;   // empty: unknown
};

struct StoreOptions {
  int64_t session_lifetime_micros = int64_t{3600} * 1'000'000;
  // Session keys of one engineer key that have neither expired nor been
  // revoked; the next one is kExhausted.
  int64_t live_sessions_per_key_max = 1000;
  // How long an ended session key is remembered, so that its user hears
  // "expired" and not "unknown".
  int64_t ended_sessions_kept_micros = int64_t{24} * 3600 * 1'000'000;
  // SQLite's virtual file system, for tests.
  std::string vfs;
};

// People, teams, keys, session keys and the audit of every change, in
// `<folder>/policy.sqlite`: the truth that Directory mirrors in memory.
//
// The process that opens it holds the data folder's lock. One connection
// writes and checkpoints, under a mutex; another one, query_only, reads under
// its own, so that lists never wait for a commit. Each administrative change
// and its audit row are one transaction, on disk (fsync) when the method
// returns. Minting and renewing a session key is no administrative change and
// has no audit row.
//
// Errors, beside those named below: the ones of base/sqlite.h. After a failed
// write nothing has changed in memory; on disk the whole change may have
// happened, never a part of it. Safe from any thread.
//
// `actor` is who asks, for the audit: "local" for the command line and the
// socket, else the id of the key that was shown. Never an e-mail address.
class Store {
 public:
  // Makes the folder (0700) and the file (0600) when missing, brings an older
  // schema up to date, reads everything into the directory. kInvalid for a
  // file of a newer Cofferdam or of another program, kCorrupt for a damaged
  // one. Costs a pass over the file.
  static Result<std::unique_ptr<Store>> Open(const std::string& folder,
                                             const Clock& clock, Random& random,
                                             const StoreOptions& options = {});
  // Closes the directory.
  ~Store();

  // Tables of their own beside the store's.
  Measures& measures() { return *measures_; }
  Approvals& approvals() { return *approvals_; }
  Caps& caps() { return *caps_; }
  AuditLog& audit_log() { return audit_log_; }

  // Kept current for as long as the store lives.
  std::shared_ptr<const Directory> directory() const { return directory_; }

  // People who come by single sign-on.
  SignIns& sign_ins() { return sign_ins_; }

  // Makes the team when it is new. kConflict when the address is taken.
  Result<Person> AddPerson(std::string_view email, std::string_view team,
                           std::string_view actor);
  // By creation.
  Result<std::vector<Person>> ListPersons();
  // By id or address; kNotFound.
  Result<Person> FindPerson(std::string_view id_or_email);
  // Puts the person in another team, which is made when it is new. kNotFound.
  Result<Person> MovePerson(std::string_view person, std::string_view team,
                            std::string_view actor);
  // Forgets the address and revokes the keys; the opaque id stays. When it
  // returns, the address is in none of the store's files; an error may come
  // after the change, and to erase again finishes it.
  // `person` is an id or an address; kNotFound.
  Status ErasePerson(std::string_view person, std::string_view actor);

  // `parent` empty: on top. kConflict for a name that is taken, kNotFound for a
  // parent that is not known, kInvalid for more than kTeamDepthMax levels.
  Result<Team> AddTeam(std::string_view name, std::string_view parent,
                       std::string_view actor);
  // As AddTeam; kConflict when it would come to stand above itself.
  Result<Team> MoveTeam(std::string_view name, std::string_view parent,
                        std::string_view actor);

  // `email` names the person (kNotFound); `expires_days` in 1..3650, none for
  // a key without end (kInvalid).
  Result<CreatedKey> CreateKey(std::string_view email, Role role,
                               std::optional<int64_t> expires_days,
                               std::string_view actor);
  // By creation.
  Result<std::vector<Key>> ListKeys();
  // Ends a key and every session key it minted, or one session key. `which` is
  // an id, the first 5 to 12 characters of the secret, or the whole secret (a
  // leaked one), else kInvalid. kNotFound; kConflict names two that an
  // ambiguous prefix matches; kDenied for a key that `scope` leaves out.
  Result<RevokedKey> RevokeKey(std::string_view which, std::string_view actor,
                               RevokeScope scope = RevokeScope::kEveryKey);

  // `minter` is an engineer key's principal (else kDenied). The key ends with
  // the minter's at the latest. One row, one fsync.
  Result<CreatedSession> MintSession(const Principal& minter,
                                     const SessionRequest& request);
  // The same secret lives on for a whole lifetime from now. kInvalid unless
  // `session` is a session key's principal, kUnauthenticated when it has
  // ended.
  Result<Session> RenewSession(const Principal& session);
  // Ends the session key; audited, with the session key as the actor.
  Status RevokeSession(const Principal& session);
  // Forgets session keys that ended longer ago than the options say, at most
  // 10,000 a call; how many. MintSession calls it every ten minutes.
  Result<int64_t> PurgeSessions();

  // Notes that `actor` is about to read recorded text: the row is on disk when
  // this returns, and only then may the text be shown. `subject` is the
  // exchange's id, `detail` a JSON object that says which part and why;
  // `reason` must not be blank, nor longer than 500 bytes (kInvalid).
  Status AuditRead(std::string_view subject, std::string_view reason,
                   std::string_view detail, std::string_view actor);

  // Notes that a rule let pass what the terms would have stopped, for this
  // person, contract, repository and purpose.
  Status AuditOverride(std::string_view rule, const Question& question,
                       std::string_view actor);

  // The newest `limit` rows, oldest first; limit in 1..100,000 (kInvalid).
  Result<std::vector<AuditRow>> ListAudit(int64_t limit);

 private:
  Store(std::unique_ptr<Storage> storage, const StoreOptions& options);

  // What RevokeKey found.
  struct Found;

  Status LoadDirectory();
  // The rest under the writer's mutex, all but the last two within a
  // transaction.
  // Without the log's traces.
  Status EraseRow(std::string_view person, std::string_view actor);
  Result<std::shared_ptr<const TeamTree>> ReadTeamTree();
  Status EnsureTeam(std::string_view team, std::string_view actor);
  Result<Person> FindPersonRow(std::string_view id_or_email);
  Result<Found> FindKey(std::string_view which);
  Result<RevokedKey> Revoke(const Found& found, std::string_view actor);
  Result<int64_t> PurgeSessionsLocked();

  std::unique_ptr<Storage> storage_;
  AuditLog audit_log_;
  std::unique_ptr<Measures> measures_;
  std::unique_ptr<Approvals> approvals_;
  std::unique_ptr<Caps> caps_;
  const StoreOptions options_;
  std::shared_ptr<Directory> directory_;
  SignIns sign_ins_;
  int64_t purged_at_micros_ = 0;  // under the writer's mutex
};

}  // namespace cofferdam::policy
