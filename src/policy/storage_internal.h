#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/sqlite.h"
#include "base/ulid.h"

namespace cofferdam::policy {

// `policy.sqlite`, as the classes of this room that keep tables in it share it.
//
// One connection writes and checkpoints, another one, query_only, reads, each
// under its own mutex, so that lists never wait for a commit. Whoever uses a
// connection holds its mutex for as long as he has statements of it. A change
// is one transaction of the writer: the rows, then Audit(), then Commit(); what
// is kept in memory changes after the commit and still under the mutex, so that
// memory follows the order of the file. The fields are public, since every rule
// about them is the one above.
struct Storage {
  // Makes the folder (0700) and the file (0600) when missing, and brings an
  // older schema up to date. Errors as Store::Open.
  static Result<std::unique_ptr<Storage>> Open(const std::string& folder,
                                               const Clock& clock,
                                               Random& random,
                                               const std::string& vfs);

  // Adds the row that tells of a change, within its transaction. `actor` as
  // Store says, `detail` a JSON object; no e-mail address in any of them.
  Status Audit(std::string_view actor, std::string_view action,
               std::string_view subject, std::string_view detail);
  // The same; the row's id.
  Result<std::string> AuditRowId(std::string_view actor,
                                 std::string_view action,
                                 std::string_view subject,
                                 std::string_view detail);

  const Clock& clock;
  Random& random;
  UlidGenerator ids;  // safe from any thread

  std::mutex writer_mutex;
  Database writer;

  std::mutex reader_mutex;
  Database reader;

  Storage(Database writing, Database reading, const Clock& the_clock,
          Random& the_random)
      : clock(the_clock),
        random(the_random),
        ids(the_clock, the_random),
        writer(std::move(writing)),
        reader(std::move(reading)) {}
};

}  // namespace cofferdam::policy
