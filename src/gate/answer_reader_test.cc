#include "gate/answer_reader.h"

#include <gtest/gtest.h>

#include "base/compress.h"

namespace cofferdam::gate {
namespace {

constexpr char kStream[] =
    "event: message_start\n"
    "data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","
    "\"model\":\"m\",\"usage\":{\"input_tokens\":7,\"output_tokens\":1}}}\n\n"
    "event: content_block_start\n"
    "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":"
    "{\"type\":\"text\",\"text\":\"\"}}\n\n"
    "event: content_block_delta\n"
    "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":"
    "{\"type\":\"text_delta\",\"text\":\"Done.\"}}\n\n"
    "event: message_delta\n"
    "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
    "\"end_turn\"},\"usage\":{\"output_tokens\":5}}\n\n"
    "event: message_stop\n"
    "data: {\"type\":\"message_stop\"}\n\n";

http::ResponseHead Head(std::string_view type, std::string_view coding = "") {
  http::ResponseHead head;
  head.headers.Add("content-type", type);
  if (!coding.empty()) head.headers.Add("content-encoding", coding);
  return head;
}

AnswerReader Reader(const http::ResponseHead& head, GateLimits limits = {}) {
  return AnswerReader({.protocol = wire::Protocol::kAnthropicMessages}, head,
                      limits);
}

TEST(AnswerReader, SeesTheEndInThePieceThatHoldsIt) {
  std::string_view stream = kStream;
  for (size_t size : {size_t{1}, size_t{7}, size_t{64}, stream.size()}) {
    AnswerReader reader = Reader(Head("text/event-stream; charset=utf-8"));
    for (size_t at = 0; at < stream.size(); at += size) {
      EXPECT_FALSE(reader.ended());
      reader.Feed(stream.substr(at, size));
    }
    EXPECT_TRUE(reader.ended());
    EXPECT_TRUE(reader.between_events());
    wire::Answer answer = reader.Finish(true);
    EXPECT_EQ(answer.provider_response_id, "msg_1");
    EXPECT_EQ(answer.usage.input_tokens, 7);
    EXPECT_EQ(answer.usage.output_tokens, 5);
    EXPECT_EQ(answer.usage_source, wire::UsageSource::kReported);
    ASSERT_EQ(answer.parts.size(), 1u);
    EXPECT_EQ(answer.parts[0].text, "Done.");
  }
}

TEST(AnswerReader, ReadsCompressedStreams) {
  AnswerReader reader = Reader(Head("text/event-stream", "zstd"));
  reader.Feed(ZstdCompress(kStream, 3));
  EXPECT_TRUE(reader.ended());
  EXPECT_EQ(reader.Finish(true).usage.output_tokens, 5);
}

TEST(AnswerReader, KnowsWhetherItStandsWithinAnEvent) {
  AnswerReader reader = Reader(Head("text/event-stream"));
  std::string_view stream = kStream;
  reader.Feed(stream.substr(0, 30));
  EXPECT_FALSE(reader.between_events());
  reader.Feed(stream.substr(30, stream.find("\n\n") + 2 - 30));
  EXPECT_TRUE(reader.between_events());
}

TEST(AnswerReader, ACodingItCannotReadIsSaidSo) {
  AnswerReader reader = Reader(Head("text/event-stream", "br"));
  reader.Feed("\x01\x02");
  EXPECT_TRUE(reader.unreadable());
  EXPECT_TRUE(reader.Finish(true).parts.empty());
}

TEST(AnswerReader, ABodyBeyondTheLimitIsNotKept) {
  std::string body =
      R"({"type":"message","id":"msg_2","model":"m","content":[{"type":"text",)"
      R"("text":"Hi"}],"usage":{"input_tokens":1,"output_tokens":2}})";
  for (bool fits : {true, false}) {
    GateLimits limits;
    limits.decoded_answer_bytes_max =
        static_cast<int64_t>(body.size()) - (fits ? 0 : 1);
    AnswerReader reader = Reader(Head("application/json"), limits);
    reader.Feed(body);
    EXPECT_EQ(reader.unreadable(), !fits);
    EXPECT_EQ(reader.Finish(true).parts.size(), fits ? 1u : 0u);
  }
}

}  // namespace
}  // namespace cofferdam::gate
