#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/calls/repair.h"
#include "agent/observer.h"
#include "agent/turn/conversation_state.h"
#include "base/result.h"

namespace cofferdam::agent {

// Runs the calls of one answer, in their order: intent, loops, the gate's
// policy, permission, the tool itself; every call gets its result, on disk,
// whatever happens.
class CallRunner {
 public:
  // All of it outlives this.
  CallRunner(ConversationState& state, Observer& observer, std::stop_token stop,
             std::vector<FileChange>* changes)
      : state_(state), observer_(observer), stop_(stop), changes_(changes) {}

  // The answer stands at the end of the history. Stops early, with results for
  // all, when the turn was stopped or a loop must end (state.loops.stop()). An
  // error: the session could not be written.
  Status Run(const CallsOfAnswer& calls);

 private:
  Status RunOne(const RepairedCall& call);
  Status Refuse(const ShownCall& shown, std::string why);
  Status Finish(const ShownCall& shown, ToolOutcome outcome);
  // What the tool, the policy, the loops and the user say before it runs; a
  // text: why it must not.
  std::optional<std::string> WhyNot(const ShownCall& shown);
  std::optional<std::string> AskUser(const ShownCall& shown);
  ToolOutcome RunTool(Tool& tool, const JsonValue& arguments,
                      const ShownCall& shown);
  void TakeSnapshot(const ShownCall& shown);
  void OfferPlan(const ShownCall& shown, ToolOutcome* outcome);
  std::string WayOut(const ShownCall& shown) const;

  ConversationState& state_;
  Observer& observer_;
  std::stop_token stop_;
  std::vector<FileChange>* changes_;
  size_t answer_at_ = 0;  // in the history
  bool has_snapshot_ = false;
};

}  // namespace cofferdam::agent
