#include "agent/acp/replay.h"

#include <map>
#include <string>
#include <string_view>

#include "agent/acp/call_updates.h"

namespace cofferdam::agent {
namespace {

// The results of the calls of the message at `index`, by call.
std::map<std::string_view, const Message*> ResultsAfter(
    const std::vector<Message>& history, size_t index) {
  std::map<std::string_view, const Message*> results;
  for (size_t i = index + 1;
       i < history.size() && history[i].role == Message::Role::kTool; ++i)
    results[history[i].call_id] = &history[i];
  return results;
}

}  // namespace

void ReplayConversation(const std::vector<Message>& history,
                        const std::vector<PlanEntry>& plan,
                        const CallShowing& showing, AcpVoice& voice) {
  for (size_t i = 0; i < history.size(); ++i) {
    const Message& message = history[i];
    if (message.role == Message::Role::kTool) continue;
    voice.BeginMessage();
    if (message.role == Message::Role::kUser) {
      voice.Chunk(AcpSpeaker::kUser, message.text);
      continue;
    }
    voice.Chunk(AcpSpeaker::kThought, message.thinking);
    voice.Chunk(AcpSpeaker::kAgent, message.text);
    const auto results = ResultsAfter(history, i);
    for (const ToolCall& call : message.calls) {
      const auto result = results.find(call.id);
      voice.Update(ReplayedCallUpdate(
          call, result == results.end() ? nullptr : result->second, showing));
    }
  }
  voice.BeginMessage();
  if (!plan.empty()) voice.Update(PlanUpdate(plan));
}

}  // namespace cofferdam::agent
