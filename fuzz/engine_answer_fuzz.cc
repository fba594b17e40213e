// Answers of engines, and errors: every split gives the same answer, what was
// shown is what is kept, and all of it is UTF-8.

#include <string>

#include "agent/engine/answer_body.h"
#include "agent/engine/answer_reader.h"
#include "agent/engine/fault_reader.h"
#include "base/check.h"
#include "base/json.h"
#include "target.h"

namespace cofferdam::agent {
namespace {

class Heard : public AnswerListener {
 public:
  void OnText(std::string_view piece) override { text += piece; }
  void OnThinking(std::string_view piece) override { thinking += piece; }
  void OnCall(std::string_view) override { ++calls; }

  std::string text;
  std::string thinking;
  size_t calls = 0;
};

std::string ReadInPieces(EngineApi api, std::string_view bytes, size_t piece) {
  Heard heard;
  const auto reader = AnswerReader::Make(api, heard);
  AnswerBody body(*reader);
  while (!bytes.empty()) {
    // A copy of its own, so that a view kept too long is seen.
    const std::string copy(bytes.substr(0, piece));
    body.Feed(copy);
    bytes.remove_prefix(copy.size());
  }
  body.End();
  const Engine::Reply reply = reader->so_far().Take();
  CHECK(heard.text == reply.answer.text);
  CHECK(heard.thinking == reply.answer.thinking);
  CHECK(heard.calls == reply.answer.calls.size());
  std::string all = reply.answer.text + '\n' + reply.answer.thinking;
  for (const RawCall& call : reply.answer.calls) {
    all += '\n' + call.id + '\n' + call.name + '\n' + call.arguments;
  }
  CHECK(IsUtf8(all));
  all += std::to_string(static_cast<int>(reply.answer.finish));
  if (reply.fault) {
    CHECK(IsUtf8(reply.fault->message));
    CHECK(reply.fault->message.size() <= kFaultMessageBytesMax + 64);
    all += std::to_string(static_cast<int>(reply.fault->kind));
  }
  return all;
}

void CheckAnswer(std::string_view data) {
  for (const EngineApi api : {EngineApi::kChat, EngineApi::kResponses}) {
    const std::string whole = ReadInPieces(api, data, data.size());
    CHECK(whole == ReadInPieces(api, data, 1));
    CHECK(whole == ReadInPieces(api, data, 7));
  }
  for (const int status : {302, 400, 429, 500, 503}) {
    const EngineFault fault = FaultOfStatus(status, {}, data);
    CHECK(!fault.message.empty());
    CHECK(fault.message.size() <= kFaultMessageBytesMax);
    CHECK(IsUtf8(fault.message));
  }
}

}  // namespace
}  // namespace cofferdam::agent

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cofferdam::agent::CheckAnswer(cofferdam::FuzzText(data, size));
  return 0;
}
