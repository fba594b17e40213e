#include "http/message.h"

#include <gtest/gtest.h>

namespace cofferdam::http {
namespace {

TEST(Headers, KeepsOrderAndSpelling) {
  Headers headers{{"X-B", "1"}, {"x-a", "2"}};
  headers.Add("X-b", "3");
  ASSERT_EQ(headers.size(), 3u);
  EXPECT_EQ(headers[0].name, "X-B");
  EXPECT_EQ(headers[1].value, "2");
  EXPECT_EQ(headers[2].name, "X-b");
}

TEST(Headers, ComparesNamesWithoutCase) {
  Headers headers{{"Content-Type", "a"}, {"x", "1"}, {"content-type", "b"}};
  EXPECT_EQ(headers.Get("CONTENT-TYPE"), "a");
  EXPECT_EQ(headers.Count("content-type"), 2u);
  EXPECT_FALSE(headers.Has("content-typ"));
  EXPECT_EQ(headers.GetOrEmpty("nothing"), "");
}

TEST(Headers, RemovesEveryFieldOfAName) {
  Headers headers{{"a", "1"}, {"B", "2"}, {"A", "3"}};
  EXPECT_EQ(headers.Remove("a"), 2u);
  ASSERT_EQ(headers.size(), 1u);
  EXPECT_EQ(headers[0].value, "2");
  headers.Set("b", "4");
  ASSERT_EQ(headers.size(), 1u);
  EXPECT_EQ(headers.Get("B"), "4");
}

TEST(RequestHead, SplitsItsTargetAtTheFirstQuestionMark) {
  RequestHead head;
  head.target = "/a?b?c=d";
  EXPECT_EQ(head.path(), "/a");
  EXPECT_EQ(head.query(), "b?c=d");
  head.target = "/a";
  EXPECT_EQ(head.path(), "/a");
  EXPECT_EQ(head.query(), "");
}

TEST(Heads, LeaveFramingToWhoeverSendsThem) {
  std::string out;
  ASSERT_TRUE(AppendResponseHead({.status = 404,
                                  .headers = {{"A", "1"},
                                              {"content-length", "9"},
                                              {"Connection", "x"},
                                              {"TRANSFER-ENCODING", "chunked"},
                                              {"b", "2"}}},
                                 &out)
                  .ok());
  EXPECT_EQ(out, "HTTP/1.1 404 Not Found\r\nA: 1\r\nb: 2\r\n");
}

TEST(Headers, LoseWhatConcernsOneConnection) {
  Headers headers{
      {"Connection", "close, X-Hop"}, {"x-hop", "1"},   {"X-End", "2"},
      {"connection", "x-other ,, "},  {"X-Other", "3"}, {"TE", "trailers"},
      {"Keep-Alive", "timeout=5"}};
  RemoveHopByHop(&headers);
  ASSERT_EQ(headers.size(), 1u);
  EXPECT_EQ(headers[0].name, "X-End");
}

TEST(Heads, RefuseWhatWouldBreakThem) {
  for (const char* value : {"a\r\nb", "a\nb", "a\rb", "\x01"}) {
    std::string out;
    EXPECT_FALSE(AppendResponseHead({.headers = {{"A", value}}}, &out).ok());
  }
  std::string out;
  EXPECT_FALSE(AppendResponseHead({.headers = {{"A b", "1"}}}, &out).ok());
  EXPECT_FALSE(AppendResponseHead({.headers = {{"", "1"}}}, &out).ok());
  EXPECT_FALSE(AppendResponseHead({.reason = "a\r\nb"}, &out).ok());
  EXPECT_FALSE(
      AppendRequestHead({.method = "GET", .target = "/a b"}, &out).ok());
  EXPECT_FALSE(AppendRequestHead({.method = "G T", .target = "/"}, &out).ok());
  EXPECT_FALSE(AppendRequestHead({.method = "GET", .target = ""}, &out).ok());
}

}  // namespace
}  // namespace cofferdam::http
