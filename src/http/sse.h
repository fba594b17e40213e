#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace cofferdam::http {

// Reads a text/event-stream (WHATWG HTML, 9.2.6) piece by piece: lines end
// with LF, CR or CRLF, data lines of an event are joined with LF, comments,
// `id` and `retry` are passed over, one BOM at the start too. Pieces may be
// split anywhere. What follows the last empty line is no event and is dropped.
// Bytes are not checked for UTF-8.
class SseParser {
 public:
  static constexpr size_t kEventBytesMax = 16 << 20;

  // An event with its name ("message" where none was given) and its data.
  // Events without a data field are none. Views are valid during the call.
  using Sink =
      std::function<void(std::string_view name, std::string_view data)>;

  // An event whose lines exceed `event_bytes_max` is skipped and counted; the
  // stream goes on after it. That is also the bound on memory.
  explicit SseParser(size_t event_bytes_max = kEventBytesMax)
      : event_bytes_max_(event_bytes_max) {}

  void Feed(std::string_view piece, const Sink& sink);

  uint64_t events_skipped() const { return events_skipped_; }

 private:
  void Line(std::string_view line, const Sink& sink);
  void Dispatch(const Sink& sink);

  size_t event_bytes_max_;
  uint64_t events_skipped_ = 0;

  std::string partial_;     // a line whose end has not come yet
  std::string name_;        // of the current event
  std::string data_;        // of the current event, lines joined
  size_t event_bytes_ = 0;  // of the current event's lines so far
  bool has_data_ = false;
  bool skipping_ = false;  // the current event is over the limit
  bool after_cr_ = false;  // an LF that comes now belongs to that CR
  bool started_ = false;   // past where a BOM could stand
};

}  // namespace cofferdam::http
