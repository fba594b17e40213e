// Request bodies of all protocols: the head that the gate reads, and the whole
// that the indexer reads.

#include "parts.h"
#include "target.h"
#include "wire/request.h"

namespace cofferdam::wire {
namespace {

void CheckPrompt(Protocol protocol, std::string_view body) {
  const Result<RequestHead> head =
      ReadRequestHead({.protocol = protocol, .model = "m"}, body);
  const Result<Prompt> prompt = ReadPrompt(protocol, body);
  if (head.ok()) {
    CHECK(!head->model.empty());
    CHECK(head->model.size() <= RequestHead::kNameBytesMax);
    CHECK(head->session_hint.size() <= RequestHead::kNameBytesMax);
    CHECK(head->previous_response_id.size() <= RequestHead::kNameBytesMax);
    CHECK(head->assistant_turns >= 0);
    CHECK(!head->output_tokens_max || *head->output_tokens_max > 0);
  }
  if (!prompt.ok()) return;
  size_t bytes = 0;
  for (const std::string& text : prompt->texts) bytes += text.size();
  CHECK(bytes <= 4 * body.size());
  size_t number = 0;
  size_t texts_before = 0;
  for (const PromptTurn& turn : prompt->turns) {
    CHECK(!turn.parts.empty());
    CheckParts(turn.parts);
    CHECK(turn.number >= number && turn.texts_before >= texts_before);
    CHECK(turn.texts_before <= prompt->texts.size());
    number = turn.number + 1;
    texts_before = turn.texts_before;
  }
  if (head.ok()) CHECK(static_cast<size_t>(head->assistant_turns) >= number);
}

}  // namespace
}  // namespace cofferdam::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::wire::Protocol;
  const std::string_view body = cofferdam::FuzzText(data, size);
  for (Protocol protocol :
       {Protocol::kAnthropicMessages, Protocol::kOpenAiResponses,
        Protocol::kOpenAiChat, Protocol::kGemini}) {
    cofferdam::wire::CheckPrompt(protocol, body);
  }
  return 0;
}
