#include "agent/acp/line_splitter.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace cofferdam::agent {
namespace {

using Lines = std::vector<std::string>;

// What comes out, a line that is too long as "<long>".
Lines Split(const std::vector<std::string>& pieces, size_t bytes_max) {
  LineSplitter splitter(bytes_max);
  Lines lines;
  const LineSplitter::Sink sink = [&](LineSplitter::Line kind,
                                      std::string_view text) {
    lines.emplace_back(kind == LineSplitter::Line::kTooLong ? "<long>" : text);
  };
  for (const std::string& piece : pieces) splitter.Feed(piece, sink);
  splitter.End(sink);
  return lines;
}

TEST(LineSplitterTest, LinesComeWithoutTheirEndsAndBlankOnesNotAtAll) {
  EXPECT_EQ(Split({"a\nb\r\n\n \t\r\n c \n"}, 10), (Lines{"a", "b", "c"}));
}

TEST(LineSplitterTest, TheLastLineNeedsNoEnd) {
  EXPECT_EQ(Split({"a\nb"}, 10), (Lines{"a", "b"}));
}

TEST(LineSplitterTest, ALineMayBeCutAnywhere) {
  EXPECT_EQ(Split({"a", "b", "\n", "c\nd", "e\n"}, 10),
            (Lines{"ab", "c", "de"}));
}

TEST(LineSplitterTest, OneByteMoreThanAllowedIsToldOfOnce) {
  EXPECT_EQ(Split({"12345\n"}, 5), Lines{"12345"});
  EXPECT_EQ(Split({"123456\n"}, 5), Lines{"<long>"});
  EXPECT_EQ(Split({"123", "456", "789", "0\nab\n"}, 5),
            (Lines{"<long>", "ab"}));
  EXPECT_EQ(Split({"123456"}, 5), Lines{"<long>"});
}

TEST(LineSplitterTest, HoweverItIsCutTheLinesAreTheSame) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string text;
    const size_t size = random() % 60;
    for (size_t i = 0; i < size; ++i) text += "ab \r\n"[random() % 5];
    std::vector<std::string> pieces;
    for (size_t at = 0; at < text.size();) {
      const size_t length = 1 + random() % 7;
      pieces.push_back(text.substr(at, length));
      at += length;
    }
    EXPECT_EQ(Split(pieces, 6), Split({text}, 6))
        << testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace cofferdam::agent
