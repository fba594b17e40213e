#include "wire/array_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cofferdam::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Split {
  std::vector<std::string> elements;
  bool closed = false;
  bool broken = false;
  bool between = false;
  uint64_t skipped = 0;

  bool operator==(const Split&) const = default;
};

Split InPieces(std::string_view text, size_t first, size_t piece,
               size_t element_bytes_max = ArraySplitter::kElementBytesMax) {
  ArraySplitter splitter(element_bytes_max);
  Split split;
  size_t size = first;
  while (!text.empty()) {
    // A copy of its own, so that a view kept too long is seen.
    const std::string copy(text.substr(0, size));
    splitter.Feed(copy, [&](std::string_view element) {
      split.elements.emplace_back(element);
    });
    text.remove_prefix(copy.size());
    size = piece;
  }
  split.closed = splitter.closed();
  split.broken = splitter.broken();
  split.between = splitter.between_elements();
  split.skipped = splitter.elements_skipped();
  EXPECT_EQ(splitter.elements(), split.elements.size());
  return split;
}

// What the whole gives, having checked that every cut gives the same.
Split Read(std::string_view text) {
  const Split whole = InPieces(text, text.size(), text.size());
  for (size_t at = 1; at <= text.size(); ++at) {
    EXPECT_EQ(InPieces(text, at, text.size()), whole) << "cut at " << at;
    EXPECT_EQ(InPieces(text, at, at), whole) << "pieces of " << at;
  }
  return whole;
}

constexpr std::string_view kArray =
    "\xef\xbb\xbf [{\"a\":\"]}\\\"\\\\\",\"b\":[{},[1]]}\r\n,\n"
    "{\"c\":\"\xe2\x82\xac\"} , {}\n]\n";

TEST(ArraySplitter, GivesEachElementWhereverTheTextIsCut) {
  const Split split = Read(kArray);
  EXPECT_THAT(split.elements,
              ElementsAre("{\"a\":\"]}\\\"\\\\\",\"b\":[{},[1]]}",
                          "{\"c\":\"\xe2\x82\xac\"}", "{}"));
  EXPECT_TRUE(split.closed);
  EXPECT_TRUE(split.between);
}

TEST(ArraySplitter, GivesAnElementWithItsLastByte) {
  ArraySplitter splitter;
  size_t seen = 0;
  const auto sink = [&](std::string_view) { ++seen; };
  splitter.Feed("[{\"a\":1", sink);
  EXPECT_EQ(seen, 0u);
  EXPECT_FALSE(splitter.between_elements());
  splitter.Feed("}", sink);
  EXPECT_EQ(seen, 1u);
  EXPECT_TRUE(splitter.between_elements());
  EXPECT_FALSE(splitter.closed());
  splitter.Feed("]", sink);
  EXPECT_TRUE(splitter.closed());
}

TEST(ArraySplitter, TakesALoneObjectAsItsOnlyElement) {
  const Split split = Read(" {\"error\":{\"code\":400}} {\"x\":1}");
  EXPECT_THAT(split.elements, ElementsAre("{\"error\":{\"code\":400}}"));
  EXPECT_TRUE(split.closed);
}

TEST(ArraySplitter, PassesOverWhatFollowsTheEnd) {
  EXPECT_THAT(Read("[{}][{}]").elements, ElementsAre("{}"));
  const Split empty = Read("[]");
  EXPECT_THAT(empty.elements, IsEmpty());
  EXPECT_TRUE(empty.closed);
}

TEST(ArraySplitter, SaysWhenThereIsNoArrayOfObjects) {
  for (std::string_view text : {"<html>", "null", "\"a\"", "[1,{}]", "[\"a\"]",
                                "[{},true,{}]", "\xef\xbbx[{}]"}) {
    EXPECT_TRUE(Read(text).broken) << text;
  }
}

TEST(ArraySplitter, KeepsWhatCameBeforeACut) {
  const Split split = Read("[{\"a\":1},{\"b\":\"");
  EXPECT_THAT(split.elements, ElementsAre("{\"a\":1}"));
  EXPECT_FALSE(split.closed);
  EXPECT_FALSE(split.between);
}

TEST(ArraySplitter, PassesOverElementsBeyondTheLimit) {
  const std::string_view text = "[{\"a\":\"1234\"},{\"b\":1}]";
  const size_t size = std::string_view("{\"a\":\"1234\"}").size();
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    const Split fits = InPieces(text, piece, piece, size);
    EXPECT_EQ(fits.elements.size(), 2u);
    EXPECT_EQ(fits.skipped, 0u);
    const Split skips = InPieces(text, piece, piece, size - 1);
    EXPECT_THAT(skips.elements, ElementsAre("{\"b\":1}"));
    EXPECT_EQ(skips.skipped, 1u);
    EXPECT_TRUE(skips.closed);
  }
}

}  // namespace
}  // namespace cofferdam::wire
