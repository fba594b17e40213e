#include "agent/turn/turn_history.h"

#include <algorithm>
#include <utility>

namespace cofferdam::agent {
namespace {

// Stands between two words to a model that did not answer the first one.
constexpr std::string_view kNoAnswer = "(no answer)";

}  // namespace

Status TurnHistory::Add(Message message, std::span<const std::string> changed) {
  TRY(file_->Append(message, changed));
  messages_.push_back(std::move(message));
  return {};
}

Status TurnHistory::FillForUser() {
  if (messages_.empty() || messages_.back().role != Message::Role::kUser) {
    return {};
  }
  Message none;
  none.role = Message::Role::kAssistant;
  none.text = kNoAnswer;
  return Add(std::move(none));
}

Status TurnHistory::AddPrompt(std::string note, std::string text) {
  TRY(FillForUser());
  Message prompt;
  prompt.note = std::move(note);
  prompt.text = std::move(text);
  TRY(file_->AppendPrompt(prompt.text, prompt.note));
  messages_.push_back(std::move(prompt));
  return {};
}

Status TurnHistory::AddNote(std::string_view note) {
  TRY(FillForUser());
  Message message;
  message.note = note;
  return Add(std::move(message));
}

Status TurnHistory::AddAnswer(Message answer) {
  answer.role = Message::Role::kAssistant;
  return Add(std::move(answer));
}

Status TurnHistory::AddResult(Message result,
                              std::span<const std::string> changed) {
  result.role = Message::Role::kTool;
  return Add(std::move(result), changed);
}

Status TurnHistory::CloseCalls(std::string_view why) {
  size_t at = messages_.size();
  while (at > 0 && messages_[at - 1].role == Message::Role::kTool) --at;
  if (at == 0) return {};
  const std::vector<ToolCall> calls = messages_[at - 1].calls;
  for (const ToolCall& call : calls) {
    bool answered = std::any_of(
        messages_.begin() + static_cast<ptrdiff_t>(at), messages_.end(),
        [&call](const Message& result) { return result.call_id == call.id; });
    if (answered) continue;
    Message result;
    result.text = why;
    result.call_id = call.id;
    result.failed = true;
    TRY(AddResult(std::move(result), {}));
  }
  return {};
}

Status TurnHistory::Replace(size_t from, size_t to,
                            std::vector<Message> replacement,
                            std::string_view why) {
  CHECK(from <= to && to <= messages_.size());
  TRY(file_->AppendReplace(from, to, replacement, why));
  auto at = messages_.erase(messages_.begin() + static_cast<ptrdiff_t>(from),
                            messages_.begin() + static_cast<ptrdiff_t>(to));
  messages_.insert(at, std::make_move_iterator(replacement.begin()),
                   std::make_move_iterator(replacement.end()));
  return {};
}

}  // namespace cofferdam::agent
