#include "agent/turn/flatten.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "agent/turn/shortened_text.h"

namespace cofferdam::agent {

Status FlattenLastCalls(TurnHistory* history) {
  const std::vector<Message>& messages = history->messages();
  size_t end = messages.size();
  // Notes to the model behind the results go, too: they are words already.
  while (end > 0 && messages[end - 1].role != Message::Role::kTool) --end;
  size_t at = end;
  while (at > 0 && messages[at - 1].role == Message::Role::kTool) --at;
  if (at == 0 || messages[at - 1].calls.empty()) return {};
  const Message& answer = messages[at - 1];
  Message said = answer;
  said.calls.clear();
  Message results;
  results.role = Message::Role::kUser;
  for (const ToolCall& call : answer.calls) {
    said.text +=
        fmt::format("{}(Called {}.)", said.text.empty() ? "" : "\n", call.name);
    for (size_t i = at; i < end; ++i) {
      if (messages[i].call_id != call.id) continue;
      results.note += fmt::format(
          "[Result of {}]\n{}\n", call.name,
          ShortenedText(messages[i].text, kFlattenedResultBytesMax));
    }
  }
  results.note += "[Go on. Call tools in the usual way.]";
  return history->Replace(at - 1, messages.size(),
                          {std::move(said), std::move(results)},
                          "the engine could not read the last calls back");
}

}  // namespace cofferdam::agent
