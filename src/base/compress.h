#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace cofferdam {

// Zstandard at `level` (1..19), with the content size in the frame.
std::string ZstdCompress(std::string_view data, int level);
// kTooLarge when the content would exceed `bytes_max`, kCorrupt otherwise.
Result<std::string> ZstdDecompress(std::string_view data, size_t bytes_max);

// A content coding of HTTP (RFC 9110, 8.4).
enum class ContentCoding { kIdentity, kGzip, kDeflate, kZstd };

// kInvalid for a coding we do not read ("br", or several at once).
Result<ContentCoding> ParseContentCoding(std::string_view header_value);

// Decodes a stream piece by piece. Output beyond `bytes_max` is kTooLarge,
// bytes that break the coding kCorrupt; after an error every call repeats it.
// Memory is bounded whatever the input (zstd windows up to 8 MiB).
class StreamDecoder {
 public:
  // Takes pieces of the decoded stream, each valid during the call.
  using Sink = std::function<void(std::string_view)>;

  StreamDecoder(ContentCoding coding, size_t bytes_max);
  ~StreamDecoder();
  StreamDecoder(StreamDecoder&&) noexcept;
  StreamDecoder& operator=(StreamDecoder&&) noexcept;

  Status Feed(std::string_view piece, const Sink& sink);
  // Whether what was fed forms a whole stream.
  bool at_end() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The whole of `data` decoded.
Result<std::string> Decode(ContentCoding coding, std::string_view data,
                           size_t bytes_max);

}  // namespace cofferdam
