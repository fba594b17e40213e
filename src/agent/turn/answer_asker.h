#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "agent/conversation.h"
#include "agent/turn/conversation_state.h"
#include "agent/turn/setback.h"

namespace cofferdam::agent {

// How a turn ends, and why.
struct TurnEnding {
  TurnEnd end = TurnEnd::kDone;
  std::string why;
};

// Asks the engine for the answers of one turn, and against each setback does
// what the table says (setback.h), within its bounds.
class AnswerAsker {
 public:
  // All of it outlives this.
  AnswerAsker(ConversationState& state, const TurnLimits& limits,
              Observer& observer, std::stop_token stop)
      : state_(state), limits_(limits), observer_(observer), stop_(stop) {}

  // The next answer, whole, or as far as it came when `ending` is set.
  struct Asked {
    EngineAnswer answer;
    std::optional<TurnEnding> ending;
    bool sent = true;  // false: the engine was not asked for it
  };
  Asked Ask();

  // What is done against a setback; set: the turn ends.
  std::optional<TurnEnding> TakeSetback(Setback setback,
                                        std::string_view detail,
                                        int64_t retry_after_ms = 0);
  // The setbacks of whole answers that are over: the next one counts anew.
  void Recovered(Setback setback) { attempts_.erase(setback); }
  int64_t requests() const { return requests_; }

 private:
  Engine::Reply Send(bool* ran_away);
  std::optional<TurnEnding> CheckLimits();
  std::optional<TurnEnding> MakeRoom();
  std::optional<TurnEnding> AfterFault(const EngineFault& fault);
  std::optional<TurnEnding> Apply(const Remedy& remedy, Setback setback,
                                  int attempt);
  Sampling SamplingNow() const;
  // What an answer may take: the profile's limit, or what remains of the
  // context; engines refuse what could grow beyond it (vLLM, SGLang).
  std::optional<int64_t> OutputTokensMax() const;

  ConversationState& state_;
  const TurnLimits& limits_;
  Observer& observer_;
  std::stop_token stop_;
  int64_t requests_ = 0;
  int setbacks_ = 0;
  std::map<Setback, int> attempts_;
  // Of the next request only.
  int other_sampling_ = 0;
  bool is_plain_ = false;
};

}  // namespace cofferdam::agent
