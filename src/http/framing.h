#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "http/message.h"

namespace cofferdam::http {

// The framing guard: reads the heads of HTTP/1 messages (RFC 9110, 9112) and
// refuses every one that two readers could frame differently, since a proxy
// that reads a message otherwise than its neighbour lets requests be smuggled.
// Pure functions of bytes; fuzzed; Boost.Beast is the second engine in tests.

// Why a message is refused, and the status that says so.
struct Refusal {
  int status = 400;
  std::string_view message;  // static
};

struct HeadLimits {
  size_t head_bytes_max = 64 << 10;  // with the empty line that ends it
  size_t header_count_max = 256;
  size_t start_line_bytes_max = 16 << 10;  // without its CRLF
};

// Finds the end of a head in bytes that come piece by piece, and refuses early
// what cannot become one: a lone LF, a limit reached, a first byte that starts
// no message (TLS on a plain port). One for each message.
class HeadScanner {
 public:
  enum class Outcome { kMore, kDone, kRefused };

  explicit HeadScanner(const HeadLimits& limits) : limits_(limits) {}

  // `bytes`: all of the message so far, each time from its first byte. Looks at
  // each byte once.
  Outcome Scan(std::string_view bytes);
  // After kDone: the head, with the empty line; bytes from head_begin() on (an
  // empty line before a request is passed over).
  size_t head_begin() const { return begin_; }
  size_t head_end() const { return line_begin_; }
  // After kRefused.
  const Refusal& refusal() const { return refusal_; }

 private:
  Outcome Refuse(int status, std::string_view message);

  HeadLimits limits_;
  size_t begin_ = 0;
  size_t line_begin_ = 0;  // of the line that has not ended yet
  size_t scanned_ = 0;
  bool past_start_line_ = false;
  Refusal refusal_;
};

struct RequestFraming {
  enum class Body { kNone, kLength, kChunked };
  Body body = Body::kNone;
  uint64_t length = 0;  // for kLength
  bool keep_alive = true;
  bool expects_continue = false;
};

struct ResponseFraming {
  enum class Body { kNone, kLength, kChunked, kUntilClose };
  Body body = Body::kNone;
  // What Content-Length says; for kNone (an answer to HEAD, a 304) the length
  // that a body would have had.
  std::optional<uint64_t> length;
  bool keep_alive = true;
};

// Reads a whole head, as HeadScanner cut it. None: it is accepted.
//
// Refused: a request line that is not METHOD SP TARGET SP HTTP/1.x; targets
// other than a path (or * for OPTIONS); lines folded, or without a colon, or
// with a blank before it; control bytes; no Host in HTTP/1.1, two Hosts, a Host
// that is none; a Content-Length that is not one number, or comes twice;
// Transfer-Encoding other than exactly "chunked", twice, in HTTP/1.0, or beside
// Content-Length; a Connection that is no list of words; names that become
// these when '_' is read as '-'; expectations other than 100-continue.
std::optional<Refusal> ParseRequestHead(std::string_view bytes,
                                        const HeadLimits& limits,
                                        RequestHead* head,
                                        RequestFraming* framing);

// The same for a response to a request whose method was HEAD, or not.
enum class RequestWas { kHead, kOther };
std::optional<Refusal> ParseResponseHead(std::string_view bytes,
                                         const HeadLimits& limits,
                                         RequestWas request, ResponseHead* head,
                                         ResponseFraming* framing);

// Takes the framing off a chunked body (RFC 9112, 7.1), in place. Trailers are
// checked and dropped.
class ChunkDecoder {
 public:
  // Bytes of a size line, and of all trailers.
  static constexpr size_t kSizeLineBytesMax = 256;
  static constexpr size_t kTrailerBytesMax = 8 << 10;

  // Chunk extensions: clients that we serve send none.
  enum class Extensions { kRefuse, kSkip };

  explicit ChunkDecoder(Extensions extensions) : extensions_(extensions) {}

  struct Step {
    bool broken = false;
    size_t consumed = 0;  // of the input; less than all only when done
    size_t produced = 0;  // bytes of the body, now at the front of `data`
  };
  Step Decode(char* data, size_t size);

  bool done() const { return state_ == State::kDone; }

 private:
  enum class State {
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailer,
    kTrailerLine,
    kTrailerLf,
    kEndLf,
    kDone
  };
  // One byte of framing; false when it breaks the rules.
  bool TakeByte(char c);
  bool TakeSizeByte(char c);
  bool TakeTrailerByte(char c);

  Extensions extensions_;
  State state_ = State::kSize;
  uint64_t size_ = 0;  // of the chunk; then what is left of it
  int digits_ = 0;
  size_t line_bytes_ = 0;
  size_t trailer_bytes_ = 0;
};

}  // namespace cofferdam::http
