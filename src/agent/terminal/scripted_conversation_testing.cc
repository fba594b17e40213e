#include "agent/terminal/scripted_conversation_testing.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace cofferdam::agent {

TurnResult ScriptedConversation::Prompt(const std::string& text,
                                        const TurnLimits&, Observer& observer,
                                        std::stop_token stop) {
  stop_ = std::move(stop);
  messages.push_back({.role = Message::Role::kUser, .text = text});
  points.push_back({.turn = points.size() + 1, .text = text});
  TurnResult result = turn_(*this, text, observer);
  messages.push_back({.role = Message::Role::kAssistant, .text = result.text});
  return result;
}

bool ScriptedConversation::WaitForInterrupt(int milliseconds) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop_, std::chrono::milliseconds(milliseconds),
                 [] { return false; });
  return stop_.stop_requested();
}

Status ScriptedConversation::set_model(const std::string& model) {
  if (model == "none") return Error(Code::kNotFound, "no model \"none\"");
  model_name = model;
  return {};
}

Status ScriptedConversation::Compact(std::string_view, Observer& observer,
                                     std::stop_token) {
  observer.OnNotice("compacting");
  return {};
}

Status ScriptedConversation::Rewind(uint64_t turn, Rewound what,
                                    Others others) {
  if (turn == 0 || turn > points.size()) {
    return Error(Code::kNotFound, "no such turn");
  }
  if (points[turn - 1].text == kTurnWithOthers &&
      what != Rewound::kConversation && others == Others::kKept) {
    return Error(Code::kConflict, "somebody else has changed a.py");
  }
  points.resize(turn - 1);
  return {};
}

std::vector<std::string> ScriptedConversation::SandboxNotes() const {
  return {"Landlock: files outside the workspace cannot be written"};
}

Result<std::unique_ptr<Conversation>> ScriptedConversations::Open(
    const ConversationRequest& request) {
  opened.push_back(request);
  if (!failure.empty()) return Error(Code::kNotFound, failure);
  auto conversation = std::make_unique<ScriptedConversation>(turn_);
  if (request.mode) conversation->set_mode(*request.mode);
  if (!request.session_id.empty()) {
    conversation->id = request.session_id;
    conversation->messages = {
        {.role = Message::Role::kUser, .text = "the last question"},
        {.role = Message::Role::kAssistant, .text = "the **last** answer"}};
  }
  return std::unique_ptr<Conversation>(std::move(conversation));
}

Result<std::vector<SessionSummary>> ScriptedConversations::List(
    const std::string&) const {
  return sessions;
}

}  // namespace cofferdam::agent
