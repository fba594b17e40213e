#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "base/json.h"
#include "policy/rows_internal.h"
#include "policy/storage_internal.h"
#include "policy/store.h"

namespace cofferdam::policy {

Status Store::EraseRow(std::string_view person, std::string_view actor) {
  TRY_ASSIGN(Transaction transaction, Transaction::Begin(storage_->writer));
  TRY_ASSIGN(Person row, FindPersonRow(person));
  if (row.erased_at_micros) return {};
  int64_t now = storage_->clock.WallMicros();
  TRY_ASSIGN(Statement update,
             storage_->writer.Prepare(
                 "UPDATE person SET email = NULL, erased = ? WHERE id = ?"));
  update.BindInt(1, now).BindText(2, row.id);
  TRY(update.Run());
  TRY_ASSIGN(Statement revoke,
             storage_->writer.Prepare("UPDATE key SET revoked = ?"
                                      " WHERE person = ? AND revoked IS NULL"));
  revoke.BindInt(1, now).BindText(2, row.id);
  TRY(revoke.Run());
  int64_t revoked = storage_->writer.changes();
  TRY(storage_->Audit(actor, "person.erase", row.id,
                      JsonWriter()
                          .BeginObject()
                          .Field("keys_revoked", revoked)
                          .EndObject()
                          .text()));
  TRY_ASSIGN(Statement select,
             storage_->writer.Prepare(fmt::format(
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

Status Store::ErasePerson(std::string_view person, std::string_view actor) {
  std::scoped_lock lock(storage_->writer_mutex, storage_->reader_mutex);
  TRY(EraseRow(person, actor));
  // The write-ahead log still holds pages with the address. Nobody reads now,
  // so that all of it goes into the file, where deleted bytes are zeroed.
  auto emptied = storage_->writer.QueryInt("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!emptied.ok()) return std::move(emptied).error();
  if (*emptied == 0) return {};
  return Error(Code::kUnavailable,
               "the person is erased, but the address may still stand in the "
               "store's log; erase them again in a moment");
}

}  // namespace cofferdam::policy
