#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cofferdam::bench {

// Reads HTTP/1.1 answers as they arrive, in any pieces: Content-Length or
// chunked, nothing else. Keeps its memory from answer to answer.
class HttpAnswer {
 public:
  enum class State { kGoesOn, kWhole, kBroken };

  // Before the next answer.
  void Clear();
  // Takes the next bytes. kBroken for what it cannot read and for bytes after
  // the end; it stays so until Clear.
  State Take(std::string_view bytes);

  int status() const { return status_; }
  // What has arrived of it.
  const std::string& body() const { return body_; }

 private:
  enum class Part { kHead, kLength, kSize, kChunk, kChunkEnd, kTrailer, kEnd };

  State TakeHead(std::string_view* bytes);
  bool ReadHead();
  // Moves up to `left_` bytes from `bytes` to the body.
  void TakeBody(std::string_view* bytes);
  // Collects a line in line_; true when it is complete, without its CRLF.
  bool TakeLine(std::string_view* bytes);
  State TakeChunked(std::string_view* bytes);

  Part part_ = Part::kHead;
  std::string head_;
  std::string line_;
  std::string body_;
  int status_ = 0;
  size_t left_ = 0;  // of the body or of this chunk
};

}  // namespace cofferdam::bench
