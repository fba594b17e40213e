#include "policy/directory.h"

#include <fmt/format.h>

#include <utility>

#include "base/hash.h"
#include "policy/moment.h"

namespace cofferdam::policy {
namespace {

constexpr std::string_view kNewKey =
    "run `cofferdam login --sso` where your company signs in that way, else "
    "ask your platform team for a new one and run `cofferdam login`";
constexpr std::string_view kNewSession =
    "run `cofferdam token` for a new one, or start the agent again with "
    "`cofferdam run`";

Error Refused(std::string_view what, std::string_view why,
              std::string_view next) {
  return Error(Code::kUnauthenticated,
               fmt::format("{} {}; {}", what, why, next));
}

std::string_view KindOf(const Key& key) {
  return KeyKindName(key.role == Role::kEngineer ? KeyKind::kEngineer
                                                 : KeyKind::kAdmin);
}

bool HasEnded(const Key& key, int64_t now_micros) {
  return key.revoked_at_micros.has_value() ||
         (key.expires_at_micros && now_micros >= *key.expires_at_micros);
}

std::string WhenEnded(std::optional<int64_t> revoked_at_micros,
                      int64_t expires_at_micros) {
  return revoked_at_micros ? "was revoked on " + Moment(*revoked_at_micros)
                           : "expired on " + Moment(expires_at_micros);
}

Principal MakePrincipal(const Person& person, const Key& key) {
  Principal principal;
  principal.person_id = person.id;
  principal.email = person.email;
  principal.team = person.team;
  principal.kind =
      key.role == Role::kEngineer ? KeyKind::kEngineer : KeyKind::kAdmin;
  principal.role = key.role;
  principal.key_id = key.id;
  principal.expires_at_micros = key.expires_at_micros;
  return principal;
}

// A row that another one names is loaded or written before it.
Error Inconsistent() {
  return Error(Code::kUnavailable,
               "the policy store is inconsistent: a key without its person");
}

}  // namespace

size_t Directory::IdHash::operator()(std::string_view id) const {
  return Hash64(id);
}

Result<Principal> Directory::Authenticate(std::string_view secret,
                                          int64_t now_micros) const {
  if (!open_.load(std::memory_order_acquire)) {
    return Error(Code::kUnavailable,
                 "the policy store is not open; try again in a moment");
  }
  Result<KeyKind> kind = ParseSecret(secret);
  if (!kind.ok()) {
    return Error(kind.error().code(),
                 kind.error().message() +
                     "; run `cofferdam login` with the key you were given");
  }
  seal::Digest hash = HashSecret(secret);
  // A look-up by digest tells nothing by its timing: who can choose digests
  // that share leading bits with a stored one has broken SHA-256.
  if (*kind == KeyKind::kSession) {
    std::shared_ptr<const Session> session = sessions_.Find(hash);
    if (session) return FromSession(*session, now_micros);
  } else {
    std::shared_ptr<const Key> key = keys_.Find(hash);
    if (key) return FromKey(*key, now_micros);
  }
  return Refused(
      fmt::format("{} key {}…", KeyKindName(*kind), DisplayPrefix(secret)),
      "is not known to this gate",
      *kind == KeyKind::kSession ? kNewSession : kNewKey);
}

Result<Principal> Directory::FromKey(const Key& key, int64_t now_micros) const {
  if (HasEnded(key, now_micros)) {
    return Refused(
        fmt::format("{} key {}…", KindOf(key), key.prefix),
        WhenEnded(key.revoked_at_micros, key.expires_at_micros.value_or(0)),
        kNewKey);
  }
  std::shared_ptr<const Person> person = persons_.Find(key.person_id);
  if (!person) return Inconsistent();
  return MakePrincipal(*person, key);
}

Result<Principal> Directory::FromSession(const Session& session,
                                         int64_t now_micros) const {
  if (session.revoked_at_micros || now_micros >= session.expires_at_micros) {
    return Refused(
        fmt::format("session key {}…", session.prefix),
        WhenEnded(session.revoked_at_micros, session.expires_at_micros),
        kNewSession);
  }
  std::shared_ptr<const Key> key = keys_by_id_.Find(session.key_id);
  std::shared_ptr<const Person> person = persons_.Find(session.person_id);
  if (!key || !person) return Inconsistent();
  if (HasEnded(*key, now_micros)) {
    return Refused(
        fmt::format("engineer key {}…, which made session key {}…,",
                    key->prefix, session.prefix),
        WhenEnded(key->revoked_at_micros, key->expires_at_micros.value_or(0)),
        kNewKey);
  }
  Principal principal = MakePrincipal(*person, *key);
  principal.kind = KeyKind::kSession;
  principal.session_key_id = session.id;
  principal.repo = session.repo;
  principal.purpose = session.purpose;
  principal.tool = session.tool;
  principal.commit = session.commit;
  principal.grade = Grade::kSession;
  principal.expires_at_micros = session.expires_at_micros;
  return principal;
}

std::optional<Person> Directory::FindPerson(std::string_view person_id) const {
  std::shared_ptr<const Person> person = persons_.Find(std::string(person_id));
  if (!person) return std::nullopt;
  return *person;
}

std::optional<Key> Directory::FindKey(std::string_view key_id) const {
  std::shared_ptr<const Key> key = keys_by_id_.Find(std::string(key_id));
  if (!key) return std::nullopt;
  return *key;
}

void Directory::PutPerson(Person person) {
  std::string id = person.id;
  persons_.Put(id, std::make_shared<const Person>(std::move(person)));
}

void Directory::PutKey(const seal::Digest& hash, Key key) {
  auto row = std::make_shared<const Key>(std::move(key));
  // A session's key is looked up by id: revoked there first, so that no session
  // outlives its key.
  keys_by_id_.Put(row->id, row);
  keys_.Put(hash, row);
}

void Directory::PutSession(const seal::Digest& hash, Session session) {
  sessions_.Put(hash, std::make_shared<const Session>(std::move(session)));
}

void Directory::RemoveSession(const seal::Digest& hash) {
  sessions_.Remove(hash);
}

}  // namespace cofferdam::policy
