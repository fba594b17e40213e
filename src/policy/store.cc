#include "policy/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "base/json.h"
#include "policy/names.h"
#include "policy/rows_internal.h"
#include "policy/schema.h"

namespace cofferdam::policy {
namespace {

constexpr int64_t kAuditRowsMax = 100'000;
constexpr size_t kReasonBytesMax = 500;

}  // namespace

Result<std::unique_ptr<Store>> Store::Open(const std::string& folder,
                                           const Clock& clock, Random& random,
                                           const StoreOptions& options) {
  auto open = [&]() -> Result<std::unique_ptr<Store>> {
    TRY(MakeFolder(folder, 0700));
    std::string path = folder + "/policy.sqlite";
    Database::Options writing;
    writing.mode = Database::Mode::kCreate;
    writing.synchronous = Database::Synchronous::kFull;
    writing.check_integrity = true;
    writing.vfs = options.vfs;
    TRY_ASSIGN(Database writer, Database::Open(path, writing));
    TRY(UpdateSchema(writer));
    Database::Options reading;
    reading.mode = Database::Mode::kRead;
    reading.vfs = options.vfs;
    TRY_ASSIGN(Database reader, Database::Open(path, reading));
    std::unique_ptr<Store> store(new Store(std::move(writer), std::move(reader),
                                           clock, random, options));
    TRY(store->LoadDirectory());
    return store;
  };
  Result<std::unique_ptr<Store>> opened = open();
  if (!opened.ok()) {
    return std::move(opened).error().Within("open the policy store");
  }
  return opened;
}

Store::Store(Database writer, Database reader, const Clock& clock,
             Random& random, const StoreOptions& options)
    : clock_(clock),
      random_(random),
      options_(options),
      ids_(clock, random),
      directory_(std::make_shared<Directory>()),
      writer_(std::move(writer)),
      purged_at_micros_(clock.WallMicros()),
      reader_(std::move(reader)) {}

Store::~Store() { directory_->Close(); }

Status Store::LoadDirectory() {
  TRY_ASSIGN(Statement persons, reader_.Prepare(fmt::format(
                                    "SELECT {} FROM person", kPersonColumns)));
  TRY_ASSIGN(bool row, persons.Step());
  for (; row;) {
    directory_->PutPerson(ReadPerson(persons));
    TRY_ASSIGN(row, persons.Step());
  }
  TRY_ASSIGN(Statement keys,
             reader_.Prepare(fmt::format(
                 "SELECT {} FROM key JOIN person ON person.id = key.person",
                 kKeyColumns)));
  TRY_ASSIGN(row, keys.Step());
  for (; row;) {
    KeyRow read = ReadKey(keys);
    directory_->PutKey(read.hash, std::move(read.key));
    TRY_ASSIGN(row, keys.Step());
  }
  TRY_ASSIGN(Statement sessions,
             reader_.Prepare(
                 fmt::format("SELECT {} FROM session_key", kSessionColumns)));
  TRY_ASSIGN(row, sessions.Step());
  for (; row;) {
    SessionRow read = ReadSession(sessions);
    directory_->PutSession(read.hash, std::move(read.session));
    TRY_ASSIGN(row, sessions.Step());
  }
  directory_->Open();
  return {};
}

Status Store::Audit(std::string_view actor, std::string_view action,
                    std::string_view subject, std::string_view detail) {
  TRY_ASSIGN(Statement insert,
             writer_.Prepare("INSERT INTO audit"
                             " (id, time, actor, action, subject, detail)"
                             " VALUES (?, ?, ?, ?, ?, ?)"));
  insert.BindText(1, ids_.Next().ToString())
      .BindInt(2, clock_.WallMicros())
      .BindText(3, actor)
      .BindText(4, action)
      .BindText(5, subject)
      .BindText(6, detail);
  return insert.Run();
}

Status Store::EnsureTeam(std::string_view team, std::string_view actor) {
  TRY_ASSIGN(Statement insert,
             writer_.Prepare("INSERT INTO team (name, created) VALUES (?, ?)"
                             " ON CONFLICT DO NOTHING"));
  insert.BindText(1, team).BindInt(2, clock_.WallMicros());
  TRY(insert.Run());
  if (writer_.changes() == 0) return {};
  return Audit(actor, "team.add", team, "{}");
}

Result<Person> Store::FindPersonRow(std::string_view id_or_email) {
  Result<Ulid> id = Ulid::Parse(id_or_email);
  std::string name;
  if (id.ok()) {
    name = id->ToString();
  } else {
    TRY_ASSIGN(name, NormaliseEmail(id_or_email));
  }
  TRY_ASSIGN(Statement select, writer_.Prepare(fmt::format(
                                   "SELECT {} FROM person WHERE {} = ?",
                                   kPersonColumns, id.ok() ? "id" : "email")));
  select.BindText(1, name);
  TRY_ASSIGN(bool row, select.Step());
  if (!row) {
    return Error(Code::kNotFound,
                 fmt::format("person {}: not known; `cofferdam person add` "
                             "makes one",
                             name));
  }
  return ReadPerson(select);
}

Result<Person> Store::AddPerson(std::string_view email, std::string_view team,
                                std::string_view actor) {
  TRY_ASSIGN(std::string address, NormaliseEmail(email));
  TRY(CheckTeam(team));
  std::lock_guard lock(writer_mutex_);
  Person person{.id = ids_.Next().ToString(),
                .email = address,
                .team = std::string(team),
                .created_at_micros = clock_.WallMicros()};
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(writer_));
  TRY(EnsureTeam(team, actor));
  TRY_ASSIGN(Statement insert,
             writer_.Prepare("INSERT INTO person (id, email, team, created)"
                             " VALUES (?, ?, ?, ?)"));
  insert.BindText(1, person.id)
      .BindText(2, person.email)
      .BindText(3, person.team)
      .BindInt(4, person.created_at_micros);
  Status inserted = insert.Run();
  if (!inserted.ok() && inserted.error().code() == Code::kConflict) {
    return Error(Code::kConflict,
                 fmt::format("person {}: exists already", address));
  }
  TRY(inserted);
  TRY(Audit(actor, "person.add", person.id,
            JsonWriter().BeginObject().Field("team", team).EndObject().text()));
  TRY(transaction.Commit());
  directory_->PutPerson(person);
  return person;
}

