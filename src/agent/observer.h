#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/tool.h"

namespace cofferdam::agent {

// What may happen without asking.
enum class Mode {
  kPlan,  // nothing is changed, no command runs but those that only read
  kAsk,   // edits and commands ask, but for commands that certainly only read
  kEdit,  // as kAsk, but edits inside the workspace do not ask
  kAuto,  // nothing asks inside the sandbox
};
std::string_view ModeName(Mode mode);  // "plan", "ask", "edit", "auto"
std::optional<Mode> ParseMode(std::string_view name);

// A call as those who watch see it.
struct ShownCall {
  std::string id;
  std::string name;
  std::string arguments;  // JSON object
  Intent intent;
  // What was repaired before it could run, in words; empty: nothing.
  std::string repaired;
};

enum class Permission {
  kAllowOnce,
  kAllowAlways,  // the same tool on the same kind of thing, in this session
  kRejectOnce,
  kRejectAlways,
  kCancelled,  // the turn was interrupted while it waited
};

// What has been used so far.
struct Meter {
  int64_t context_used = 0;  // tokens of the last request and its answer
  int64_t context_size = 0;  // 0: unknown
  int64_t input_tokens = 0;  // of the whole session, cached ones included
  int64_t cached_tokens = 0;
  int64_t output_tokens = 0;
  // By the profile's prices, micro-dollars; none: no price is known.
  std::optional<int64_t> cost_micros;
};

// Watches a turn. Called on the turn's thread, in order; must not block but in
// Ask. Text comes in pieces of any size.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void OnText(std::string_view piece) = 0;
  virtual void OnThinking(std::string_view piece) = 0;
  // One answer of the model has ended (its text is whole).
  virtual void OnAnswerEnd() = 0;
  // What was heard of the last answer so far does not count: it is asked anew.
  virtual void OnAnswerDropped(std::string_view why) = 0;
  virtual void OnCall(const ShownCall& call) = 0;  // pending
  virtual void OnCallRunning(const std::string& id) = 0;
  virtual void OnCallOutput(const std::string& id, std::string_view piece) = 0;
  virtual void OnCallEnd(const std::string& id, const ToolOutcome& outcome) = 0;
  virtual void OnPlan(const std::vector<PlanEntry>& plan) = 0;
  virtual void OnMeter(const Meter& meter) = 0;
  virtual void OnMode(Mode mode) = 0;
  // Something that the user should know: a retry, a compaction, a repair, a
  // policy's word. One line.
  virtual void OnNotice(std::string_view line) = 0;
  // Blocks until someone has decided, or the turn is interrupted.
  virtual Permission Ask(const ShownCall& call) = 0;
};

}  // namespace cofferdam::agent
