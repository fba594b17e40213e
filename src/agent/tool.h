#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "agent/engine.h"
#include "base/json.h"
#include "base/result.h"

namespace cofferdam::agent {

// What a tool does, in the words of the Agent Client Protocol.
enum class ToolKind {
  kRead,
  kEdit,
  kDelete,
  kMove,
  kSearch,
  kExecute,
  kThink,
  kOther
};
std::string_view ToolKindName(ToolKind kind);

// A file as it was and as it is (or would be); none: it was not, or is not
// there. Whole texts, so that a diff can be shown and undone.
struct FileChange {
  std::string path;  // absolute
  std::optional<std::string> before;
  std::optional<std::string> after;
};

struct Location {
  std::string path;             // absolute
  std::optional<int64_t> line;  // from 1
};

// A step of the plan or the list of things to do.
struct PlanEntry {
  enum class Status { kPending, kInProgress, kCompleted };
  enum class Priority { kHigh, kMedium, kLow };
  std::string text;
  Status status = Status::kPending;
  Priority priority = Priority::kMedium;

  bool operator==(const PlanEntry&) const = default;
};
// In the words of the Agent Client Protocol: "pending", "in_progress", …;
// "high", "medium", "low".
std::string_view PlanStatusName(PlanEntry::Status status);
std::string_view PlanPriorityName(PlanEntry::Priority priority);

// What a call would do, known before it is done: for permission, policy and
// whoever watches.
struct Intent {
  ToolKind kind = ToolKind::kOther;
  std::string title;  // "Edit src/main.cc", one line
  std::vector<Location> locations;
  // Absolute paths that it would read and write; of a command unknown.
  std::vector<std::string> reads;
  std::vector<std::string> writes;
  std::string command;  // of kExecute
  // Nothing on this machine confines that command: it is asked for each time,
  // in every mode.
  bool unconfined = false;
  // What it would change, where that can be told without doing it.
  std::vector<FileChange> preview;
};

// Hears what a running tool has to show.
class ToolListener {
 public:
  virtual ~ToolListener() = default;
  virtual void OnOutput(std::string_view piece) = 0;
};

// What a call came to. `text` goes to the model: bounded by the tool itself,
// with a way to read the rest.
struct ToolOutcome {
  std::string text;
  bool failed = false;
  std::vector<FileChange> changes;
  // The whole plan, when the tool changed it.
  std::optional<std::vector<PlanEntry>> plan;
  // A plan was put forward, to be approved before anything is changed.
  bool plan_proposed = false;
};

// One tool. Called on one thread at a time. Arguments have been repaired and
// meet the schema in names and types (agent/calls); what a tool then finds
// wrong with them is an outcome that failed, whose text names the thing and
// says what would work.
class Tool {
 public:
  virtual ~Tool() = default;
  virtual const ToolSpec& spec() const = 0;
  // An error is what the model gets in place of an outcome.
  virtual Result<Intent> Plan(const JsonValue& arguments) = 0;
  // Ends soon once `stop` is asked to stop, leaving files whole.
  virtual ToolOutcome Run(const JsonValue& arguments, ToolListener& listener,
                          std::stop_token stop) = 0;
};

}  // namespace cofferdam::agent
