#include "agent/acp/voice.h"

#include "agent/acp/json_rpc.h"
#include "base/json.h"

namespace cofferdam::agent {

void AcpVoice::Update(const std::string& update) {
  if (update.empty()) return;
  JsonWriter json;
  json.BeginObject().Field("sessionId", session_id_);
  json.Key("update").Raw(update).EndObject();
  outbox_.Send(RpcNotificationLine("session/update", json.text()));
}

void AcpVoice::Chunk(AcpSpeaker speaker, std::string_view text) {
  if (text.empty()) return;
  Update(ChunkUpdate(speaker, "message-" + std::to_string(message_), text));
}

void AcpVoice::Say(std::string_view text) {
  BeginMessage();
  Chunk(AcpSpeaker::kAgent, text);
  BeginMessage();
}

void AcpVoice::Notice(AcpSeverity severity, std::string_view line) {
  if (line.empty()) return;
  if (client_.notices) {
    Update(NoticeUpdate(severity, line));
    return;
  }
  // Clients that know no messages' ids put chunks together as they come.
  const std::string paragraph = "\n\n> " + std::string(line) + "\n\n";
  BeginMessage();
  Chunk(severity == AcpSeverity::kWarning ? AcpSpeaker::kAgent
                                          : AcpSpeaker::kThought,
        paragraph);
  BeginMessage();
}

}  // namespace cofferdam::agent
