#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/conversation.h"
#include "agent/message.h"
#include "agent/observer.h"
#include "agent/session/entry.h"
#include "agent/tool.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/result.h"

namespace cofferdam::agent {

struct SessionFileLimits {
  size_t line_bytes_max = kSessionLineBytesMax;
  // Of one file. A fork begins a new one with the same lines, a session of the
  // same workspace an empty one.
  uint64_t file_bytes_max = uint64_t{1} << 30;
};

// What a session came to so far: what a conversation goes on from.
struct SessionState {
  SessionBegin begin;
  // In effect: after compactions and rewinds. Always valid.
  std::vector<Message> messages;
  std::vector<PlanEntry> plan;
  Meter meter;
  Mode mode = Mode::kAsk;
  std::string model;
  std::string profile;
  uint64_t turns = 0;  // that are in effect
  // What was cut off or put right, one sentence each, for people.
  std::vector<std::string> notes;
};

// The file of one session, open for appending: one process has it, in one
// place. A line is with the operating system before its function returns, by
// one write, so that kill -9 costs at most a line that was being written. Not
// synced: power loss may cost the last seconds. An error leaves the file as it
// was before the call: kExhausted for a full disk and for file_bytes_max,
// kTooLarge for a line beyond line_bytes_max, kInvalid for a message that would
// make the history invalid. For one thread.
class SessionFile {
 public:
  // Begins nothing on disk: the file is made with the first prompt, whose first
  // words become the title. Until then everything else is only remembered.
  static std::unique_ptr<SessionFile> New(std::string path, SessionBegin begin,
                                          const Clock& clock,
                                          const SessionFileLimits& limits = {});
  // Reads `path` and holds it. A last line without its end is cut off.
  // kConflict when it is open elsewhere, kNotFound, kCorrupt without a first
  // line.
  static Result<std::unique_ptr<SessionFile>> Open(
      std::string path, const Clock& clock, SessionState* state,
      const SessionFileLimits& limits = {});

  // kConflict when it is open anywhere, kNotFound.
  static Status Delete(const std::string& path);

  const std::string& id() const { return begin_.id; }
  const std::string& path() const { return path_; }
  const std::string& workspace() const { return begin_.workspace; }
  // Messages in effect.
  uint64_t messages() const { return messages_; }
  // Of the turn that runs, or ran last; from 1, 0: none has begun.
  uint64_t turn() const { return turn_; }

  // Begins a turn; text and note as in a message of the user.
  Status AppendPrompt(const std::string& text, const std::string& note = "");
  // Any other message: an answer, an outcome, a word of ours to the model.
  Status Append(const Message& message,
                std::span<const std::string> changed = {});
  // Once a turn, before the workspace is changed.
  Status AppendFiles(const std::string& snapshot);
  Status AppendReplace(uint64_t from, uint64_t to,
                       std::span<const Message> replacement,
                       std::string_view why);
  Status AppendModel(const std::string& model, const std::string& profile);
  Status AppendMode(Mode mode);
  Status AppendPlan(std::span<const PlanEntry> plan);
  Status AppendMeter(const Meter& meter);
  Status AppendEnd(std::string_view how, std::string_view why);
  // The digest of what every request begins with; kept with the first prompt.
  void set_system_digest(std::string digest);

  // Where the conversation can go back to, oldest first.
  std::vector<RewindPoint> Points() const;
  // How the workspace stood before that turn; none: nothing has changed since.
  std::optional<std::string> SnapshotBefore(uint64_t turn) const;
  // Goes back to before that turn's prompt, and answers what is in effect then.
  // What it says of kFiles is only recorded. kNotFound for a turn that is not
  // in effect.
  Result<SessionState> Rewind(uint64_t turn, RewindOf what);

 private:
  struct Snapshot {
    uint64_t turn = 0;
    std::string id;
  };
  struct Read;

  SessionFile(std::string path, SessionBegin begin, const Clock& clock,
              const SessionFileLimits& limits)
      : path_(std::move(path)),
        begin_(std::move(begin)),
        clock_(clock),
        limits_(limits) {}

  Status Write(const std::string& line);
  Status WriteUnlessNew(const std::string& line);
  Status Create(const std::string& first_words);
  Status CheckOpenCalls() const;
  // What the file says now.
  Result<SessionState> Load();

  std::string path_;
  SessionBegin begin_;
  const Clock& clock_;
  SessionFileLimits limits_;
  FileDescriptor file_;  // not valid before the first prompt
  uint64_t size_ = 0;
  uint64_t messages_ = 0;
  uint64_t turn_ = 0;
  std::set<std::string> open_calls_;
  std::vector<RewindPoint> points_;
  std::vector<Snapshot> snapshots_;
  std::string profile_;
  std::vector<PlanEntry> early_plan_;
};

}  // namespace cofferdam::agent
