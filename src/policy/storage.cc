#include <utility>

#include "base/file.h"
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
  Database::Options reading;
  reading.mode = Database::Mode::kRead;
  reading.vfs = vfs;
  TRY_ASSIGN(Database reader, Database::Open(path, reading));
  return std::make_unique<Storage>(std::move(writer), std::move(reader), clock,
                                   random);
}

Status Storage::Audit(std::string_view actor, std::string_view action,
                      std::string_view subject, std::string_view detail) {
  TRY_ASSIGN(Statement insert,
             writer.Prepare("INSERT INTO audit"
                            " (id, time, actor, action, subject, detail)"
                            " VALUES (?, ?, ?, ?, ?, ?)"));
  insert.BindText(1, ids.Next().ToString())
      .BindInt(2, clock.WallMicros())
      .BindText(3, actor)
      .BindText(4, action)
      .BindText(5, subject)
      .BindText(6, detail);
  return insert.Run();
}

}  // namespace cofferdam::policy
