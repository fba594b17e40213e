#include "policy/sign_ins.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/json.h"
#include "policy/names.h"
#include "policy/rows_internal.h"
#include "policy/storage_internal.h"
#include "policy/store.h"
#include "seal/hash.h"

namespace cofferdam::policy {
namespace {

constexpr std::string_view kActor = "sso";
constexpr int64_t kPurgeRowsMax = 1000;

seal::Digest DigestOf(const ProviderSubject& who) {
  return seal::Sha256(who.issuer + "\n" + who.subject);
}

std::string Detail(std::string_view name, std::string_view value) {
  return JsonWriter().BeginObject().Field(name, value).EndObject().text();
}

bool Holds(std::span<const Role> roles, Role role) {
  return std::find(roles.begin(), roles.end(), role) != roles.end();
}

// The person that a statement's one parameter finds.
Result<std::optional<Person>> FindPerson(Database& writer,
                                         std::string_view where,
                                         std::string_view text) {
  TRY_ASSIGN(Statement select,
             writer.Prepare(fmt::format("SELECT {} FROM person WHERE {} = ?",
                                        kPersonColumns, where)));
  select.BindText(1, text);
  TRY_ASSIGN(const bool row, select.Step());
  if (!row) return std::optional<Person>();
  Person person = ReadPerson(select);
  TRY(select.Run());
  return std::optional<Person>(std::move(person));
}

}  // namespace

struct SignIns::Ended {
  KeyRow row;
};

std::string SubjectName(const ProviderSubject& who) {
  return ToHex(DigestOf(who)).substr(0, 16);
}

Status SignIns::UseUp(const SignIn& sign_in) {
  Database& writer = storage_.writer;
  TRY_ASSIGN(Statement purge,
             writer.Prepare("DELETE FROM sso_used WHERE digest IN"
                            " (SELECT digest FROM sso_used WHERE until <= ?"
                            " ORDER BY until LIMIT ?)"));
  purge.BindInt(1, storage_.clock.WallMicros()).BindInt(2, kPurgeRowsMax);
  TRY(purge.Run());
  TRY_ASSIGN(Statement insert,
             writer.Prepare("INSERT INTO sso_used (digest, until)"
                            " VALUES (?, ?) ON CONFLICT DO NOTHING"));
  insert.BindBlob(1, seal::Sha256(sign_in.once))
      .BindInt(2, sign_in.once_until_micros);
  TRY(insert.Run());
  if (writer.changes() == 0) {
    return Error(Code::kUnauthenticated, "sign-in: it was used before");
  }
  return {};
}

Status SignIns::EnsureTeam(std::string_view team) {
  TRY(CheckTeam(team));
  TRY_ASSIGN(Statement insert,
             storage_.writer.Prepare("INSERT INTO team (name, created)"
                                     " VALUES (?, ?) ON CONFLICT DO NOTHING"));
  insert.BindText(1, team).BindInt(2, storage_.clock.WallMicros());
  TRY(insert.Run());
  if (storage_.writer.changes() == 0) return {};
  return storage_.Audit(kActor, "team.add", team, "{}");
}

Status SignIns::SetTeam(std::string_view team, Person* person) {
  TRY(EnsureTeam(team));
  TRY_ASSIGN(Statement update, storage_.writer.Prepare(
                                   "UPDATE person SET team = ? WHERE id = ?"));
  update.BindText(1, team).BindText(2, person->id);
  TRY(update.Run());
  TRY(storage_.Audit(kActor, "person.team", person->id, Detail("team", team)));
  person->team = team;
  return {};
}

Status SignIns::Follow(const SignIn& sign_in, Person* person) {
  if (!sign_in.team.empty() && sign_in.team != person->team) {
    TRY(SetTeam(sign_in.team, person));
  }
  if (sign_in.email == person->email) return {};
  Database& writer = storage_.writer;
  TRY_ASSIGN(const std::optional<Person> other,
             FindPerson(writer, "email", sign_in.email));
  if (other) {
    return Error(Code::kConflict,
                 fmt::format("sign-in: subject {} is person {}, but its "
                             "address is person {}'s",
                             SubjectName(sign_in.who), person->id, other->id));
  }
  TRY_ASSIGN(Statement update,
             writer.Prepare("UPDATE person SET email = ? WHERE id = ?"));
  update.BindText(1, sign_in.email).BindText(2, person->id);
  TRY(update.Run());
  TRY(storage_.Audit(kActor, "person.address", person->id,
                     Detail("subject", SubjectName(sign_in.who))));
  person->email = sign_in.email;
  return {};
}

Result<std::optional<Person>> SignIns::FindBound(const ProviderSubject& who) {
  TRY_ASSIGN(Statement select,
             storage_.writer.Prepare(
                 "SELECT person FROM sso_subject WHERE digest = ?"));
  select.BindBlob(1, DigestOf(who));
  TRY_ASSIGN(const bool bound, select.Step());
  if (!bound) return std::optional<Person>();
  const std::string id(select.Text(0));
  TRY(select.Run());
  return FindPerson(storage_.writer, "id", id);
}

Result<Person> SignIns::AddPerson(const SignIn& sign_in) {
  if (sign_in.team.empty()) {
    return Error(Code::kNotFound,
                 "sign-in: a new person, and no team for them");
  }
  Person person{.id = storage_.ids.Next().ToString(),
                .email = sign_in.email,
                .team = sign_in.team,
                .created_at_micros = storage_.clock.WallMicros()};
  TRY(EnsureTeam(person.team));
  TRY_ASSIGN(
      Statement insert,
      storage_.writer.Prepare("INSERT INTO person (id, email, team, created)"
                              " VALUES (?, ?, ?, ?)"));
  insert.BindText(1, person.id)
      .BindText(2, person.email)
      .BindText(3, person.team)
      .BindInt(4, person.created_at_micros);
  TRY(insert.Run());
  TRY(storage_.Audit(kActor, "person.add", person.id,
                     Detail("team", person.team)));
  return person;
}

Status SignIns::Bind(const ProviderSubject& who, const Person& person) {
  TRY_ASSIGN(Statement insert,
             storage_.writer.Prepare(
                 "INSERT INTO sso_subject (digest, issuer, person, created)"
                 " VALUES (?, ?, ?, ?)"));
  insert.BindBlob(1, DigestOf(who))
      .BindText(2, who.issuer)
      .BindText(3, person.id)
      .BindInt(4, storage_.clock.WallMicros());
  const Status inserted = insert.Run();
  if (!inserted.ok() && inserted.error().code() == Code::kConflict) {
    return Error(Code::kConflict,
                 fmt::format("sign-in: subject {} has the address of person "
                             "{}, who signs in as another subject",
                             SubjectName(who), person.id));
  }
  TRY(inserted);
  return storage_.Audit(kActor, "sso.bind", person.id,
                        JsonWriter()
                            .BeginObject()
                            .Field("issuer", who.issuer)
                            .Field("subject", SubjectName(who))
                            .EndObject()
                            .text());
}

Result<Person> SignIns::FindOrAdd(const SignIn& sign_in) {
  TRY_ASSIGN(std::optional<Person> person, FindBound(sign_in.who));
  if (!person) {
    TRY_ASSIGN(person, FindPerson(storage_.writer, "email", sign_in.email));
    if (!person) {
      TRY_ASSIGN(person, AddPerson(sign_in));
    }
    TRY(Bind(sign_in.who, *person));
  } else if (person->erased_at_micros) {
    return Error(Code::kDenied,
                 fmt::format("sign-in: person {} has been erased", person->id));
  }
  TRY(Follow(sign_in, &*person));
  return *std::move(person);
}

Result<CreatedKey> SignIns::AddKey(const SignIn& sign_in, const Person& person,
                                   seal::Digest* hash) {
  Database& writer = storage_.writer;
  CreatedKey created;
  created.secret = MakeSecret(
      sign_in.role == Role::kEngineer ? KeyKind::kEngineer : KeyKind::kAdmin,
      storage_.random);
  *hash = HashSecret(created.secret);
  Key& key = created.key;
  key.id = storage_.ids.Next().ToString();
  key.prefix = DisplayPrefix(created.secret);
  key.role = sign_in.role;
  key.person_id = person.id;
  key.email = person.email;
  key.created_at_micros = storage_.clock.WallMicros();
  key.expires_at_micros = key.created_at_micros + sign_in.key_lifetime_micros;
  TRY_ASSIGN(Statement insert,
             writer.Prepare("INSERT INTO key (id, hash, prefix, role, person,"
                            " created, expires) VALUES (?, ?, ?, ?, ?, ?, ?)"));
  insert.BindText(1, key.id)
      .BindBlob(2, *hash)
      .BindText(3, key.prefix)
      .BindText(4, RoleName(key.role))
      .BindText(5, key.person_id)
      .BindInt(6, key.created_at_micros)
      .BindInt(7, key.expires_at_micros);
  TRY(insert.Run());
  TRY_ASSIGN(Statement note,
             writer.Prepare("INSERT INTO sso_key (key) VALUES (?)"));
  note.BindText(1, key.id);
  TRY(note.Run());
  TRY(storage_.Audit(kActor, "key.create", key.id,
                     JsonWriter()
                         .BeginObject()
                         .Field("person", key.person_id)
                         .Field("role", RoleName(key.role))
                         .Field("prefix", key.prefix)
                         .FieldIfSet("expires_at_micros", key.expires_at_micros)
                         .Field("issuer", sign_in.who.issuer)
                         .Field("subject", SubjectName(sign_in.who))
                         .EndObject()
                         .text()));
  return created;
}

Result<std::vector<SignIns::Ended>> SignIns::EndKeys(
    std::string_view person_id, std::span<const Role> roles) {
  const int64_t now = storage_.clock.WallMicros();
  TRY_ASSIGN(Statement select,
             storage_.writer.Prepare(fmt::format(
                 "SELECT {} FROM key JOIN person ON person.id = key.person"
                 " JOIN sso_key ON sso_key.key = key.id"
                 " WHERE key.person = ? AND key.revoked IS NULL"
                 " AND key.expires > ? ORDER BY key.created DESC, key.id DESC",
                 kKeyColumns)));
  select.BindText(1, person_id).BindInt(2, now);
  TRY_ASSIGN(std::vector<KeyRow> live, ReadAll(select, ReadKey));
  std::vector<Ended> ended;
  int64_t of_role[std::size(kRoles)] = {};
  for (KeyRow& row : live) {
    int64_t& count = of_role[static_cast<size_t>(row.key.role)];
    const bool may = Holds(roles, row.key.role);
    if (may && ++count <= kLiveKeysMax) continue;
    TRY_ASSIGN(
        Statement update,
        storage_.writer.Prepare("UPDATE key SET revoked = ? WHERE id = ?"));
    update.BindInt(1, now).BindText(2, row.key.id);
    TRY(update.Run());
    TRY(storage_.Audit(
        kActor, "key.revoke", row.key.id,
        JsonWriter()
            .BeginObject()
            .Field("prefix", row.key.prefix)
            .Field("why", may ? "newer keys" : "no group gives the role")
            .EndObject()
            .text()));
    row.key.revoked_at_micros = now;
    ended.push_back({std::move(row)});
  }
  return ended;
}

Result<CreatedKey> SignIns::Take(const SignIn& sign_in) {
  CHECK(Holds(sign_in.roles, sign_in.role));
  SignIn normal = sign_in;
  TRY_ASSIGN(normal.email, NormaliseEmail(sign_in.email));
  std::lock_guard lock(storage_.writer_mutex);
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_.writer));
  TRY(UseUp(normal));
  TRY_ASSIGN(const Person person, FindOrAdd(normal));
  seal::Digest hash;
  TRY_ASSIGN(CreatedKey created, AddKey(normal, person, &hash));
  TRY_ASSIGN(std::vector<Ended> ended, EndKeys(person.id, normal.roles));
  TRY(transaction.Commit());
  directory_->PutPerson(person);
  for (Ended& end : ended) {
    directory_->PutKey(end.row.hash, std::move(end.row.key));
  }
  directory_->PutKey(hash, created.key);
  return created;
}

Status SignIns::Withdraw(const ProviderSubject& who,
                         std::span<const Role> roles) {
  std::lock_guard lock(storage_.writer_mutex);
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_.writer));
  TRY_ASSIGN(const std::optional<Person> person, FindBound(who));
  if (!person) return {};
  TRY_ASSIGN(std::vector<Ended> ended, EndKeys(person->id, roles));
  TRY(transaction.Commit());
  for (Ended& end : ended) {
    directory_->PutKey(end.row.hash, std::move(end.row.key));
  }
  return {};
}

}  // namespace cofferdam::policy
