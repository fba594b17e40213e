#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "agent/conversation.h"
#include "agent/turn/answer_asker.h"
#include "agent/turn/call_runner.h"
#include "agent/turn/conversation_state.h"

namespace cofferdam::agent {

// One turn: answers and calls until the model has said all, or something ends
// it (TurnEnd). The history is valid and on disk whenever it returns.
class TurnRun {
 public:
  // All of it outlives this.
  TurnRun(ConversationState& state, const TurnLimits& limits,
          Observer& observer, std::stop_token stop);

  TurnResult Run(const std::string& text);

 private:
  // Set: the turn ends.
  std::optional<TurnEnding> OneAnswer();
  void TellOfAnswer(const EngineAnswer& answer, const CallsOfAnswer& read);
  std::optional<TurnEnding> TakeAnswer(EngineAnswer answer);
  // Of an answer without calls.
  std::optional<TurnEnding> TakeWords(const EngineAnswer& answer,
                                      const CallsOfAnswer& read);
  std::optional<TurnEnding> RunCalls(const EngineAnswer& answer,
                                     const CallsOfAnswer& read);
  // Another way of editing, where the present one keeps failing.
  Status ChangeEdits();
  void KeepPartial(const AnswerAsker::Asked& asked);
  std::string NoteOfMode();
  TurnResult End(TurnEnding ending);

  ConversationState& state_;
  Observer& observer_;
  std::stop_token stop_;
  AnswerAsker asker_;
  TurnResult result_;
  CallRunner runner_;
};

}  // namespace cofferdam::agent
