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
  void Data(std::string_view value);
  void Dispatch(const Sink& sink);
  void SkipBom(std::string_view* piece);
  void KeepPartial(std::string_view piece);
  bool Over(size_t line_bytes);

  size_t event_bytes_max_;
  uint64_t events_skipped_ = 0;

  std::string partial_;     // a line whose end has not come yet
  std::string name_;        // of the current event
  std::string_view one_;    // its only data line, while Feed runs
  std::string data_;        // its data, when there is more, or Feed returned
  size_t event_bytes_ = 0;  // of its lines that have ended
  bool has_data_ = false;
  bool in_piece_ = false;  // the data is one_, not data_
  bool skipping_ = false;  // the event is over the limit
  bool in_line_ = false;   // while skipping: the line has bytes
  bool after_cr_ = false;  // an LF that comes now belongs to that CR
  bool started_ = false;   // past where a BOM could stand
  size_t bom_bytes_ = 0;   // of it, seen so far
};

}  // namespace cofferdam::http
