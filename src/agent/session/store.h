#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/conversation.h"
#include "agent/session/entry.h"
#include "agent/session/session_file.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "base/ulid.h"

namespace cofferdam::agent {

// Of those that List answers, newest first.
inline constexpr size_t kSessionsListedMax = 1'000;
// Of a folder that are looked at; a folder with more is an error.
inline constexpr size_t kSessionsInFolderMax = 100'000;

// The sessions of a user, a file each, in a folder for each workspace
// (docs/formats/code-session.md). Folders 0700, files 0600. Opening it touches
// nothing. For one thread.
class SessionStore {
 public:
  // `folder`: "$XDG_STATE_HOME/cofferdam/code/sessions". `clock` and `random`
  // outlive it and what it opens.
  SessionStore(std::string folder, const Clock& clock, Random& random,
               const SessionFileLimits& limits = {});

  struct Opened {
    std::unique_ptr<SessionFile> file;
    SessionState state;
  };

  // A new session; `begin.id` and times are made here. On disk with its first
  // prompt.
  Opened Create(SessionBegin begin);
  // Goes on with a session: its id, or the beginning of one of at least 4
  // characters that only one has. kNotFound, kConflict where several begin so
  // or another process has it open.
  Result<Opened> Open(std::string_view id);
  // A copy of a session under a new id, which may be open elsewhere. Without
  // the turns from `before_turn` on, if one is named.
  Result<Opened> Fork(std::string_view id,
                      std::optional<uint64_t> before_turn = std::nullopt);
  // Deletes the session of just this id; false: there is none. kConflict where
  // it is open.
  Result<bool> Delete(std::string_view id);
  // The id of the session of `workspace` that changed last; empty: there is
  // none.
  Result<std::string> Newest(const std::string& workspace) const;
  // Of `workspace`, or of all when it is empty; newest first. Reads the first
  // and the last bytes of each file; files that are no sessions are left out.
  Result<std::vector<SessionSummary>> List(const std::string& workspace) const;

 private:
  struct Found;

  std::string FolderFor(const std::string& workspace) const;
  Result<std::vector<std::string>> Folders() const;
  Result<std::vector<Found>> FindIn(
      const std::vector<std::string>& folders) const;
  Result<std::string> PathOf(std::string_view id) const;

  std::string folder_;
  const Clock& clock_;
  UlidGenerator ids_;
  SessionFileLimits limits_;
};

}  // namespace cofferdam::agent
