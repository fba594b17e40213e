#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agent/message.h"
#include "agent/session/session_file.h"
#include "base/result.h"

namespace cofferdam::agent {

// The messages of a conversation, each on disk before it counts. Users and
// assistants take turns, as strict templates of models want it, and every call
// has its result. An error leaves it as it was.
class TurnHistory {
 public:
  TurnHistory(std::unique_ptr<SessionFile> file, std::vector<Message> messages)
      : file_(std::move(file)), messages_(std::move(messages)) {}

  const std::vector<Message>& messages() const { return messages_; }
  SessionFile& file() { return *file_; }
  const SessionFile& file() const { return *file_; }

  // The user's words, which begin a turn.
  Status AddPrompt(std::string note, std::string text);
  // A word of ours to the model.
  Status AddNote(std::string_view note);
  Status AddAnswer(Message answer);
  Status AddResult(Message result, std::span<const std::string> changed);
  // Gives every open call of the last answer a result that says `why`.
  Status CloseCalls(std::string_view why);
  // Messages [from, to) give way to others.
  Status Replace(size_t from, size_t to, std::vector<Message> replacement,
                 std::string_view why);
  // What the session says after a rewind.
  void Reset(std::vector<Message> messages) { messages_ = std::move(messages); }

 private:
  Status FillForUser();
  Status Add(Message message, std::span<const std::string> changed = {});

  std::unique_ptr<SessionFile> file_;
  std::vector<Message> messages_;
};

}  // namespace cofferdam::agent
