#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// Chat Completions reports the usage of a stream only when it is asked to. The
// gate asks, and takes the answer out again where the client did not.
namespace cofferdam::wire {

// A request for a stream with `stream_options.include_usage` set, every other
// byte as it was: spliced in, not written anew. None when nothing is to be
// changed: the request asks already, is no stream, or is no JSON object that
// can be spliced (a member twice, `stream_options` neither an object nor null).
std::optional<std::string> WithIncludeUsage(std::string_view body);

// Takes the extra chunk with usage (`"choices":[]`) out of a stream of
// server-sent events in plain bytes (so ask the upstream for no compression);
// every other byte passes unchanged and in order. Holds the bytes of at most
// one event that is not yet whole.
class UsageChunkFilter {
 public:
  // A longer event passes unread; no chunk with usage comes near.
  static constexpr size_t kEventBytesMax = size_t{64} << 10;

  explicit UsageChunkFilter(size_t event_bytes_max = kEventBytesMax)
      : event_bytes_max_(event_bytes_max) {}

  // Appends to `out` what may go on, at most what came so far.
  void Feed(std::string_view piece, std::string* out);
  // The stream ends: appends what was held.
  void Finish(std::string* out);
  // Events taken out so far.
  size_t removed() const { return removed_; }

 private:
  void Hold(std::string_view bytes, std::string* out);
  void EndEvent(bool is_cr, std::string* out);

  size_t event_bytes_max_;
  std::string held_;
  char held_end_ = '\0';
  // The line being read has no byte yet; the last byte ended it with CR.
  bool line_is_empty_ = true;
  bool after_cr_ = false;
  // A CR ended an event; an LF that follows belongs to it.
  enum class Tail { kNone, kPass, kDrop };
  Tail tail_ = Tail::kNone;
  // The event has grown beyond the limit and passes.
  bool passes_ = false;
  size_t removed_ = 0;
};

}  // namespace cofferdam::wire
