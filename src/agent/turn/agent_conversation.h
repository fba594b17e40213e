#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "agent/conversation.h"
#include "agent/turn/conversation_state.h"

namespace cofferdam::agent {

// The conversation proper: its parts wired together. Opens nothing by itself.
class AgentConversation : public Conversation {
 public:
  explicit AgentConversation(ConversationParts parts);

  TurnResult Prompt(const std::string& text, const TurnLimits& limits,
                    Observer& observer, std::stop_token stop) override;

  const std::string& session_id() const override;
  const std::vector<Message>& history() const override;
  const std::vector<PlanEntry>& plan() const override { return state_.plan; }
  Meter meter() const override { return state_.meter; }
  Mode mode() const override { return state_.mode; }
  void set_mode(Mode mode) override { state_.mode = mode; }
  const std::string& model() const override { return state_.parts.model.name; }
  std::vector<std::string> Models(std::stop_token stop) override {
    return state_.parts.engine->Models(stop);
  }
  Status set_model(const std::string& model) override;
  Status Compact(std::string_view focus, Observer& observer,
                 std::stop_token stop) override;
  std::vector<RewindPoint> RewindPoints() const override;
  Status Rewind(uint64_t turn, Rewound what, Others others) override;
  std::vector<std::string> SandboxNotes() const override;

 private:
  ConversationState state_;
  Mode stored_mode_;
};

}  // namespace cofferdam::agent
