#include "scan/line_mask.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "corpus/folder_testing.h"
#include "seal/sha1.h"

namespace cofferdam::scan {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::string Row(std::string_view text, std::string_view verdict,
                std::string_view ranges) {
  return fmt::format(R"({{"blob":"{}","verdict":"{}","ranges":{}}})",
                     seal::GitBlobId(text), verdict, ranges) +
         "\n";
}

class LineMaskTest : public testing::Test {
 protected:
  std::vector<corpus::RecordEdit> Edits(const std::string& mask,
                                        WriteAction action, bool ambiguous) {
    auto parsed = LineMask::Parse(mask, "mask");
    CHECK_OK(parsed);
    auto edits = parsed->EditsOf({folder_.path()}, corpus::TreeLimits(),
                                 {.action = action, .ambiguous = ambiguous});
    CHECK_OK(edits);
    return *std::move(edits);
  }
  corpus::TestFolder folder_;
};

TEST_F(LineMaskTest, CutsLinesOfBlobsWhateverTheyAreCalled) {
  const std::string text = "1\n22\n333\n4";
  folder_.Write("a.py", text);
  folder_.Write("copy.py", text);
  folder_.Write("other.py", text + "\n");
  const std::string mask = Row(text, "forbidden", "[[2,3]]") +
                           Row(text, "ambiguous", "[[4,9],[20,20]]") +
                           Row(text, "clean", "[[1,1]]");
  const auto some = Edits(mask, WriteAction::kExcise, false);
  ASSERT_THAT(some, SizeIs(2));
  EXPECT_EQ(some[0].path, folder_.Path("a.py"));
  EXPECT_EQ(some[0].end, text.size());
  EXPECT_THAT(some[0].cuts, ElementsAre(corpus::Cut{"", 2, 9}));
  EXPECT_THAT(Edits(mask, WriteAction::kMask, true)[1].cuts,
              ElementsAre(corpus::Cut{"", 2, 9}, corpus::Cut{"", 9, 10}));
  const auto dropped = Edits(mask, WriteAction::kDrop, false);
  EXPECT_TRUE(dropped[0].drop);
  EXPECT_THAT(dropped[0].cuts, IsEmpty());
  EXPECT_THAT(
      Edits(Row(text, "ambiguous", "[[1,1]]"), WriteAction::kDrop, false),
      IsEmpty());
}

TEST_F(LineMaskTest, ChangesWhatACopyIsMadeOf) {
  const std::string text = "1\n22\n333\n4";
  folder_.Write("in/a.py", text);
  auto mask = LineMask::Parse(Row(text, "forbidden", "[[2,3]]"), "mask");
  ASSERT_TRUE(mask.ok());
  auto edits = mask->EditsOf({folder_.Path("in")}, corpus::TreeLimits(),
                             {.action = WriteAction::kExcise});
  ASSERT_TRUE(edits.ok());
  auto counts = corpus::Rewrite({folder_.Path("in")}, folder_.Path("out"),
                                *std::move(edits), corpus::RewriteOptions());
  ASSERT_TRUE(counts.ok()) << counts.error().message();
  EXPECT_EQ(*ReadFile(folder_.Path("out/a.py"), 100), "1\n4");
}

TEST(LineMask, RowsThatAreNoneAreNamed) {
  const std::string good = Row("x", "forbidden", "[[1,1]]");
  EXPECT_EQ(LineMask::Parse(good + "\n" + good, "m")->blobs(), 1u);
  for (const std::string& wrong :
       {std::string("x\n"), std::string("{}\n"), Row("x", "bad", "[]"),
        Row("x", "clean", "1"), Row("x", "clean", "[[0,1]]"),
        Row("x", "clean", "[[2,1]]"), Row("x", "clean", "[[1]]")}) {
    const auto mask = LineMask::Parse(good + wrong, "m");
    ASSERT_FALSE(mask.ok()) << wrong;
    EXPECT_TRUE(mask.error().message().starts_with("m:2: "))
        << mask.error().message();
  }
}

TEST(LineMask, ThePagesExampleIsOne) {
  const auto page = ReadFile(COFFERDAM_FORMATS "/mask.md", 1 << 20);
  ASSERT_TRUE(page.ok());
  constexpr std::string_view kBegin = "```json\n";
  const size_t begin = page->find(kBegin) + kBegin.size();
  const size_t end = page->find("```", begin);
  const auto mask = LineMask::Parse(page->substr(begin, end - begin), "m");
  ASSERT_TRUE(mask.ok()) << mask.error().message();
  EXPECT_EQ(mask->blobs(), 1u);
}

TEST(LineMask, EditsOfOneRecordBecomeOne) {
  corpus::RecordEdit a;
  a.path = "a";
  a.cuts = {{"", 0, 1}};
  corpus::RecordEdit b = a;
  b.cuts = {{"", 5, 6}};
  corpus::RecordEdit other = a;
  other.path = "b";
  auto joined = JoinEdits({a}, {b, other});
  ASSERT_THAT(joined, SizeIs(2));
  EXPECT_THAT(joined[0].cuts, SizeIs(2));
  b.drop = true;
  joined = JoinEdits({a}, {b});
  EXPECT_TRUE(joined[0].drop);
  EXPECT_THAT(joined[0].cuts, IsEmpty());
}

}  // namespace
}  // namespace cofferdam::scan