Result<std::vector<Person>> Store::ListPersons() {
  std::lock_guard lock(reader_mutex_);
  TRY_ASSIGN(Statement select, reader_.Prepare(fmt::format(
                                   "SELECT {} FROM person ORDER BY created, id",
                                   kPersonColumns)));
  return ReadAll(select, ReadPerson);
}

Status Store::ErasePerson(std::string_view person, std::string_view actor) {
  std::lock_guard lock(writer_mutex_);
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(writer_));
  TRY_ASSIGN(Person row, FindPersonRow(person));
  if (row.erased_at_micros) return {};
  int64_t now = clock_.WallMicros();
  TRY_ASSIGN(Statement update,
             writer_.Prepare(
                 "UPDATE person SET email = NULL, erased = ? WHERE id = ?"));
  update.BindInt(1, now).BindText(2, row.id);
  TRY(update.Run());
  TRY_ASSIGN(Statement revoke,
             writer_.Prepare("UPDATE key SET revoked = ?"
                             " WHERE person = ? AND revoked IS NULL"));
  revoke.BindInt(1, now).BindText(2, row.id);
  TRY(revoke.Run());
  int64_t revoked = writer_.changes();
  TRY(Audit(actor, "person.erase", row.id,
            JsonWriter()
                .BeginObject()
                .Field("keys_revoked", revoked)
                .EndObject()
                .text()));
  TRY_ASSIGN(Statement select,
             writer_.Prepare(fmt::format(
                 "SELECT {} FROM key JOIN person ON person.id = key.person"
                 " WHERE key.person = ?",
                 kKeyColumns)));
  select.BindText(1, row.id);
  TRY_ASSIGN(std::vector<KeyRow> keys, ReadAll(select, ReadKey));
  TRY(transaction.Commit());
  for (KeyRow& key : keys) directory_->PutKey(key.hash, std::move(key.key));
  row.email.clear();
  row.erased_at_micros = now;
  directory_->PutPerson(std::move(row));
  return {};
}

Status Store::AuditRead(std::string_view subject, std::string_view reason,
                        std::string_view detail, std::string_view actor) {
  if (reason.find_first_not_of(" \t\r\n") == std::string_view::npos ||
      reason.size() > kReasonBytesMax) {
    return Error(Code::kInvalid,
                 fmt::format("reason: reading recorded text needs one, of at "
                             "most {} bytes",
                             kReasonBytesMax));
  }
  std::lock_guard lock(writer_mutex_);
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(writer_));
  TRY(Audit(actor, "text.read", subject, detail));
  return transaction.Commit();
}

Result<std::vector<AuditRow>> Store::ListAudit(int64_t limit) {
  if (limit < 1 || limit > kAuditRowsMax) {
    return Error(Code::kInvalid,
                 fmt::format("limit: must be 1 to {}", kAuditRowsMax));
  }
  std::lock_guard lock(reader_mutex_);
  TRY_ASSIGN(Statement select,
             reader_.Prepare("SELECT sequence, id, time, actor, action,"
                             " subject, detail FROM audit"
                             " ORDER BY sequence DESC LIMIT ?"));
  select.BindInt(1, limit);
  TRY_ASSIGN(std::vector<AuditRow> rows,
             ReadAll(select, [](const Statement& row) {
               return AuditRow{.sequence = row.Int(0),
                               .id = std::string(row.Text(1)),
                               .time_micros = row.Int(2),
                               .actor = std::string(row.Text(3)),
                               .action = std::string(row.Text(4)),
                               .subject = std::string(row.Text(5)),
                               .detail = std::string(row.Text(6))};
             }));
  std::reverse(rows.begin(), rows.end());
  return rows;
}

}  // namespace cofferdam::policy
