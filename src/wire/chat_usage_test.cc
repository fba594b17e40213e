#include "wire/chat_usage.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace cofferdam::wire {
namespace {

TEST(WithIncludeUsage, SplicesTheOptionAndNothingElse) {
  const std::pair<std::string_view, std::string_view> kCases[] = {
      {R"({"stream":true})",
       R"({"stream_options":{"include_usage":true},"stream":true})"},
      {" { \"a\" : [ {\"x\":\"}\\\"\"} , 1e3 ] ,\n\t\"stream\" : true } ",
       " {\"stream_options\":{\"include_usage\":true}, \"a\" : [ "
       "{\"x\":\"}\\\"\"} , 1e3 ] ,\n\t\"stream\" : true } "},
      {R"({"stream":true,"stream_options":null,"x":1})",
       R"({"stream":true,"stream_options":{"include_usage":true},"x":1})"},
      {R"({"stream":true,"stream_options":{}})",
       R"({"stream":true,"stream_options":{"include_usage":true}})"},
      {R"({"stream":true,"stream_options": { "a":[1,{}] }})",
       R"({"stream":true,"stream_options": {"include_usage":true, "a":[1,{}] }})"},
      {R"({"stream":true,"stream_options":{"a":1,"include_usage" : false }})",
       R"({"stream":true,"stream_options":{"a":1,"include_usage" : true }})"},
      {R"({"stream":true,"stream_options":{"include_usage":null,"b":2}})",
       R"({"stream":true,"stream_options":{"include_usage":true,"b":2}})"},
      // A name in escapes is the same name.
      {R"({"stream":true,"stream\u005foptions":{"include_usage":false}})",
       R"({"stream":true,"stream\u005foptions":{"include_usage":true}})"},
      // Half an emoji, and a number that no double holds.
      {R"({"x":"\ud83d","y":1e999,"stream":true})",
       R"({"stream_options":{"include_usage":true},"x":"\ud83d","y":1e999,"stream":true})"},
  };
  for (const auto& [body, want] : kCases) {
    auto spliced = WithIncludeUsage(body);
    ASSERT_TRUE(spliced.has_value()) << body;
    EXPECT_EQ(*spliced, want);
    // Once is enough.
    EXPECT_EQ(WithIncludeUsage(*spliced), std::nullopt) << body;
  }
}

TEST(WithIncludeUsage, LeavesRequestsAloneThatNeedNothingOrCannotBeRead) {
  for (std::string_view body : {
           R"({"stream":true,"stream_options":{"include_usage":true}})",
           R"({"stream":false})",
           R"({"model":"m"})",
           R"({"stream":"true"})",
           R"({"stream":true,"stream":true})",
           R"({"stream":true,"stream_options":{},"stream_options":{}})",
           R"({"stream":true,"stream_options":[]})",
           R"({"stream":true,"stream_options":"yes"})",
           R"({"stream":true,"stream_options":{"include_usage":"no"}})",
           R"({"stream":true,"stream_options":)"
           R"({"include_usage":false,"include_usage":false}})",
           R"([{"stream":true}])",
           R"({"stream":true)",
           "",
       }) {
    EXPECT_EQ(WithIncludeUsage(body), std::nullopt) << body;
  }
}

constexpr std::string_view kChunk =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\\\"usage\\\"\"}"
    "}],\"usage\":null}\n\n";
constexpr std::string_view kUsage =
    "data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":7,"
    "\"completion_tokens\":5}}\n\n";
constexpr std::string_view kDone = "data: [DONE]\n\n";

std::string Filtered(
    std::string_view stream, size_t piece, size_t* removed,
    size_t event_bytes_max = UsageChunkFilter::kEventBytesMax) {
  UsageChunkFilter filter(event_bytes_max);
  std::string out;
  for (size_t at = 0; at < stream.size(); at += piece) {
    filter.Feed(std::string(stream.substr(at, piece)), &out);
    EXPECT_LE(out.size(), at + piece);
  }
  filter.Finish(&out);
  *removed = filter.removed();
  return out;
}

// `stream` filtered gives `want`, however it is cut.
void ExpectFiltered(std::string_view stream, std::string_view want,
                    size_t want_removed) {
  for (size_t piece = 1; piece <= stream.size(); ++piece) {
    size_t removed = 0;
    ASSERT_EQ(Filtered(stream, piece, &removed), want) << piece;
    EXPECT_EQ(removed, want_removed);
  }
}

std::string With(std::string_view newline, std::string_view stream) {
  std::string out;
  for (char c : stream) {
    if (c == '\n') {
      out.append(newline);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

TEST(UsageChunkFilter, TakesOutTheExtraChunkHoweverTheStreamIsCut) {
  const std::string stream = std::string(kChunk) + ": keepalive\n\n" +
                             std::string(kUsage) + std::string(kDone);
  const std::string want =
      std::string(kChunk) + ": keepalive\n\n" + std::string(kDone);
  for (std::string_view newline : {"\n", "\r\n", "\r"}) {
    ExpectFiltered(With(newline, stream), With(newline, want), 1);
  }
}

TEST(UsageChunkFilter, PassesEverythingElse) {
  const std::string streams[] = {
      // The first chunk of some providers has no choices and no usage.
      "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n",
      "data: {\"choices\":[],\"usage\":null}\n\n",
      // Usage beside a choice belongs to that chunk.
      "data: "
      "{\"choices\":[{\"delta\":{}}],\"usage\":{\"prompt_tokens\":1}}\n\n",
      "data: {\"choices\":[],\"usage\":{},\"error\":{\"message\":\"x\"}}\n\n",
      "data: {\"usage\":{\"prompt_tokens\":1}}\n\n",
      // Cut: never whole, so not one to take out.
      std::string(kUsage.substr(0, kUsage.size() - 1)), "\n\n\r\n\r\r\n",
      "data: {\"choices\":[],\"usage\":{}", "x"};
  for (const std::string& stream : streams) ExpectFiltered(stream, stream, 0);
}

TEST(UsageChunkFilter, ReadsDataOverSeveralLines) {
  ExpectFiltered(
      "event: message\ndata: {\"choices\":[],\ndata:\"usage\":{}}\nid: 1\n\nx",
      "x", 1);
  ExpectFiltered(
      "data: {\"x\":\"usage\",\"usage\" :\ndata: {},\"choices\":[]}\n\nx", "x",
      1);
}

TEST(UsageChunkFilter, ReadsEventsUpToItsLimit) {
  // The event's last byte decides.
  for (bool fits : {true, false}) {
    size_t removed = 0;
    const std::string stream = std::string(kUsage) + std::string(kDone);
    const std::string out =
        Filtered(stream, 10, &removed, kUsage.size() - (fits ? 0 : 1));
    EXPECT_EQ(removed, fits ? 1u : 0u);
    EXPECT_EQ(out, fits ? std::string(kDone) : stream);
  }
}

}  // namespace
}  // namespace cofferdam::wire
