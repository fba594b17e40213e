#include "http/sse.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"

namespace cofferdam::http {
namespace {

using Events = std::vector<std::pair<std::string, std::string>>;

Events Parse(const std::vector<std::string>& pieces,
             size_t event_bytes_max = SseParser::kEventBytesMax,
             uint64_t* skipped = nullptr) {
  SseParser parser(event_bytes_max);
  Events events;
  for (const std::string& piece : pieces) {
    // A copy that goes right after the call shows views that live too long.
    auto copy = std::make_unique<std::string>(piece);
    parser.Feed(*copy, [&](std::string_view name, std::string_view data) {
      events.emplace_back(name, data);
    });
  }
  if (skipped != nullptr) *skipped = parser.events_skipped();
  return events;
}

TEST(SseParser, ReadsNameAndData) {
  EXPECT_EQ(Parse({"event: ping\ndata: {\"a\":1}\n\ndata: b\n\n"}),
            (Events{{"ping", "{\"a\":1}"}, {"message", "b"}}));
}

TEST(SseParser, JoinsDataLinesWithNewline) {
  EXPECT_EQ(Parse({"data: a\ndata:\ndata:  b\ndata\n\n"}),
            (Events{{"message", "a\n\n b\n"}}));
}

TEST(SseParser, EndsLinesWithAnyOfThree) {
  EXPECT_EQ(Parse({"data: a\r\rdata: b\r\n\r\ndata: c\n\ndata: d\r\n\n"}),
            (Events{{"message", "a"},
                    {"message", "b"},
                    {"message", "c"},
                    {"message", "d"}}));
}

TEST(SseParser, PassesOverCommentsIdsAndUnknownFields) {
  EXPECT_EQ(Parse({": hello\nid: 1\nretry: 5\nx: y\ndata: a\n\n:\n\n"}),
            (Events{{"message", "a"}}));
}

TEST(SseParser, DropsEventsWithoutData) {
  EXPECT_EQ(Parse({"event: a\n\ndata: b\n\n"}), (Events{{"message", "b"}}));
  EXPECT_EQ(Parse({"data\n\n"}), (Events{{"message", ""}}));
}

TEST(SseParser, DropsWhatNoEmptyLineEnds) {
  EXPECT_EQ(Parse({"data: a\n\ndata: b\n"}), (Events{{"message", "a"}}));
}

TEST(SseParser, PassesOverOneBomAtTheStart) {
  EXPECT_EQ(Parse({"\xef\xbb\xbf"
                   "data: a\n\n"}),
            (Events{{"message", "a"}}));
  EXPECT_EQ(Parse({"\xef", "\xbb",
                   "\xbf"
                   "data: a\n\n"}),
            (Events{{"message", "a"}}));
  EXPECT_EQ(Parse({"\xef\xbb\xbf\n\xef\xbb\xbf"
                   "data: a\n\n"}),
            Events{});
}

TEST(SseParser, KeepsBytesOfSplitCharacters) {
  EXPECT_EQ(Parse({"data: \xc3", "\xa4\xe2\x82", "\xac\n\n"}),
            (Events{{"message", "\xc3\xa4\xe2\x82\xac"}}));
}

TEST(SseParser, LimitsAnEventAtExactlyItsBytes) {
  // "data: xxx" of 10 bytes.
  const std::string line = "data: xxxx";
  uint64_t skipped = 0;
  EXPECT_EQ(Parse({line + "\n\ndata: b\n\n"}, 10, &skipped),
            (Events{{"message", "xxxx"}, {"message", "b"}}));
  EXPECT_EQ(skipped, 0u);
  EXPECT_EQ(Parse({line + "\n\ndata: b\n\n"}, 9, &skipped),
            (Events{{"message", "b"}}));
  EXPECT_EQ(skipped, 1u);
  // Lines of one event count together.
  EXPECT_EQ(Parse({"data: a\ndata: b\n\ndata: c\n\n"}, 13, &skipped),
            (Events{{"message", "c"}}));
  EXPECT_EQ(skipped, 1u);
  EXPECT_EQ(Parse({"data: a\ndata: b\n\n"}, 14, &skipped),
            (Events{{"message", "a\nb"}}));
}

// A stream made of all that matters, by seed.
std::string MakeStream(SeededRandom& random) {
  const char* parts[] = {"data",
                         "event",
                         ":",
                         " ",
                         "\n",
                         "\r",
                         "\r\n",
                         "\n\n",
                         "a",
                         "data: x\n\n",
                         "\xef\xbb\xbf",
                         "\xc3\xa4",
                         "id: 1\n",
                         "data: y\r\n\r\n"};
  std::string stream;
  const uint64_t count = random.Below(40);
  for (uint64_t i = 0; i < count; ++i) {
    stream += parts[random.Below(std::size(parts))];
  }
  return stream;
}

TEST(SseParser, GivesTheSameEventsForEverySplit) {
  SeededRandom random(7);
  size_t seen = 0;
  for (int round = 0; round < 2000; ++round) {
    const std::string stream = MakeStream(random);
    const size_t limit = random.Below(2) == 0 ? 12 : 1 << 20;
    uint64_t skipped_whole = 0;
    const Events whole = Parse({stream}, limit, &skipped_whole);
    seen += whole.size();
    std::vector<std::string> bytes;
    for (char c : stream) bytes.emplace_back(1, c);
    std::vector<std::string> pieces(1);
    for (char c : stream) {
      if (random.Below(4) == 0) pieces.emplace_back();
      pieces.back() += c;
    }
    uint64_t skipped = 0;
    EXPECT_EQ(Parse(bytes, limit, &skipped), whole) << stream;
    EXPECT_EQ(skipped, skipped_whole) << stream;
    EXPECT_EQ(Parse(pieces, limit, &skipped), whole) << stream;
    EXPECT_EQ(skipped, skipped_whole) << stream;
  }
  EXPECT_GT(seen, 1000u);
}

}  // namespace
}  // namespace cofferdam::http
