#pragma once

#include <memory>
#include <string_view>

#include "agent/engine.h"
#include "agent/engine/answer_builder.h"
#include "agent/engine/http_engine.h"

namespace cofferdam::agent {

// Reads what an engine answers, as leniently as the meaning is certain: names,
// ids, indexes and ends may be missing, repeated or in odd places. What cannot
// be read is a fault of the answer, never passed over in silence.
class AnswerReader {
 public:
  // `listener` must outlive it.
  static std::unique_ptr<AnswerReader> Make(EngineApi api,
                                            AnswerListener& listener);
  virtual ~AnswerReader() = default;

  // One server-sent event; its name may be empty or "message".
  void OnEvent(std::string_view name, std::string_view data);
  // A whole body that is no stream.
  void OnBody(std::string_view body);

  AnswerBuilder& so_far() { return builder_; }

 protected:
  explicit AnswerReader(AnswerListener& listener) : builder_(listener) {}
  virtual void ReadEvent(std::string_view name, const JsonValue& event,
                         bool marked) = 0;
  virtual void ReadWhole(const JsonValue& body, bool marked) = 0;
  // Whether the event was an error, which it then has taken as the fault.
  bool ReadError(std::string_view name, const JsonValue& event);

  AnswerBuilder builder_;

 private:
  void Read(std::string_view name, std::string_view text, bool is_event);
};

std::unique_ptr<AnswerReader> MakeChatReader(AnswerListener& listener);
std::unique_ptr<AnswerReader> MakeResponsesReader(AnswerListener& listener);

}  // namespace cofferdam::agent
