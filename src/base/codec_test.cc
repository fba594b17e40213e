#include "base/codec.h"

#include <gtest/gtest.h>

#include <random>

namespace cofferdam {
namespace {

constexpr Codec kCodecs[] = {Codec::kGzip, Codec::kZstd, Codec::kBzip2,
                             Codec::kXz};

std::string Encoded(Codec codec, std::string_view text, size_t step = 1000) {
  std::string out;
  std::unique_ptr<Encoder> encoder = MakeEncoder(codec);
  for (; !text.empty(); text.remove_prefix(std::min(step, text.size())))
    encoder->Encode(text.substr(0, step), &out);
  encoder->Finish(&out);
  return out;
}

struct Decoded {
  std::string text;
  std::optional<Error> failure;
  bool at_end = false;
};

Decoded DecodeInSteps(Codec codec, std::string_view bytes, size_t step,
                      size_t out_max) {
  std::unique_ptr<Decoder> decoder = MakeDecoder(codec);
  Decoded decoded;
  std::string out(out_max, '\0');
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    for (;;) {
      Result<size_t> got = decoder->Decode(&piece, out.data(), out.size());
      if (!got.ok()) {
        decoded.failure = got.error();
        return decoded;
      }
      if (*got == 0) break;
      decoded.text.append(out.data(), *got);
    }
    EXPECT_TRUE(piece.empty());
  }
  decoded.at_end = decoder->at_end();
  return decoded;
}

std::string Text() {
  std::mt19937 random(7);
  std::string text;
  for (int i = 0; i < 20000; ++i)
    text += static_cast<char>('a' + random() % (i % 2 ? 3 : 26));
  return text;
}

TEST(Codec, WhatIsEncodedIsDecodedInAnyPieces) {
  const std::string text = Text();
  for (Codec codec : kCodecs) {
    std::string bytes = Encoded(codec, text);
    EXPECT_LT(bytes.size(), text.size());
    EXPECT_EQ(CodecOfBytes(bytes), codec);
    for (size_t step : {size_t{1}, size_t{4096}, bytes.size()}) {
      for (size_t out_max : {size_t{1}, size_t{100}, size_t{1} << 16}) {
        Decoded decoded = DecodeInSteps(codec, bytes, step, out_max);
        EXPECT_FALSE(decoded.failure) << CodecName(codec);
        EXPECT_TRUE(decoded.at_end) << CodecName(codec);
        EXPECT_EQ(decoded.text, text) << CodecName(codec);
      }
    }
  }
}

TEST(Codec, MembersMayFollowOneAnotherWithZerosBetween) {
  for (Codec codec : kCodecs) {
    std::string bytes = Encoded(codec, "one ") + Encoded(codec, "") +
                        std::string(8, '\0') + Encoded(codec, "two") +
                        std::string(512, '\0');
    for (size_t step : {size_t{1}, bytes.size()}) {
      Decoded decoded = DecodeInSteps(codec, bytes, step, 64);
      EXPECT_FALSE(decoded.failure) << CodecName(codec);
      EXPECT_TRUE(decoded.at_end);
      EXPECT_EQ(decoded.text, "one two");
    }
  }
}

TEST(Codec, AnEarlyEndShows) {
  for (Codec codec : kCodecs) {
    std::string bytes = Encoded(codec, Text());
    bytes.resize(bytes.size() / 2);
    Decoded decoded = DecodeInSteps(codec, bytes, 1000, 1000);
    EXPECT_FALSE(decoded.failure);
    EXPECT_FALSE(decoded.at_end) << CodecName(codec);
  }
}

TEST(Codec, DamageAndWhatFollowsTheEndAreCorrupt) {
  for (Codec codec : kCodecs) {
    std::string bytes = Encoded(codec, Text());
    Decoded tail = DecodeInSteps(codec, bytes + "garbage, more of it", 999, 99);
    ASSERT_TRUE(tail.failure) << CodecName(codec);
    EXPECT_EQ(tail.failure->code(), Code::kCorrupt);
    EXPECT_EQ(tail.text, Text());
    std::string damaged = bytes;
    for (size_t i = bytes.size() / 2; i < bytes.size() / 2 + 40; ++i)
      damaged[i] = static_cast<char>(~damaged[i]);
    Decoded decoded = DecodeInSteps(codec, damaged, 999, 99);
    ASSERT_TRUE(decoded.failure) << CodecName(codec);
    EXPECT_EQ(decoded.failure->code(), Code::kCorrupt);
  }
}

TEST(Codec, OtherBytesAreNone) {
  for (std::string_view head :
       {"", "BZ", "BZhello there", "PK\3\4ab", "{\"a\""})
    EXPECT_EQ(CodecOfBytes(head), std::nullopt) << head;
  EXPECT_EQ(CodecOfBytes("\x5d\x2a\x4d\x18\x01\x02"), Codec::kZstd);
}

}  // namespace
}  // namespace cofferdam
