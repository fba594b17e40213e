#include <utility>

#include "base/file.h"
#include "policy/audit_leaf_internal.h"
#include "policy/schema.h"
#include "policy/storage_internal.h"

namespace cofferdam::policy {

Result<std::unique_ptr<Storage>> Storage::Open(const std::string& folder,
                                               const Clock& clock,
                                               Random& random,
                                               const std::string& vfs) {
  TRY(MakeFolder(folder, 0700));
  std::string path = folder + "/policy.sqlite";
  Database::Options writing;
  writing.mode = Database::Mode::kCreate;
  writing.synchronous = Database::Synchronous::kFull;
  writing.check_integrity = true;
  writing.vfs = vfs;
  TRY_ASSIGN(Database writer, Database::Open(path, writing));
  TRY(UpdateSchema(writer));
  // What was deleted, such as the address of a person, is overwritten.
  TRY(writer.Execute("PRAGMA secure_delete = ON"));
  TRY(TakeInOlderAudit(writer, random));
  Database::Options reading;
  reading.mode = Database::Mode::kRead;
  reading.vfs = vfs;
  TRY_ASSIGN(Database reader, Database::Open(path, reading));
  return std::make_unique<Storage>(std::move(writer), std::move(reader), clock,
                                   random);
}

Status Storage::Audit(std::string_view actor, std::string_view action,
                      std::string_view subject, std::string_view detail) {
  TRY(AuditRowId(actor, action, subject, detail));
  return {};
}

Result<std::string> Storage::AuditRowId(std::string_view actor,
                                        std::string_view action,
                                        std::string_view subject,
                                        std::string_view detail) {
  AuditRow row{.id = ids.Next().ToString(),
               .time_micros = clock.WallMicros(),
               .actor = std::string(actor),
               .action = std::string(action),
               .subject = std::string(subject),
               .detail = std::string(detail)};
  TRY_ASSIGN(Statement insert,
             writer.Prepare("INSERT INTO audit"
                            " (id, time, actor, action, subject, detail)"
                            " VALUES (?, ?, ?, ?, ?, ?)"));
  insert.BindText(1, row.id)
      .BindInt(2, row.time_micros)
      .BindText(3, row.actor)
      .BindText(4, row.action)
      .BindText(5, row.subject)
      .BindText(6, row.detail);
  TRY(insert.Run());
  TRY_ASSIGN(row.sequence, writer.QueryInt("SELECT last_insert_rowid()"));
  TRY(AddAuditLeaf(writer, row, random));
  return row.id;
}

}  // namespace cofferdam::policy
