#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/conversation.h"

namespace cofferdam::agent {

// A conversation that does what a script says, to watch front ends with.
class ScriptedConversation : public Conversation {
 public:
  // What a prompt does; runs on the thread that prompts.
  using Turn = std::function<TurnResult(
      ScriptedConversation& self, const std::string& text, Observer& observer)>;
  explicit ScriptedConversation(Turn turn) : turn_(std::move(turn)) {}

  TurnResult Prompt(const std::string& text, const TurnLimits& limits,
                    Observer& observer, std::stop_token stop) override;
  const std::string& session_id() const override { return id; }
  const std::vector<Message>& history() const override { return messages; }
  const std::vector<PlanEntry>& plan() const override { return steps; }
  Meter meter() const override { return counted; }
  Mode mode() const override { return mode_; }
  void set_mode(Mode mode) override { mode_ = mode; }
  const std::string& model() const override { return model_name; }
  std::vector<std::string> Models(std::stop_token) override {
    return {"fake-model", "other-model"};
  }
  Status set_model(const std::string& model) override;
  Status Compact(std::string_view focus, Observer& observer,
                 std::stop_token stop) override;
  std::vector<RewindPoint> RewindPoints() const override { return points; }
  Status Rewind(uint64_t turn, Rewound what, Others others) override;
  std::vector<std::string> SandboxNotes() const override;

  // Words of a turn whose files somebody else changes afterwards.
  static constexpr std::string_view kTurnWithOthers = "somebody else comes";

  // Until it is interrupted: true, or for so long: false.
  bool WaitForInterrupt(int milliseconds);

  std::string id = "01FAKE";
  std::string model_name = "fake-model";
  std::vector<Message> messages;
  std::vector<PlanEntry> steps;
  std::vector<RewindPoint> points;
  Meter counted;

 private:
  Turn turn_;
  std::atomic<Mode> mode_ = Mode::kAsk;
  std::stop_token stop_;  // of the turn that runs
};

// Opens one fake after another.
class ScriptedConversations : public Conversations {
 public:
  explicit ScriptedConversations(ScriptedConversation::Turn turn)
      : turn_(std::move(turn)) {}
  Result<std::unique_ptr<Conversation>> Open(
      const ConversationRequest& request) override;
  Result<std::vector<SessionSummary>> List(
      const std::string& workspace) const override;
  Status Delete(const std::string&) override { return {}; }

  std::vector<ConversationRequest> opened;
  std::vector<SessionSummary> sessions;
  // What Open fails with; empty: it does not.
  std::string failure;

 private:
  ScriptedConversation::Turn turn_;
};

}  // namespace cofferdam::agent
