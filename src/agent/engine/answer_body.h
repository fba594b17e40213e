#pragma once

#include <string>
#include <string_view>

#include "agent/engine/answer_reader.h"
#include "http/sse.h"

namespace cofferdam::agent {

// Feeds a reader with the body of an answer, in pieces of any size: a stream of
// events or one JSON text, whatever its content type says.
class AnswerBody {
 public:
  // `reader` must outlive it.
  explicit AnswerBody(AnswerReader& reader);

  void Feed(std::string_view bytes);
  // The body has ended as it should; not after one that broke off.
  void End();

 private:
  enum class Form { kUnknown, kEvents, kWhole };

  void FeedEvents(std::string_view bytes);
  void Fail(std::string_view why);

  AnswerReader& reader_;
  http::SseParser events_;
  Form form_ = Form::kUnknown;
  std::string text_;  // of a whole body, or before the form is known
};

}  // namespace cofferdam::agent
