#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/conversation.h"
#include "agent/session/session_file.h"
#include "base/result.h"

namespace cofferdam::agent {

// What a session's file says.
struct SessionRead {
  SessionState state;
  std::vector<RewindPoint> points;  // files not yet told
  // Turn and snapshot, oldest first.
  std::vector<std::pair<uint64_t, std::string>> snapshots;
  // Of the whole lines, and of what follows them.
  uint64_t bytes = 0;
  uint64_t torn_bytes = 0;
  // Where the history in effect is another than what the lines say, since it
  // was put right: messages from here on. None: it was valid.
  std::optional<uint64_t> mended_from;
  // How many messages the lines say.
  uint64_t messages_in_file = 0;
};

// The snapshots that still say how the workspace stood before a turn, after a
// rewind to before `turn`.
std::vector<std::pair<uint64_t, std::string>> SnapshotsAfterRewind(
    std::vector<std::pair<uint64_t, std::string>> snapshots, uint64_t turn,
    RewindOf what);

// Reads the file `fd` (any position; it is not changed) in bounded memory
// beside what it answers: lines are found first, and only those that are still
// in effect are parsed. Damaged lines are left out and noted.
Result<SessionRead> ReadSession(int fd, const std::string& path);

}  // namespace cofferdam::agent
