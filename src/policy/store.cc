#include "policy/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "policy/names.h"
#include "policy/rows_internal.h"
#include "policy/storage_internal.h"

namespace cofferdam::policy {
namespace {

constexpr int64_t kAuditRowsMax = 100'000;

}  // namespace

Result<std::unique_ptr<Store>> Store::Open(const std::string& folder,
                                           const Clock& clock, Random& random,
                                           const StoreOptions& options) {
  auto open = [&]() -> Result<std::unique_ptr<Store>> {
    TRY_ASSIGN(auto storage, Storage::Open(folder, clock, random, options.vfs));
    std::unique_ptr<Store> store(new Store(std::move(storage), options));
    TRY(store->LoadDirectory());
    TRY_ASSIGN(store->measures_, Measures::Open(*store->storage_));
    TRY_ASSIGN(store->approvals_, Approvals::Open(*store->storage_));
    TRY_ASSIGN(store->caps_, Caps::Open(*store->storage_));
    return store;
  };
  Result<std::unique_ptr<Store>> opened = open();
  if (!opened.ok()) {
    return std::move(opened).error().Within("open the policy store");
  }
  return opened;
}

Store::Store(std::unique_ptr<Storage> storage, const StoreOptions& options)
    : storage_(std::move(storage)),
      audit_log_(*storage_),
      options_(options),
      directory_(std::make_shared<Directory>()),
      sign_ins_(*storage_, directory_),
      purged_at_micros_(storage_->clock.WallMicros()) {}

Store::~Store() { directory_->Close(); }

Status Store::LoadDirectory() {
  TRY_ASSIGN(Statement persons, storage_->reader.Prepare(fmt::format(
                                    "SELECT {} FROM person", kPersonColumns)));
  TRY_ASSIGN(bool row, persons.Step());
  for (; row;) {
    directory_->PutPerson(ReadPerson(persons));
    TRY_ASSIGN(row, persons.Step());
  }
  TRY_ASSIGN(Statement keys,
             storage_->reader.Prepare(fmt::format(
                 "SELECT {} FROM key JOIN person ON person.id = key.person",
                 kKeyColumns)));
  TRY_ASSIGN(row, keys.Step());
  for (; row;) {
    KeyRow read = ReadKey(keys);
    directory_->PutKey(read.hash, std::move(read.key));
    TRY_ASSIGN(row, keys.Step());
  }
  TRY_ASSIGN(Statement sessions,
             storage_->reader.Prepare(
                 fmt::format("SELECT {} FROM session_key", kSessionColumns)));
  TRY_ASSIGN(row, sessions.Step());
  for (; row;) {
    SessionRow read = ReadSession(sessions);
    directory_->PutSession(read.hash, std::move(read.session));
    TRY_ASSIGN(row, sessions.Step());
  }
  TRY_ASSIGN(std::shared_ptr<const TeamTree> tree, ReadTeamTree());
  directory_->PutTeams(std::move(tree));
  directory_->Open();
  return {};
}

Result<Person> Store::FindPersonRow(std::string_view id_or_email) {
  Result<Ulid> id = Ulid::Parse(id_or_email);
  std::string name;
  if (id.ok()) {
    name = id->ToString();
  } else {
    TRY_ASSIGN(name, NormaliseEmail(id_or_email));
  }
  TRY_ASSIGN(Statement select, storage_->writer.Prepare(fmt::format(
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
  std::lock_guard lock(storage_->writer_mutex);
  Person person{.id = storage_->ids.Next().ToString(),
                .email = address,
                .team = std::string(team),
                .created_at_micros = storage_->clock.WallMicros()};
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_->writer));
  TRY(EnsureTeam(team, actor));
  TRY_ASSIGN(
      Statement insert,
      storage_->writer.Prepare("INSERT INTO person (id, email, team, created)"
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
  TRY(storage_->Audit(
      actor, "person.add", person.id,
      JsonWriter().BeginObject().Field("team", team).EndObject().text()));
  TRY_ASSIGN(std::shared_ptr<const TeamTree> tree, ReadTeamTree());
  TRY(transaction.Commit());
  directory_->PutTeams(std::move(tree));
  directory_->PutPerson(person);
  return person;
}

Result<Person> Store::FindPerson(std::string_view id_or_email) {
  std::lock_guard lock(storage_->writer_mutex);
  return FindPersonRow(id_or_email);
}

Result<std::vector<Person>> Store::ListPersons() {
  std::lock_guard lock(storage_->reader_mutex);
  TRY_ASSIGN(Statement select, storage_->reader.Prepare(fmt::format(
                                   "SELECT {} FROM person ORDER BY created, id",
                                   kPersonColumns)));
  return ReadAll(select, ReadPerson);
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
  std::lock_guard lock(storage_->writer_mutex);
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_->writer));
  TRY(storage_->Audit(actor, "text.read", subject, detail));
  return transaction.Commit();
}

Status Store::AuditOverride(std::string_view rule, const Question& question,
                            std::string_view actor) {
  JsonWriter detail;
  detail.BeginObject()
      .Field("person", question.person_id)
      .Field("contract", question.contract)
      .Field("terms", TermsClassName(question.terms_class))
      .FieldIfSet("repo", question.repo)
      .FieldIfSet("purpose", question.purpose)
      .EndObject();
  std::lock_guard lock(storage_->writer_mutex);
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_->writer));
  TRY(storage_->Audit(actor, "terms.override", rule, detail.text()));
  return transaction.Commit();
}

Result<std::vector<AuditRow>> Store::ListAudit(int64_t limit) {
  if (limit < 1 || limit > kAuditRowsMax) {
    return Error(Code::kInvalid,
                 fmt::format("limit: must be 1 to {}", kAuditRowsMax));
  }
  std::lock_guard lock(storage_->reader_mutex);
  TRY_ASSIGN(Statement select, storage_->reader.Prepare(
                                   "SELECT sequence, id, time, actor, action,"
                                   " subject, detail FROM audit"
                                   " ORDER BY sequence DESC LIMIT ?"));
  select.BindInt(1, limit);
  TRY_ASSIGN(std::vector<AuditRow> rows, ReadAll(select, ReadAudit));
  std::reverse(rows.begin(), rows.end());
  return rows;
}

}  // namespace cofferdam::policy
