// Boost.Beast as a second reader of heads: whatever the framing guard accepts,
// Beast must accept too, and read the same. (The other way round it need not:
// Beast takes much that the guard is there to refuse.)

#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <string>
#include <vector>

#include "base/random.h"
#include "http/framing.h"

namespace cofferdam::http {
namespace {

namespace beast = boost::beast::http;

// A request made of lines that are right, nearly right, and wrong, then bytes
// of it changed.
std::string MakeHead(SeededRandom& random) {
  static const std::vector<std::string> kStart = {
      "GET / HTTP/1.1\r\n",        "POST /v1/messages?a=b HTTP/1.1\r\n",
      "GET / HTTP/1.0\r\n",        "OPTIONS * HTTP/1.1\r\n",
      "GET  / HTTP/1.1\r\n",       "GET /a b HTTP/1.1\r\n",
      "GET http://a/ HTTP/1.1\r\n"};
  static const std::vector<std::string> kLines = {
      "Host: a\r\n",
      "Host: 127.0.0.1:8787\r\n",
      "Content-Length: 12\r\n",
      "Content-Length: 0\r\n",
      "Content-Length: 5, 5\r\n",
      "Transfer-Encoding: chunked\r\n",
      "Transfer-Encoding: chunked, identity\r\n",
      "Connection: close\r\n",
      "Connection: keep-alive, x\r\n",
      "X-A: 1\r\n",
      "x_b:2 \t\r\n",
      "X-Empty:\r\n",
      "X-Long: 0123456789 0123456789\t\xc3\xa4 (a;b=\"c\")\r\n",
      " folded\r\n",
      "no colon\r\n",
      "X : 1\r\n",
      "X: 1\n"};
  std::string head = kStart[random.Below(kStart.size())];
  if (random.Below(4) != 0) head += "Host: a\r\n";
  const uint64_t lines = random.Below(5);
  for (uint64_t i = 0; i < lines; ++i) {
    head += kLines[random.Below(kLines.size())];
  }
  head += "\r\n";
  const uint64_t changes = random.Below(3);
  for (uint64_t i = 0; i < changes; ++i) {
    const size_t at = random.Below(head.size());
    static constexpr std::string_view kBytes("\0\r\n\t :,;aZ0\x7f\x80", 13);
    switch (random.Below(3)) {
      case 0:
        head[at] = kBytes[random.Below(kBytes.size())];
        break;
      case 1:
        head.insert(at, 1, kBytes[random.Below(kBytes.size())]);
        break;
      default:
        head.erase(at, 1);
    }
  }
  return head;
}

bool GuardAccepts(const std::string& bytes, RequestHead* head,
                  RequestFraming* framing, size_t* end) {
  HeadScanner scanner({});
  if (scanner.Scan(bytes) != HeadScanner::Outcome::kDone) return false;
  *end = scanner.head_end();
  return !ParseRequestHead(
      std::string_view(bytes).substr(scanner.head_begin(),
                                     *end - scanner.head_begin()),
      {}, head, framing);
}

void ExpectBeastReadsTheSame(const std::string& bytes, const RequestHead& head,
                             const RequestFraming& framing, size_t end) {
  beast::request_parser<beast::empty_body> parser;
  parser.header_limit(1 << 20);
  boost::beast::error_code error;
  // Beast wants the empty line before a request gone.
  const size_t begin = bytes.starts_with("\r\n") ? 2 : 0;
  const size_t used =
      parser.put(boost::asio::buffer(bytes.data() + begin, end - begin), error);
  ASSERT_FALSE(error) << error.message() << "\n"
                      << testing::PrintToString(bytes);
  ASSERT_TRUE(parser.is_header_done()) << bytes;
  EXPECT_EQ(used, end - begin) << bytes;
  const auto& read = parser.get();
  EXPECT_EQ(std::string_view(read.method_string()), head.method);
  EXPECT_EQ(std::string_view(read.target()), head.target);
  EXPECT_EQ(read.version(), head.version == Version::kHttp11 ? 11u : 10u);
  EXPECT_EQ(parser.chunked(), framing.body == RequestFraming::Body::kChunked);
  if (framing.body == RequestFraming::Body::kLength) {
    ASSERT_TRUE(parser.content_length().has_value()) << bytes;
    EXPECT_EQ(*parser.content_length(), framing.length);
  }
  // The guard closes more readily: on "close" beside "keep-alive" in HTTP/1.0.
  if (framing.keep_alive) EXPECT_TRUE(parser.keep_alive()) << bytes;
  // Beast puts fields of one name together, so only the order within a name
  // can be compared.
  size_t fields = 0;
  for (const auto& field : read) {
    ++fields;
    std::vector<std::string> ours;
    for (const Headers::Field own : head.headers) {
      if (EqualsIgnoringCase(own.name, std::string_view(field.name_string()))) {
        ours.emplace_back(own.value);
      }
    }
    std::vector<std::string> theirs;
    const auto [first, last] = read.equal_range(field.name_string());
    for (auto it = first; it != last; ++it) {
      theirs.emplace_back(it->value());
    }
    EXPECT_EQ(ours, theirs) << bytes;
  }
  EXPECT_EQ(fields, head.headers.size()) << bytes;
}

TEST(FramingAndBeast, ReadWhatTheGuardAcceptsAlike) {
  SeededRandom random(11);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    const std::string bytes = MakeHead(random);
    RequestHead head;
    RequestFraming framing;
    size_t end = 0;
    if (!GuardAccepts(bytes, &head, &framing, &end)) continue;
    ++accepted;
    ExpectBeastReadsTheSame(bytes, head, framing, end);
    if (HasFatalFailure() || HasNonfatalFailure()) break;
  }
  EXPECT_GT(accepted, 1'000);
}

}  // namespace
}  // namespace cofferdam::http
