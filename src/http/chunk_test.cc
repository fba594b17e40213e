#include <gtest/gtest.h>

#include <string>

#include "http/framing.h"

namespace cofferdam::http {
namespace {

using Extensions = ChunkDecoder::Extensions;

// The body of `wire`, fed in pieces of `piece` bytes; "broken" or "open" where
// it has none. `left` gets what follows it.
std::string Decode(std::string wire, size_t piece = 1 << 20,
                   Extensions extensions = Extensions::kRefuse,
                   std::string* left = nullptr) {
  ChunkDecoder decoder(extensions);
  std::string body;
  for (size_t at = 0; at < wire.size();) {
    const size_t size = std::min(piece, wire.size() - at);
    const auto step = decoder.Decode(wire.data() + at, size);
    body.append(wire, at, step.produced);
    if (step.broken) return "broken";
    at += step.consumed;
    if (decoder.done()) {
      if (left != nullptr) *left = wire.substr(at);
      return body;
    }
  }
  return "open";
}

TEST(ChunkDecoder, JoinsChunksHoweverTheyAreSplit) {
  const std::string wire =
      "5\r\nhello\r\n1\r\n \r\n00A\r\n0123456789\r\n0\r\n"
      "X-Trailer: a\r\nY: b\r\n\r\n";
  for (size_t piece = 1; piece <= wire.size(); ++piece) {
    EXPECT_EQ(Decode(wire, piece), "hello 0123456789") << piece;
  }
}

TEST(ChunkDecoder, LeavesWhatFollowsTheBody) {
  std::string left;
  EXPECT_EQ(Decode("1\r\na\r\n0\r\n\r\nGET /", 100, Extensions::kRefuse, &left),
            "a");
  EXPECT_EQ(left, "GET /");
}

TEST(ChunkDecoder, RefusesBrokenFraming) {
  for (const char* wire :
       {"\r\n", "g\r\n", "5\nhello", "1\r\nab\r\n", "1\r\na\n", "1\r\na\rx",
        "-1\r\n", "+1\r\n", "0x1\r\n", " 1\r\n", "1\rx", "0\r\n\n",
        "0\r\nX: 1\n", "0\r\n X: 1\r\n", "0\r\n: 1\r\n", "0\r\nX\x01\r\n",
        "0\r\nX: 1\rY", "1000000000000000\r\n"}) {
    EXPECT_EQ(Decode(wire), "broken") << wire;
  }
}

TEST(ChunkDecoder, TakesExtensionsOnlyWhereAsked) {
  for (const char* wire : {"1;a=b\r\na\r\n0\r\n\r\n", "1 \r\na\r\n0\r\n\r\n"}) {
    EXPECT_EQ(Decode(wire), "broken") << wire;
    EXPECT_EQ(Decode(wire, 1, Extensions::kSkip), "a") << wire;
  }
  EXPECT_EQ(Decode(";a\r\n", 1, Extensions::kSkip), "broken");
  EXPECT_EQ(Decode("1;a\n", 1, Extensions::kSkip), "broken");
}

TEST(ChunkDecoder, LimitsASizeLineAtExactlyItsBytes) {
  const auto wire = [](size_t bytes) {
    // "1;xxx…" CR LF of that many bytes.
    return "1;" + std::string(bytes - 4, 'x') + "\r\na\r\n0\r\n\r\n";
  };
  constexpr size_t kMax = ChunkDecoder::kSizeLineBytesMax;
  EXPECT_EQ(Decode(wire(kMax), 7, Extensions::kSkip), "a");
  EXPECT_EQ(Decode(wire(kMax + 1), 7, Extensions::kSkip), "broken");
}

TEST(ChunkDecoder, LimitsTrailersAtExactlyTheirBytes) {
  const auto wire = [](size_t bytes) {
    // "X:yyy…" CR LF CR LF of that many bytes.
    return "0\r\nX:" + std::string(bytes - 6, 'y') + "\r\n\r\n";
  };
  constexpr size_t kMax = ChunkDecoder::kTrailerBytesMax;
  EXPECT_EQ(Decode(wire(kMax), 1000), "");
  EXPECT_EQ(Decode(wire(kMax + 1), 1000), "broken");
}

}  // namespace
}  // namespace cofferdam::http
