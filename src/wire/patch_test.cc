#include "wire/patch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cofferdam::wire {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<Part> Read(std::string_view patch) {
  auto parts = PartsOfPatch("apply_patch", "call_1", patch);
  EXPECT_TRUE(parts.has_value());
  return parts.value_or(std::vector<Part>());
}

constexpr std::string_view kPatch =
    "*** Begin Patch\n"
    "*** Add File: src/new.py\n"
    "+def hello():\n"
    "+    return 1\n"
    "*** Update File: src/old.py\n"
    "*** Move to: src/renamed.py\n"
    "@@ class A:\n"
    " alpha\n"
    "-beta\n"
    "+BETA\n"
    "+gamma\n"
    " delta\n"
    "@@\n"
    "-one\n"
    "+two\n"
    "*** End of File\n"
    "*** Delete File: src/gone.py\n"
    "*** End Patch\n";

TEST(PartsOfPatch, TakesTheAddedLinesOfEachFile) {
  std::vector<Part> parts = Read(kPatch);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].kind, PartKind::kFile);
  EXPECT_EQ(parts[0].path, "src/new.py");
  EXPECT_EQ(parts[0].text, "def hello():\n    return 1\n");
  EXPECT_EQ(parts[0].tool, "apply_patch");
  EXPECT_EQ(parts[0].call_id, "call_1");
  EXPECT_EQ(parts[1].kind, PartKind::kPatch);
  EXPECT_EQ(parts[1].path, "src/renamed.py");
  EXPECT_EQ(parts[1].text, "BETA\ngamma\ntwo\n");
  EXPECT_THAT(parts[1].kept, IsEmpty());
}

TEST(PartsOfPatch, KeepsLinesThatTheHunkTookOut) {
  std::vector<Part> parts = Read(
      "*** Begin Patch\n*** Update File: a\n@@\n-x\n+X\n@@\n-one\n-two\n"
      "+one\n+2\n*** End Patch");
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].text, "X\none\n2\n");
  EXPECT_THAT(parts[0].kept, ElementsAre(ByteRange{2, 6}));
}

TEST(PartsOfPatch, ReadsCarriageReturns) {
  std::vector<Part> parts = Read(
      "*** Begin Patch\r\n*** Add File: a.txt\r\n+hello\r\n*** End Patch\r\n");
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].path, "a.txt");
  EXPECT_EQ(parts[0].text, "hello\n");
}

TEST(PartsOfPatch, StopsAtTheEndOfThePatch) {
  std::vector<Part> parts = Read(
      "*** Begin Patch\n*** Add File: a\n+x\n*** End Patch\n+not a line\n");
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].text, "x\n");
}

TEST(PartsOfPatch, ReadsAsMuchAsThereIsOfACutOne) {
  for (size_t cut = kPatch.find("Patch\n") + 5; cut < kPatch.size(); ++cut) {
    std::vector<Part> parts = Read(kPatch.substr(0, cut));
    std::string all;
    for (const Part& part : parts) all += part.text;
    EXPECT_LE(all.size(), cut);
  }
  std::vector<Part> parts =
      Read("*** Begin Patch\n*** Add File: a\n+whole\n+par");
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].text, "whole\npar\n");
}

TEST(PartsOfPatch, SurvivesHeadsWithoutNames) {
  EXPECT_THAT(Read("*** Begin Patch\n*** Add File: \n*** Move to: \n"),
              IsEmpty());
  EXPECT_THAT(Read("*** Begin Patch\n+text outside any file\n"), IsEmpty());
  EXPECT_THAT(Read("*** Begin Patch"), IsEmpty());
}

TEST(PartsOfPatch, IsNoneForOtherTexts) {
  EXPECT_EQ(PartsOfPatch("t", "", "diff --git a/x b/x\n"), std::nullopt);
  EXPECT_EQ(PartsOfPatch("t", "", ""), std::nullopt);
}

TEST(PartsOfDiff, TakesTheAddedLinesOfEachFile) {
  auto parts = PartsOfDiff(
      "Bash", "c",
      "diff --git a/x.c b/x.c\n--- a/x.c\n+++ b/x.c\t2026-01-01\n@@ -1,2 +1,2 "
      "@@\n int a;\n-int b;\n+int c;\n--- a/y.c\n+++ b/y.c\n@@ -0,0 +1 @@\n"
      "+int d;\n");
  ASSERT_TRUE(parts.has_value());
  ASSERT_EQ(parts->size(), 2u);
  EXPECT_EQ((*parts)[0].path, "x.c");
  EXPECT_EQ((*parts)[0].text, "int c;\n");
  EXPECT_EQ((*parts)[0].kind, PartKind::kPatch);
  EXPECT_EQ((*parts)[1].path, "y.c");
  EXPECT_EQ((*parts)[1].text, "int d;\n");
}

}  // namespace
}  // namespace cofferdam::wire
