#include "gate/answer_reader.h"

#include <algorithm>
#include <utility>

namespace cofferdam::gate {
namespace {

bool IsEventStream(const http::ResponseHead& head) {
  std::string_view type = head.headers.GetOrEmpty("content-type");
  constexpr std::string_view kEventStream = "text/event-stream";
  return http::EqualsIgnoringCase(type.substr(0, kEventStream.size()),
                                  kEventStream);
}

}  // namespace

AnswerReader::AnswerReader(const wire::Endpoint& endpoint,
                           const http::ResponseHead& head,
                           const GateLimits& limits)
    : body_bytes_max_(static_cast<size_t>(limits.decoded_answer_bytes_max)),
      meter_(wire::Meter::Make(endpoint)),
      events_(static_cast<size_t>(limits.event_bytes_max)),
      is_stream_(IsEventStream(head)),
      keeps_body_(endpoint.operation != wire::Operation::kPass) {
  if (endpoint.array_form && !is_stream_) {
    elements_.emplace(static_cast<size_t>(limits.event_bytes_max));
  }
  auto coding = ParseContentCoding(head.headers.GetOrEmpty("content-encoding"));
  if (!coding.ok()) {
    unreadable_ = true;
  } else if (*coding != ContentCoding::kIdentity) {
    decoder_.emplace(*coding, body_bytes_max_);
  }
}

void AnswerReader::Feed(std::string_view piece) {
  if (unreadable_) return;
  if (!decoder_) return FeedDecoded(piece);
  Status decoded = decoder_->Feed(
      piece, [this](std::string_view plain) { FeedDecoded(plain); });
  if (!decoded.ok()) unreadable_ = true;
}

void AnswerReader::FeedDecoded(std::string_view piece) {
  if (piece.empty()) return;
  if (is_stream_) {
    events_.Feed(piece, [this](std::string_view name, std::string_view data) {
      meter_->OnEvent(name, data);
    });
    tail_.append(
        piece.substr(piece.size() - std::min<size_t>(piece.size(), 4)));
    if (tail_.size() > 4) tail_.erase(0, tail_.size() - 4);
    between_events_ = tail_.ends_with("\n\n") || tail_.ends_with("\r\n\r\n") ||
                      tail_.ends_with("\r\r");
    return;
  }
  if (elements_) {
    elements_->Feed(piece, [this](std::string_view element) {
      meter_->OnEvent("", element);
    });
    between_events_ = elements_->between_elements();
    return;
  }
  if (!keeps_body_) return;
  if (body_.size() + piece.size() > body_bytes_max_) {
    unreadable_ = true;
    body_ = std::string();
    return;
  }
  body_.append(piece);
}

wire::Answer AnswerReader::Finish(bool whole) {
  const bool is_body = !is_stream_ && (!elements_ || elements_->broken());
  if (is_body && whole && !unreadable_) meter_->OnBody(body_);
  return meter_->Finish();
}

}  // namespace cofferdam::gate
