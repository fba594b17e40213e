#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace cofferdam::agent {

// What a turn did to the files of a workspace.
struct TurnStates {
  std::string session;
  int64_t at_micros = 0;
  // Commits of the store: before the turn's first change, and, of a workspace
  // too large to be looked at, before later first changes of other files.
  std::vector<std::string> before;
  // As the turn left them; empty: it was killed, or still runs.
  std::string after;
};

// The turns of all sessions of a workspace, oldest first, in a file that is
// only appended to, one line in one write (docs/formats/code-files.md).
class StateJournal {
 public:
  explicit StateJournal(std::string path) : path_(std::move(path)) {}

  Status AddBefore(const std::string& session, const std::string& before,
                   int64_t at_micros);
  Status AddAlso(const std::string& session, const std::string& before,
                 const std::string& also);
  Status AddAfter(const std::string& session, const std::string& before,
                  const std::string& after);
  // The session went back to before that turn: it and later ones are undone.
  Status AddRestored(const std::string& session, const std::string& before);

  // Turns that are not undone. Damaged lines are passed over.
  Result<std::vector<TurnStates>> Read() const;
  // Replaces the file by one that has only these.
  Status Rewrite(const std::vector<TurnStates>& turns);

 private:
  Status Append(const std::string& line);

  std::string path_;
};

}  // namespace cofferdam::agent
