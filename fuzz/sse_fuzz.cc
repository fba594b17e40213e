// Server-sent events: every split gives the same events, and so does a reader
// that takes the specification line by line.

#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "http/sse.h"
#include "target.h"

namespace cofferdam::http {
namespace {

using Events = std::vector<std::pair<std::string, std::string>>;

struct Stream {
  Events events;
  uint64_t skipped = 0;

  bool operator==(const Stream&) const = default;
};

Stream ReadInPieces(std::string_view bytes, size_t first, size_t piece,
                    size_t event_bytes_max) {
  SseParser parser(event_bytes_max);
  Stream stream;
  const auto sink = [&](std::string_view name, std::string_view data) {
    stream.events.emplace_back(name, data);
  };
  size_t size = first;
  while (!bytes.empty()) {
    // A copy of its own, so that a view kept too long is seen.
    const std::string copy(bytes.substr(0, size));
    parser.Feed(copy, sink);
    bytes.remove_prefix(copy.size());
    size = piece;
  }
  stream.skipped = parser.events_skipped();
  return stream;
}

// WHATWG HTML, 9.2.6, as it is written.
Events ReadPlainly(std::string_view bytes) {
  Events events;
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  std::string name;
  std::string data;
  while (true) {
    const size_t end = bytes.find_first_of("\r\n");
    if (end == std::string_view::npos) return events;
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(bytes.substr(end).starts_with("\r\n") ? end + 2
                                                              : end + 1);
    if (line.empty()) {
      if (!data.empty()) {
        data.pop_back();
        events.emplace_back(name.empty() ? "message" : name, data);
      }
      name.clear();
      data.clear();
      continue;
    }
    const size_t colon = line.find(':');
    std::string_view value =
        colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (line.substr(0, colon) == "event") name = value;
    if (line.substr(0, colon) == "data") (data += value) += '\n';
  }
}

void CheckSplits(std::string_view bytes, size_t event_bytes_max) {
  const Stream whole =
      ReadInPieces(bytes, bytes.size(), bytes.size(), event_bytes_max);
  for (size_t piece = 1; piece <= 5; ++piece) {
    CHECK(ReadInPieces(bytes, piece, piece, event_bytes_max) == whole);
  }
  for (size_t first = 1; first < bytes.size() && first < 64; ++first) {
    CHECK(ReadInPieces(bytes, first, bytes.size(), event_bytes_max) == whole);
  }
}

}  // namespace
}  // namespace cofferdam::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::http::SseParser;
  const std::string_view bytes = cofferdam::FuzzText(data, size);
  cofferdam::http::CheckSplits(bytes, SseParser::kEventBytesMax);
  cofferdam::http::CheckSplits(bytes, 24);
  CHECK(cofferdam::http::ReadInPieces(bytes, size, size,
                                      SseParser::kEventBytesMax)
            .events == cofferdam::http::ReadPlainly(bytes));
  return 0;
}
