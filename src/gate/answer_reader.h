#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/compress.h"
#include "gate/options.h"
#include "http/message.h"
#include "http/sse.h"
#include "wire/answer.h"
#include "wire/array_splitter.h"

namespace cofferdam::gate {

// Reads a copy of an upstream's answer as it passes: undoes its compression,
// splits it into events if it is a stream, and meters it. Never fails and
// never holds the stream up; what it cannot read it counts.
class AnswerReader {
 public:
  AnswerReader(const wire::Endpoint& endpoint, const http::ResponseHead& head,
               const GateLimits& limits);

  void Feed(std::string_view piece);
  // The protocol's last event has been read: the exchange must be recorded
  // before this piece is forwarded.
  bool ended() const {
    return meter_->ended() || (elements_ && elements_->closed());
  }
  // Server-sent events; not Gemini's array form, though it streams.
  bool is_stream() const { return is_stream_; }
  // An event stream as it stands on the wire, so that frames of ours can be put
  // between its own.
  bool is_plain_stream() const {
    return is_stream_ && !decoder_ && !unreadable_;
  }
  // Whether the bytes so far end behind a whole event.
  bool between_events() const { return between_events_; }
  // Compressed with something we do not read, or beyond a limit: what the
  // answer held is not known in full.
  bool unreadable() const { return unreadable_; }

  // Once. `whole` says that the body was received to its end.
  wire::Answer Finish(bool whole);

 private:
  void FeedDecoded(std::string_view piece);

  const size_t body_bytes_max_;
  std::unique_ptr<wire::Meter> meter_;
  std::optional<StreamDecoder> decoder_;
  http::SseParser events_;
  // Set where the answer is Gemini's array form.
  std::optional<wire::ArraySplitter> elements_;
  std::string body_;
  bool is_stream_ = false;
  const bool keeps_body_;
  bool between_events_ = true;
  bool unreadable_ = false;
  std::string tail_;  // the last bytes of the stream, to see where it stands
};

}  // namespace cofferdam::gate
