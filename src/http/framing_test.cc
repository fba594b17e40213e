#include "http/framing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cofferdam::http {
namespace {

using testing::HasSubstr;

// What a server would do with `bytes`: scan, then parse. Status 0: accepted.
struct Verdict {
  int status = 0;
  std::string message;
  RequestHead head;
  RequestFraming framing;
};

Verdict Judge(std::string_view bytes, const HeadLimits& limits = {}) {
  HeadScanner scanner(limits);
  switch (scanner.Scan(bytes)) {
    case HeadScanner::Outcome::kMore:
      return {-1, "more"};
    case HeadScanner::Outcome::kRefused:
      return {scanner.refusal().status, std::string(scanner.refusal().message)};
    case HeadScanner::Outcome::kDone:
      break;
  }
  Verdict verdict;
  const auto refusal =
      ParseRequestHead(bytes.substr(scanner.head_begin(),
                                    scanner.head_end() - scanner.head_begin()),
                       limits, &verdict.head, &verdict.framing);
  if (refusal) {
    verdict.status = refusal->status;
    verdict.message = refusal->message;
  }
  return verdict;
}

TEST(Framing, ReadsAnOrdinaryRequest) {
  const Verdict v = Judge(
      "POST /v1/messages?beta=true HTTP/1.1\r\nHost: 127.0.0.1:8787\r\n"
      "X-App: cli\r\ncontent-length: 12\r\nsession_id:  a b \t\r\n\r\n");
  ASSERT_EQ(v.status, 0) << v.message;
  EXPECT_EQ(v.head.method, "POST");
  EXPECT_EQ(v.head.path(), "/v1/messages");
  EXPECT_EQ(v.head.query(), "beta=true");
  EXPECT_EQ(v.head.version, Version::kHttp11);
  ASSERT_EQ(v.head.headers.size(), 4u);
  EXPECT_EQ(v.head.headers[1].name, "X-App");
  EXPECT_EQ(v.head.headers.GetOrEmpty("SESSION_ID"), "a b");
  EXPECT_EQ(v.framing.body, RequestFraming::Body::kLength);
  EXPECT_EQ(v.framing.length, 12u);
  EXPECT_TRUE(v.framing.keep_alive);
}

struct Row {
  const char* name;
  std::string head;
  int status;
  const char* message;
};

class Refuses : public testing::TestWithParam<Row> {};

TEST_P(Refuses, WhatTwoReadersCouldFrameDifferently) {
  const Verdict v = Judge(GetParam().head);
  EXPECT_EQ(v.status, GetParam().status) << GetParam().head;
  EXPECT_THAT(v.message, HasSubstr(GetParam().message));
}

std::string Get(const std::string& fields) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    Framing, Refuses,
    testing::Values(
        Row{"ChunkedThenIdentity",
            Get("Transfer-Encoding: chunked, identity\r\n"), 400,
            "not exactly chunked"},
        Row{"GzipThenChunked", Get("Transfer-Encoding: gzip, chunked\r\n"), 400,
            "not exactly chunked"},
        Row{"Xchunked", Get("Transfer-Encoding: xchunked\r\n"), 400,
            "not exactly chunked"},
        Row{"QuotedChunked", Get("Transfer-Encoding: \"chunked\"\r\n"), 400,
            "not exactly chunked"},
        Row{"EmptyEncoding", Get("Transfer-Encoding:\r\n"), 400,
            "not exactly chunked"},
        Row{"TwoEncodings",
            Get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
            400, "Transfer-Encoding comes more than once"},
        Row{"ChunkedInHttp10",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400,
            "Transfer-Encoding in HTTP/1.0"},
        Row{"LengthAndChunked",
            Get("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400,
            "both"},
        Row{"TwoLengths", Get("Content-Length: 5\r\nContent-Length: 6\r\n"),
            400, "Content-Length comes more than once"},
        Row{"TheSameLengthTwice",
            Get("Content-Length: 5\r\nContent-Length: 5\r\n"), 400,
            "Content-Length comes more than once"},
        Row{"LengthList", Get("Content-Length: 5, 5\r\n"), 400, "not a number"},
        Row{"LengthWithSign", Get("Content-Length: +5\r\n"), 400,
            "not a number"},
        Row{"NegativeLength", Get("Content-Length: -1\r\n"), 400,
            "not a number"},
        Row{"EmptyLength", Get("Content-Length: \r\n"), 400, "not a number"},
        Row{"HexLength", Get("Content-Length: 0x10\r\n"), 400, "not a number"},
        Row{"HugeLength", Get("Content-Length: 1000000000000000000\r\n"), 400,
            "not a number"},
        Row{"ImitatedLength", Get("Content_Length: 5\r\n"), 400, "imitates"},
        Row{"ImitatedEncoding", Get("Transfer_Encoding: chunked\r\n"), 400,
            "imitates"},
        Row{"ConnectionThatIsNoList", Get("Connection: close;x\r\n"), 400,
            "not a list"},
        Row{"NoHost", "GET / HTTP/1.1\r\n\r\n", 400, "Host is missing"},
        Row{"TwoHosts", Get("Host: b\r\n"), 400, "Host comes more than once"},
        Row{"HostWithBlank", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400,
            "Host is not a host"},
        Row{"HostWithUser", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400,
            "Host is not a host"},
        Row{"HostWithPath", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400,
            "Host is not a host"},
        Row{"FoldedField", Get("X-A: 1\r\n 2\r\n"), 400, "folded"},
        Row{"FoldedWithTab", Get("X-A: 1\r\n\t2\r\n"), 400, "folded"},
        Row{"FoldedFirstField", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400,
            "folded"},
        Row{"BareLf", "GET / HTTP/1.1\nHost: a\n\n", 400, "without CR"},
        Row{"BareLfInAField", Get("X-A: 1\nX-B: 2\r\n"), 400, "without CR"},
        Row{"BareLfAtTheEnd", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400,
            "without CR"},
        Row{"BareCr", Get("X-A: 1\rX-B: 2\r\n"), 400, "control byte"},
        Row{"NulInAValue", Get(std::string("X-A: 1") + '\0' + "\r\n"), 400,
            "control byte"},
        Row{"DeleteInAValue", Get("X-A: 1\x7f\r\n"), 400, "control byte"},
        Row{"BlankBeforeColon", Get("Content-Length : 5\r\n"), 400,
            "name holds a byte"},
        Row{"NoColon", Get("Content-Length 5\r\n"), 400, "no colon"},
        Row{"NoName", Get(": 5\r\n"), 400, "name holds a byte"},
        Row{"ByteInAName", Get("X\x80: 5\r\n"), 400, "name holds a byte"},
        Row{"NoVersion", "GET /\r\nHost: a\r\n\r\n", 400, "three parts"},
        Row{"TwoBlanks", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400,
            "not a path"},
        Row{"BlankInTheTarget", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400,
            "not a path"},
        Row{"AbsoluteTarget", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400,
            "not a path"},
        Row{"Connect", "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n", 400,
            "not a path"},
        Row{"FragmentInTheTarget", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", 400,
            "not a path"},
        Row{"ByteInTheTarget", "GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", 400,
            "not a path"},
        Row{"MethodWithColon", "G:T / HTTP/1.1\r\nHost: a\r\n\r\n", 400,
            "not a word"},
        Row{"LowerCaseVersion", "GET / http/1.1\r\nHost: a\r\n\r\n", 400,
            "not one of HTTP"},
        Row{"Http2", "PRI * HTTP/2.0\r\n\r\n", 505, "only HTTP/1.1"},
        Row{"Http12", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505,
            "only HTTP/1.1"},
        Row{"VersionWithMore", "GET / HTTP/1.1x\r\nHost: a\r\n\r\n", 505,
            "only HTTP/1.1"},
        Row{"TlsOnAPlainPort", std::string("\x16\x03\x01\x02", 4), 400,
            "not HTTP"},
        Row{"TwoEmptyLinesFirst", "\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
            400, "empty lines"},
        Row{"UnknownExpectation", Get("Expect: tea\r\n"), 417, "100-continue"},
        Row{"TwoExpectations",
            Get("Expect: 100-continue\r\nExpect: 100-continue\r\n"), 417,
            "100-continue"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Framing, AcceptsOneEmptyLineBeforeARequest) {
  EXPECT_EQ(Judge("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").status, 0);
}

TEST(Framing, AcceptsChunkedInAnyCase) {
  const Verdict v = Judge(Get("transfer-encoding: CHUNKED \r\n"));
  EXPECT_EQ(v.status, 0);
  EXPECT_EQ(v.framing.body, RequestFraming::Body::kChunked);
}

TEST(Framing, AcceptsAsteriskForOptionsOnly) {
  EXPECT_EQ(Judge("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").status, 0);
  EXPECT_EQ(Judge("GET * HTTP/1.1\r\nHost: a\r\n\r\n").status, 400);
}

TEST(Framing, KeepsConnectionsAliveAsTheVersionSays) {
  EXPECT_TRUE(Judge(Get("")).framing.keep_alive);
  EXPECT_FALSE(Judge(Get("Connection: x, Close\r\n")).framing.keep_alive);
  EXPECT_FALSE(Judge("GET / HTTP/1.0\r\n\r\n").framing.keep_alive);
  EXPECT_TRUE(Judge("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
                  .framing.keep_alive);
}

TEST(Framing, ExpectsContinueOnlyWhereABodyComes) {
  EXPECT_FALSE(Judge(Get("Expect: 100-continue\r\n")).framing.expects_continue);
  EXPECT_TRUE(Judge(Get("Expect: 100-Continue\r\nContent-Length: 1\r\n"))
                  .framing.expects_continue);
}

TEST(Framing, GivesTheSameVerdictForEverySplit) {
  const std::vector<std::string> heads = {
      "\r\n" + Get("X-A: 1\r\nContent-Length: 5\r\n"),
      "GET / HTTP/1.1\r\nHost: a\r\nX: 1\n\r\n", "GET / HTTP/1.1\n\r\n"};
  for (const std::string& head : heads) {
    const Verdict whole = Judge(head);
    HeadScanner scanner({});
    auto outcome = HeadScanner::Outcome::kMore;
    for (size_t size = 1;
         size <= head.size() && outcome == HeadScanner::Outcome::kMore;
         ++size) {
      outcome = scanner.Scan(std::string_view(head).substr(0, size));
    }
    if (whole.status == 0) {
      EXPECT_EQ(outcome, HeadScanner::Outcome::kDone) << head;
      EXPECT_EQ(scanner.head_end(), head.size());
    } else {
      EXPECT_EQ(outcome, HeadScanner::Outcome::kRefused) << head;
    }
  }
}

TEST(Framing, LimitsTheHeadAtExactlyItsBytes) {
  const std::string head = Get("X-Padding: 0123456789\r\n");
  EXPECT_EQ(Judge(head, {.head_bytes_max = head.size()}).status, 0);
  const Verdict v = Judge(head, {.head_bytes_max = head.size() - 1});
  EXPECT_EQ(v.status, 431);
  // Also before its end has come.
  const HeadLimits limits{.head_bytes_max = 100};
  EXPECT_EQ(Judge(std::string(99, 'a'), limits).status, -1);
  EXPECT_EQ(Judge(std::string(100, 'a'), limits).status, 431);
}

TEST(Framing, LimitsTheRequestLineAtExactlyItsBytes) {
  const std::string line = "GET /0123456789 HTTP/1.1";
  const std::string head = line + "\r\nHost: a\r\n\r\n";
  EXPECT_EQ(Judge(head, {.start_line_bytes_max = line.size()}).status, 0);
  EXPECT_EQ(Judge(head, {.start_line_bytes_max = line.size() - 1}).status, 414);
  const HeadLimits limits{.start_line_bytes_max = 10};
  EXPECT_EQ(Judge("GET /01234", limits).status, -1);
  EXPECT_EQ(Judge("GET /01234\r", limits).status, -1);
  EXPECT_EQ(Judge("GET /0123456", limits).status, 414);
}

TEST(Framing, LimitsTheNumberOfHeaders) {
  const std::string head = Get("A: 1\r\nB: 2\r\n");
  EXPECT_EQ(Judge(head, {.header_count_max = 3}).status, 0);
  EXPECT_EQ(Judge(head, {.header_count_max = 2}).status, 431);
}

std::optional<Refusal> ParseResponse(std::string_view bytes,
                                     ResponseFraming* framing,
                                     RequestWas request = RequestWas::kOther,
                                     ResponseHead* head_out = nullptr) {
  ResponseHead head;
  auto refusal = ParseResponseHead(bytes, {}, request, &head, framing);
  if (head_out != nullptr) *head_out = head;
  return refusal;
}

TEST(Framing, ReadsTheHeadOfAResponse) {
  ResponseFraming framing;
  ResponseHead head;
  ASSERT_FALSE(
      ParseResponse("HTTP/1.1 529 Site Is Overloaded\r\n"
                    "content-length: 7\r\nrequest-id: r\r\n\r\n",
                    &framing, RequestWas::kOther, &head));
  EXPECT_EQ(head.status, 529);
  EXPECT_EQ(head.reason, "Site Is Overloaded");
  EXPECT_EQ(head.headers.GetOrEmpty("Request-Id"), "r");
  EXPECT_EQ(framing.body, ResponseFraming::Body::kLength);
  EXPECT_EQ(framing.length, 7u);
  EXPECT_TRUE(framing.keep_alive);
}

TEST(Framing, KnowsHowAResponseEnds) {
  using Body = ResponseFraming::Body;
  ResponseFraming f;
  ASSERT_FALSE(ParseResponse("HTTP/1.1 200\r\n\r\n", &f));
  EXPECT_EQ(f.body, Body::kUntilClose);
  EXPECT_FALSE(f.keep_alive);
  ASSERT_FALSE(ParseResponse(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &f));
  EXPECT_EQ(f.body, Body::kChunked);
  ASSERT_FALSE(
      ParseResponse("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &f));
  EXPECT_EQ(f.body, Body::kNone);
  ASSERT_FALSE(ParseResponse("HTTP/1.1 204 No Content\r\n\r\n", &f));
  EXPECT_EQ(f.body, Body::kNone);
  ASSERT_FALSE(ParseResponse("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", &f,
                             RequestWas::kHead));
  EXPECT_EQ(f.body, Body::kNone);
  EXPECT_EQ(f.length, 9u);
}

TEST(Framing, RefusesDoubtfulResponses) {
  ResponseFraming f;
  for (const char* head :
       {"HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n", "HTTP/2 200 OK\r\n\r\n",
        "ICY 200 OK\r\n\r\n", "HTTP/1.1 200 O\x01K\r\n\r\n", "HTTP/1.1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
        "Transfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: 1\r\n 2\r\n\r\n"}) {
    EXPECT_TRUE(ParseResponse(head, &f)) << head;
  }
}

}  // namespace
}  // namespace cofferdam::http
