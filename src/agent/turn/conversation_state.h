#pragma once

#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/calls/repair.h"
#include "agent/turn/conversation_parts.h"
#include "agent/turn/loop_watch.h"
#include "agent/turn/token_estimate.h"
#include "agent/turn/turn_history.h"

namespace cofferdam::agent {

// What a conversation is at a moment. Touched by the turn's thread only, but
// for `mode`.
struct ConversationState {
  explicit ConversationState(ConversationParts made_of);

  // Of the next request, by the ratio seen so far.
  int64_t EstimatedTokens() const;
  size_t BytesBeforeMessages() const;
  // Adds an answer's usage, as reported or as estimated, to the meter; false
  // where nothing came.
  bool Count(const EngineAnswer& answer, size_t request_bytes);
  Tool* FindTool(std::string_view name);

  ConversationParts parts;
  TurnHistory history;
  // Another model from now on.
  void TakeModel(ModelSettings settings);
  // Goes on to the model's next way of editing; false where there is none. It
  // changes what every request begins with, so it is logged.
  Result<bool> TakeNextEditStep();

  // What every request names; fixed, but for a new way of editing.
  std::vector<ToolSpec> specs;
  size_t edit_step = 0;
  std::vector<PlanEntry> plan;
  Meter meter;
  std::atomic<Mode>& mode;
  // The mode that the model was last told of; none: never.
  std::optional<Mode> told_mode;
  // Of the engine's model, once known.
  std::optional<int64_t> context_tokens;
  TokenEstimate estimate;
  LoopWatch loops;
  Permissions permissions;
  IdMaker ids;

 private:
  void ListTools();
};

}  // namespace cofferdam::agent
