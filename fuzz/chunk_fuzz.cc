// Chunked bodies: every split gives the same body, and a plainer decoder
// agrees on each that is accepted.

#include <algorithm>
#include <string>

#include "base/check.h"
#include "http/framing.h"
#include "target.h"

namespace cofferdam::http {
namespace {

struct Decoded {
  bool broken = false;
  bool done = false;
  size_t consumed = 0;
  std::string body;

  bool operator==(const Decoded&) const = default;
};

Decoded DecodeInPieces(std::string_view bytes, size_t piece_max,
                       ChunkDecoder::Extensions extensions) {
  ChunkDecoder decoder(extensions);
  Decoded out;
  while (out.consumed < bytes.size() && !decoder.done() && !out.broken) {
    std::string piece(bytes.substr(out.consumed, piece_max));
    const ChunkDecoder::Step step = decoder.Decode(piece.data(), piece.size());
    CHECK(step.consumed <= piece.size() && step.produced <= step.consumed);
    CHECK(step.broken || decoder.done() || step.consumed == piece.size());
    out.broken = step.broken;
    out.consumed += step.consumed;
    out.body.append(piece, 0, step.produced);
  }
  out.done = decoder.done();
  return out;
}

// Reads what is known to be right.
void CheckPlainly(std::string_view bytes, const Decoded& decoded) {
  std::string body;
  size_t at = 0;
  while (true) {
    const size_t line_end = bytes.find("\r\n", at);
    CHECK(line_end != std::string_view::npos);
    const std::string line(bytes.substr(at, line_end - at));
    size_t digits = 0;
    const uint64_t size = std::stoull(line, &digits, 16);
    CHECK(digits > 0 && line[0] != '+' && line[0] != '-' && line[0] != ' ');
    CHECK(digits == line.size() || std::string_view("; \t").find(
                                       line[digits]) != std::string_view::npos);
    at = line_end + 2;
    if (size == 0) break;
    CHECK(size <= bytes.size() - at);
    body += bytes.substr(at, size);
    at += size;
    CHECK(bytes.substr(at, 2) == "\r\n");
    at += 2;
  }
  while (bytes.substr(at, 2) != "\r\n") {  // trailers
    const size_t line_end = bytes.find("\r\n", at);
    CHECK(line_end != std::string_view::npos);
    at = line_end + 2;
  }
  CHECK(body == decoded.body && at + 2 == decoded.consumed);
}

void CheckChunks(std::string_view bytes, ChunkDecoder::Extensions extensions) {
  const Decoded whole =
      DecodeInPieces(bytes, std::max<size_t>(bytes.size(), 1), extensions);
  for (size_t piece : {1, 2, 7}) {
    CHECK(DecodeInPieces(bytes, piece, extensions) == whole);
  }
  CHECK(!(whole.broken && whole.done));
  if (whole.done) CheckPlainly(bytes, whole);
}

}  // namespace
}  // namespace cofferdam::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::http::ChunkDecoder;
  const std::string_view bytes = cofferdam::FuzzText(data, size);
  for (auto extensions :
       {ChunkDecoder::Extensions::kRefuse, ChunkDecoder::Extensions::kSkip}) {
    cofferdam::http::CheckChunks(bytes, extensions);
  }
  return 0;
}
