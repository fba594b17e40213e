#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "agent/conversation.h"
#include "agent/observer.h"

namespace cofferdam::agent {

// A conversation whose turns do what a test says.
class FakeConversation : public Conversation {
 public:
  using Turn = std::function<TurnResult(FakeConversation&, const std::string&,
                                        const TurnLimits&, Observer&)>;

  FakeConversation(std::string id, std::vector<Message> history, Turn turn)
      : id_(std::move(id)),
        history_(std::move(history)),
        turn_(std::move(turn)) {}

  // Blocks until the turn is asked to stop; what it came to.
  TurnResult WaitForInterrupt();
  bool interrupted();

  TurnResult Prompt(const std::string& text, const TurnLimits& limits,
                    Observer& observer, std::stop_token stop) override;
  const std::string& session_id() const override { return id_; }
  const std::vector<Message>& history() const override { return history_; }
  const std::vector<PlanEntry>& plan() const override { return plan_; }
  Meter meter() const override { return meter_; }
  Mode mode() const override;
  void set_mode(Mode mode) override;
  const std::string& model() const override { return model_; }
  std::vector<std::string> Models(std::stop_token) override { return models_; }
  Status set_model(const std::string& model) override;
  Status Compact(std::string_view focus, Observer& observer,
                 std::stop_token stop) override;
  std::vector<RewindPoint> RewindPoints() const override { return {}; }
  Status Rewind(uint64_t, Rewound, Others) override { return {}; }
  std::vector<std::string> SandboxNotes() const override {
    return {"everything is possible"};
  }

  std::vector<PlanEntry> plan_;
  Meter meter_;
  std::vector<std::string> models_;

 private:
  const std::string id_;
  std::vector<Message> history_;
  const Turn turn_;
  std::string model_ = "model-a";
  mutable std::mutex mutex_;
  Mode mode_ = Mode::kAsk;
  std::stop_token stop_;  // of the turn that runs
};

// Conversations that a test says; new ones are "session-1", "session-2", ….
class FakeConversations : public Conversations {
 public:
  Result<std::unique_ptr<Conversation>> Open(
      const ConversationRequest& request) override;
  Result<std::vector<SessionSummary>> List(
      const std::string& workspace) const override;
  Status Delete(const std::string& id) override;

  FakeConversation::Turn turn;
  std::map<std::string, std::vector<Message>> stored;
  std::vector<PlanEntry> plan;      // of each
  Meter meter;                      // of each
  std::vector<std::string> models;  // likewise
  std::vector<std::string> deleted;
  std::vector<SessionSummary> summaries;

 private:
  int opened_ = 0;
};

// A call that edits a file, with its diff, and one that runs a command.
ShownCall FakeEditCall();
ShownCall FakeCommandCall();

}  // namespace cofferdam::agent
