#include "agent/engine/answer_body.h"

#include <utility>

#include "agent/engine/http_engine.h"

namespace cofferdam::agent {

AnswerBody::AnswerBody(AnswerReader& reader)
    : reader_(reader), events_(kAnswerEventBytesMax) {}

void AnswerBody::Feed(std::string_view bytes) {
  if (form_ == Form::kEvents) {
    FeedEvents(bytes);
    return;
  }
  text_ += bytes;
  if (form_ == Form::kUnknown) {
    // White space and a byte order mark say nothing yet.
    const size_t first = text_.find_first_not_of(" \t\r\n\xef\xbb\xbf");
    if (first == std::string::npos) return;
    if (text_[first] != '{' && text_[first] != '<') {
      form_ = Form::kEvents;
      FeedEvents(std::exchange(text_, {}));
      return;
    }
    form_ = Form::kWhole;
    text_.erase(0, first);
  }
  if (text_.size() > kAnswerBytesMax) Fail("the answer is too long");
}

void AnswerBody::End() {
  if (form_ == Form::kEvents) FeedEvents("\n\n");
  if (form_ != Form::kWhole) return;
  if (text_.starts_with('<')) {
    Fail("a web page came instead of an engine's answer");
  } else {
    reader_.OnBody(text_);
  }
}

void AnswerBody::FeedEvents(std::string_view bytes) {
  events_.Feed(bytes, [&](std::string_view name, std::string_view data) {
    reader_.OnEvent(name, data);
  });
  if (events_.events_skipped() > 0) Fail("an event is too long");
}

void AnswerBody::Fail(std::string_view why) {
  reader_.so_far().Fail(
      {.kind = EngineFault::Kind::kBadAnswer, .message = std::string(why)});
}

}  // namespace cofferdam::agent
