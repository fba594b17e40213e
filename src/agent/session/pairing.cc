#include "agent/session/pairing.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json.h"

namespace cofferdam::agent {
namespace {

bool IsObject(const std::string& arguments) {
  if (arguments == "{}") return true;
  auto parsed = JsonDocument::Parse(arguments);
  return parsed.ok() && parsed->root().is_object();
}

// Copies a history, valid from the first message on.
class Mender {
 public:
  void Take(Message message) {
    if (message.role == Message::Role::kTool) {
      TakeOutcome(std::move(message));
      return;
    }
    EndPairs();
    for (ToolCall& call : message.calls) {
      if (!IsObject(call.arguments)) {
        Note(fmt::format("the arguments of a call of {} were damaged",
                         call.name));
        call.arguments = "{}";
      }
      open_.push_back(call.id);
    }
    Keep(std::move(message));
  }

  void EndPairs() {
    for (std::string& id : std::exchange(open_, {})) {
      Note("a call without an outcome got one that says so");
      kept_.push_back({.role = Message::Role::kTool,
                       .text = std::string(kInterruptedOutcome),
                       .call_id = std::move(id),
                       .failed = true});
    }
  }

  std::vector<Message> TakeKept() { return std::move(kept_); }
  std::optional<Mended> TakeMended() { return std::move(mended_); }

 private:
  void TakeOutcome(Message message) {
    auto call = std::find(open_.begin(), open_.end(), message.call_id);
    if (call == open_.end()) {
      Note("an outcome without a call was left out");
      return;
    }
    open_.erase(call);
    Keep(std::move(message));
  }

  void Keep(Message message) { kept_.push_back(std::move(message)); }

  void Note(std::string note) {
    if (!mended_) mended_ = Mended{.from = kept_.size(), .notes = {}};
    if (std::find(mended_->notes.begin(), mended_->notes.end(), note) ==
        mended_->notes.end()) {
      mended_->notes.push_back(std::move(note));
    }
  }

  std::vector<Message> kept_;
  std::vector<std::string> open_;  // ids of calls without an outcome
  std::optional<Mended> mended_;
};

}  // namespace

std::optional<Mended> MendHistory(std::vector<Message>* messages) {
  Mender mender;
  for (Message& message : *messages) mender.Take(std::move(message));
  mender.EndPairs();
  *messages = mender.TakeKept();
  return mender.TakeMended();
}

}  // namespace cofferdam::agent
