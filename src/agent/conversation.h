#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "agent/engine.h"
#include "agent/message.h"
#include "agent/observer.h"
#include "agent/tool.h"
#include "base/result.h"

namespace cofferdam::agent {

// What a turn is held to; none: no limit.
struct TurnLimits {
  std::optional<int64_t> requests_max;     // --max-turns
  std::optional<int64_t> cost_micros_max;  // --max-cost, of the session
  // A JSON Schema: the model answers at once, without tools, and the engine
  // holds it to the schema where it can. Whether it did is not checked here.
  std::string answer_schema;
};

// Why a turn ended.
enum class TurnEnd {
  kDone,         // the model has said all
  kInterrupted,  // by the user; the history is valid and can go on
  kTurnLimit,    // requests_max
  kCostLimit,    // cost_micros_max
  kOutputLimit,  // the model ran into its output's limit again and again
  kLoop,         // the same again and again, after the strategy was changed
  kUnexecuted,   // the last answer holds a call that could not be run
  kRefused,      // by the gate or by the model
  kEngineFault,  // retries are used up
  kStoreFault,   // the session cannot be written
};
std::string_view TurnEndName(TurnEnd end);

struct TurnResult {
  TurnEnd end = TurnEnd::kDone;
  // Why, for people; empty for kDone.
  std::string why;
  // The text of the last answer.
  std::string text;
  int64_t requests = 0;
  std::vector<FileChange> changes;
};

// A point to which a conversation can go back: just before a user's message.
struct RewindPoint {
  uint64_t turn = 0;  // from 1
  std::string text;   // the user's words, first line
  int64_t time_micros = 0;
  // Whether files can go back, too.
  bool files = false;
};

// A conversation in a workspace: history, tools, permissions, sandbox, records.
// Prompt blocks; everything else but set_mode is for the same thread, between
// turns.
class Conversation {
 public:
  virtual ~Conversation() = default;

  // One turn: the user's words, then answers and calls until the model has
  // said all. Every entry of the history is on disk before the next request.
  // Ends soon once `stop` is asked to stop, also before it began: the user's
  // words stand in the history, and calls that did not run get a result that
  // says so.
  virtual TurnResult Prompt(const std::string& text, const TurnLimits& limits,
                            Observer& observer, std::stop_token stop) = 0;

  virtual const std::string& session_id() const = 0;
  virtual const std::vector<Message>& history() const = 0;
  virtual const std::vector<PlanEntry>& plan() const = 0;
  virtual Meter meter() const = 0;
  virtual Mode mode() const = 0;
  virtual void set_mode(Mode mode) = 0;  // any thread
  virtual const std::string& model() const = 0;
  // Those that its engine lists (Engine::Models); asks it.
  virtual std::vector<std::string> Models(std::stop_token stop) = 0;
  // A change of model or profile; logged, since the engine's cache is lost.
  virtual Status set_model(const std::string& model) = 0;
  // Shortens the history now; `focus` says what to keep in mind.
  virtual Status Compact(std::string_view focus, Observer& observer,
                         std::stop_token stop) = 0;
  virtual std::vector<RewindPoint> RewindPoints() const = 0;
  enum class Rewound { kConversation, kFiles, kBoth };
  // Files that the agent had changed and somebody else has changed since.
  enum class Others { kKept, kOverwritten };
  // kConflict, and nothing is changed, where there are such files and they are
  // to be kept; the message names them.
  virtual Status Rewind(uint64_t turn, Rewound what, Others others) = 0;
  // What the sandbox can and cannot do here, one line each.
  virtual std::vector<std::string> SandboxNotes() const = 0;
};

// What a front end (terminal, headless, ACP) asks for.
struct ConversationRequest {
  std::string workspace;  // absolute folder; the session's own when resuming
  // Which session to go on with: empty: a new one. kNotFound if there is none.
  std::string session_id;
  // Goes on in a copy of it.
  bool fork = false;
  std::optional<Mode> mode;
  std::string model;  // empty: the configured one
};

// A session that can be gone on with.
struct SessionSummary {
  std::string id;
  std::string workspace;
  std::string title;  // the first words of the user, one line
  std::string model;
  int64_t begun_micros = 0;
  int64_t changed_micros = 0;
  uint64_t messages = 0;
};

// Makes conversations; what cli wires together and front ends use.
class Conversations {
 public:
  virtual ~Conversations() = default;
  virtual Result<std::unique_ptr<Conversation>> Open(
      const ConversationRequest& request) = 0;
  // Newest first; of one workspace, or all when it is empty.
  virtual Result<std::vector<SessionSummary>> List(
      const std::string& workspace) const = 0;
  // A session of just this id goes, with what was kept of its tools' output; no
  // record of what its model wrote does. Nothing happens where there is none.
  // kConflict where it is open.
  virtual Status Delete(const std::string& id) = 0;
};

}  // namespace cofferdam::agent
