#include "base/compress.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "base/random.h"

namespace cofferdam {
namespace {

std::string Gzip(std::string_view data) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, data.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Sample() {
  SeededRandom random(3);
  std::string text;
  while (text.size() < 300'000) {
    text += "line " + std::to_string(random.Below(1000)) + "\n";
  }
  return text;
}

TEST(Zstd, RoundTrips) {
  std::string text = Sample();
  EXPECT_EQ(*ZstdDecompress(ZstdCompress(text, 3), text.size()), text);
  EXPECT_EQ(*ZstdDecompress(ZstdCompress("", 3), 0), "");
}

// 64 KiB leave the decoder in one piece.
TEST(Zstd, RoundTripsWhereAPieceIsJustFull) {
  for (size_t size : {65535, 65536, 65537, 131072}) {
    std::string text(size, 'x');
    auto unpacked = ZstdDecompress(ZstdCompress(text, 3), size);
    ASSERT_TRUE(unpacked.ok()) << size;
    EXPECT_EQ(*unpacked, text);
    EXPECT_EQ(*Decode(ContentCoding::kGzip, Gzip(text), size), text);
  }
}

TEST(Zstd, AShortFrameThatIsCutOrGoesOnIsCorrupt) {
  const std::string text = "twelve tokens, twelve tokens, twelve tokens";
  const std::string packed = ZstdCompress(text, 3);
  for (size_t size = 1; size < packed.size(); ++size) {
    const auto cut = ZstdDecompress(packed.substr(0, size), 1000);
    ASSERT_FALSE(cut.ok()) << size;
    EXPECT_EQ(cut.error().code(), Code::kCorrupt) << size;
  }
  EXPECT_FALSE(ZstdDecompress(packed + "more", 1000).ok());
  EXPECT_EQ(*ZstdDecompress(packed, 1000), text);
}

TEST(Zstd, FormatsOfBeforeTheStandardAreCorruptHoweverTheyCome) {
  for (char version = '\x1e'; version < '\x28'; ++version) {
    std::string packed = version + std::string("\xb5\x2f\xfd\x04\x58\xd3");
    for (size_t piece : {1, 4, 7}) {
      StreamDecoder decoder(ContentCoding::kZstd, 100);
      Status fed;
      for (size_t at = 0; at < packed.size() && fed.ok(); at += piece) {
        fed = decoder.Feed(std::string_view(packed).substr(at, piece),
                           [](std::string_view) {});
      }
      ASSERT_FALSE(fed.ok());
      EXPECT_EQ(fed.error().code(), Code::kCorrupt);
    }
  }
}

TEST(Zstd, ContentBeyondTheLimitIsTooLarge) {
  std::string packed = ZstdCompress(Sample(), 3);
  EXPECT_TRUE(ZstdDecompress(packed, Sample().size()).ok());
  EXPECT_EQ(ZstdDecompress(packed, Sample().size() - 1).error().code(),
            Code::kTooLarge);
}

TEST(StreamDecoder, AnySplitGivesTheSameBytes) {
  std::string text = Sample();
  for (auto [coding, packed] :
       {std::pair(ContentCoding::kGzip, Gzip(text)),
        std::pair(ContentCoding::kZstd, ZstdCompress(text, 3)),
        std::pair(ContentCoding::kIdentity, text)}) {
    SeededRandom random(9);
    StreamDecoder decoder(coding, text.size());
    std::string out;
    for (size_t at = 0; at < packed.size();) {
      size_t n = std::min<size_t>(1 + random.Below(999), packed.size() - at);
      ASSERT_TRUE(decoder
                      .Feed(std::string_view(packed).substr(at, n),
                            [&](std::string_view piece) { out += piece; })
                      .ok());
      at += n;
    }
    EXPECT_EQ(out, text);
    EXPECT_TRUE(decoder.at_end());
  }
}

TEST(StreamDecoder, BrokenBytesStayBroken) {
  StreamDecoder decoder(ContentCoding::kGzip, 1000);
  auto ignore = [](std::string_view) {};
  EXPECT_EQ(decoder.Feed("not gzip at all", ignore).error().code(),
            Code::kCorrupt);
  EXPECT_FALSE(decoder.Feed(Gzip("x"), ignore).ok());
}

TEST(Decode, DataThatEndsEarlyIsCorrupt) {
  std::string packed = Gzip(Sample());
  packed.resize(packed.size() / 2);
  EXPECT_EQ(Decode(ContentCoding::kGzip, packed, 1 << 20).error().code(),
            Code::kCorrupt);
}

TEST(ContentCoding, UnknownOnesAreRefusedByName) {
  EXPECT_EQ(*ParseContentCoding(" GZIP "), ContentCoding::kGzip);
  EXPECT_FALSE(ParseContentCoding("br").ok());
  EXPECT_FALSE(ParseContentCoding("gzip, zstd").ok());
}

}  // namespace
}  // namespace cofferdam
