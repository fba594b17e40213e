#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "agent/acp/outbox.h"
#include "agent/acp/updates.h"

namespace cofferdam::agent {

// What one session tells the client. Safe from any thread but for the numbers
// of messages, which are the session's thread's.
class AcpVoice {
 public:
  AcpVoice(Outbox& outbox, AcpClient client, std::string session_id)
      : outbox_(outbox), client_(client), session_id_(std::move(session_id)) {}

  // Sends an update; nothing when it is empty.
  void Update(const std::string& update);
  // A line that is no part of the conversation: a notice where the client shows
  // them, else a thought, or a message of the agent for a warning.
  void Notice(AcpSeverity severity, std::string_view line);
  // A whole message of the agent.
  void Say(std::string_view text);

  // Chunks that follow belong to a message of their own.
  void BeginMessage() { ++message_; }
  void Chunk(AcpSpeaker speaker, std::string_view text);

  Outbox& outbox() { return outbox_; }
  const AcpClient& client() const { return client_; }
  const std::string& session_id() const { return session_id_; }

 private:
  Outbox& outbox_;
  const AcpClient client_;
  const std::string session_id_;
  uint64_t message_ = 0;
};

}  // namespace cofferdam::agent
