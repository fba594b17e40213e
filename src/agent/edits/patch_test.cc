#include "agent/edits/patch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <variant>

namespace cofferdam::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// What becomes of `text` by the patch of one file.
std::string After(std::string_view text, std::string_view patch) {
  Result<std::vector<PatchedFile>> files = ReadPatch(patch);
  if (!files.ok()) return "unread: " + files.error().message();
  auto outcome = ApplyHunks(text, (*files)[0].hunks);
  if (auto* refused = std::get_if<RefusedEdit>(&outcome))
    return "refused: " + refused->words;
  return std::get<AppliedEdit>(outcome).text;
}

TEST(PatchTest, ReadsCodexsLanguage) {
  Result<std::vector<PatchedFile>> files = ReadPatch(
      "*** Begin Patch\n*** Add File: a b.txt\n+one\n+\n*** Delete File: c\n"
      "*** Update File: d\n*** Move to: e\n@@ class A\n@@ def f\n x\n-y\n+z\n"
      "*** End of File\n*** End Patch\n");
  ASSERT_TRUE(files.ok()) << files.error().message();
  ASSERT_EQ(files->size(), 3u);
  EXPECT_EQ((*files)[0].path, "a b.txt");
  EXPECT_EQ((*files)[0].text, "one\n\n");
  EXPECT_EQ((*files)[1].kind, PatchedFile::Kind::kDelete);
  const PatchedFile& update = (*files)[2];
  EXPECT_EQ(update.move_to, "e");
  ASSERT_EQ(update.hunks.size(), 1u);
  EXPECT_THAT(update.hunks[0].headers, ElementsAre("class A", "def f"));
  EXPECT_EQ(update.hunks[0].old_text, "x\ny\n");
  EXPECT_EQ(update.hunks[0].new_text, "x\nz\n");
  EXPECT_TRUE(update.hunks[0].at_end);
}

TEST(PatchTest, ReadsUnifiedDiffs) {
  Result<std::vector<PatchedFile>> files = ReadPatch(
      "diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n"
      "@@ -1,2 +1,2 @@ int f()\n a\n-b\n+c\n\\ No newline at end of file\n"
      "--- /dev/null\n+++ b/new\n@@ -0,0 +1 @@\n+one\n"
      "--- a/gone\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
      "diff --git a/p b/q\nrename from p\nrename to q\n");
  ASSERT_TRUE(files.ok()) << files.error().message();
  ASSERT_EQ(files->size(), 4u);
  EXPECT_EQ((*files)[0].hunks[0].old_text, "a\nb\n");
  EXPECT_EQ((*files)[0].hunks[0].new_text, "a\nc");
  EXPECT_EQ((*files)[0].hunks[0].line, 1);
  EXPECT_EQ((*files)[1].text, "one\n");
  EXPECT_EQ((*files)[2].kind, PatchedFile::Kind::kDelete);
  EXPECT_EQ((*files)[3].path, "p");
  EXPECT_EQ((*files)[3].move_to, "q");
}

TEST(PatchTest, WhatIsAroundAPatchDoesNotCount) {
  std::string body = "*** Update File: x\n-a\n+b\n";
  for (std::string patch :
       {body,
        "apply_patch <<'EOF'\n*** Begin Patch\n" + body +
            "*** End Patch\nEOF\n",
        "```diff\n*** Begin Patch\n" + body + "*** End Patch\n```\n"}) {
    EXPECT_EQ(After("a\n", patch), "b\n");
  }
  EXPECT_EQ(After("a\n", "```diff\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n```"),
            "b\n");
}

TEST(PatchTest, ALineOfAFileThatLooksLikeAnEndIsNone) {
  // A list's empty item, and a fence whose blank was forgotten.
  EXPECT_EQ(
      After("- \nb\n", "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-- \n-b\n+c\n"),
      "c\n");
  EXPECT_EQ(
      After("```\nb\n", "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n```\n-b\n+c\n"),
      "```\nc\n");
  EXPECT_EQ(After("b\n", "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-b\n+c\n-- \n2.39\n"),
            "c\n");
  // A file about patches.
  EXPECT_EQ(After("*** End Patch\nb\n",
                  "*** Begin Patch\n*** Update File: x\n@@\n *** End Patch\n"
                  "-b\n+c\n*** End Patch\n"),
            "*** End Patch\nc\n");
  EXPECT_EQ(After("b\n",
                  " *** Begin Patch\n *** Update File: x\n-b\n+c\n"
                  " *** End Patch\n"),
            "c\n");
}

TEST(PatchTest, AGitHeaderAloneMakesOrDeletesAnEmptyFile) {
  Result<std::vector<PatchedFile>> files = ReadPatch(
      "diff --git a/p/new b/p/new\nnew file mode 100644\nindex 0..e69de29\n"
      "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"
      "diff --git a/old b/old\ndeleted file mode 100644\nindex e69de29..0\n");
  ASSERT_TRUE(files.ok()) << files.error().message();
  ASSERT_EQ(files->size(), 3u);
  EXPECT_EQ((*files)[0].path, "p/new");
  EXPECT_EQ((*files)[0].kind, PatchedFile::Kind::kAdd);
  EXPECT_EQ((*files)[2].path, "old");
  EXPECT_EQ((*files)[2].kind, PatchedFile::Kind::kDelete);
  EXPECT_THAT(
      After("", "diff --git a/x b/x\nold mode 100644\nnew mode 100755\n"),
      HasSubstr("chmod"));
}

TEST(PatchTest, AHunkIsDoneThoughItsNewLinesStandFurtherDown) {
  const std::string text =
      "value = compute_old(1)\nfirst\nsecond\nvalue = compute_new(1)\n";
  EXPECT_EQ(After(text,
                  "*** Update File: x\n@@\n-first\n+First\n@@\n"
                  "-value = compute_old(1)\n+value = compute_new(1)\n"),
            "value = compute_new(1)\nFirst\nsecond\nvalue = compute_new(1)\n");
}

TEST(PatchTest, HunksThatWereDoneBeforeAreNamed) {
  auto outcome =
      ApplyHunks("a much longer line\nb\n",
                 (*ReadPatch("*** Update File: x\n@@\n-old\n+a much longer "
                             "line\n@@\n-b\n+c\n"))[0]
                     .hunks);
  EXPECT_EQ(std::get<AppliedEdit>(outcome).note,
            "1 of 2 hunks were done before");
}

TEST(PatchTest, SaysWhatIsWrongWithAPatch) {
  EXPECT_THAT(After("", "hello"), HasSubstr("this is no patch"));
  EXPECT_THAT(After("", "*** Add File: x\nline\n"), HasSubstr("begins with +"));
  EXPECT_THAT(After("", "*** Update File: x\n"),
              HasSubstr("nothing is changed"));
  EXPECT_THAT(After("", "*** Add File: x\n+a\n*** Delete File: x\n"),
              HasSubstr("names x twice"));
  EXPECT_THAT(After("", std::string(kPatchBytesMax + 1, '+')),
              HasSubstr("at most"));
}

TEST(PatchTest, HunksFollowEachOther) {
  std::string text = "a\nx\nb\nx\nc\n";
  EXPECT_EQ(After(text, "*** Update File: f\n@@\n a\n-x\n+1\n@@\n b\n-x\n+2\n"),
            "a\n1\nb\n2\nc\n");
  // Another order, where that is certain.
  EXPECT_EQ(After(text, "*** Update File: f\n@@\n b\n-x\n+2\n@@\n a\n-x\n+1\n"),
            "a\n1\nb\n2\nc\n");
}

TEST(PatchTest, AHeaderOrALineNumberTellsPlacesApart) {
  std::string text = "class A:\n  x = 1\nclass B:\n  x = 1\n";
  EXPECT_EQ(
      After(text, "*** Update File: f\n@@ class B:\n-  x = 1\n+  x = 2\n"),
      "class A:\n  x = 1\nclass B:\n  x = 2\n");
  EXPECT_EQ(After(text, "--- a/f\n+++ b/f\n@@ -4 +4 @@\n-  x = 1\n+  x = 2\n"),
            "class A:\n  x = 1\nclass B:\n  x = 2\n");
  EXPECT_THAT(After(text, "*** Update File: f\n@@\n-  x = 1\n+  x = 2\n"),
              HasSubstr("refused"));
  EXPECT_THAT(
      After(text, "--- a/f\n+++ b/f\n@@ -3 +3 @@\n-  x = 1\n+  x = 2\n"),
      HasSubstr("refused"));
}

TEST(PatchTest, LineNumbersAreHintsOnly) {
  EXPECT_EQ(After("a\nb\nc\n", "--- f\n+++ f\n@@ -70,9 +80,2 @@\n b\n-c\n+d\n"),
            "a\nb\nd\n");
}

TEST(PatchTest, ContextMayBeAsImperfectAsAnEdit) {
  std::string text = "func f() {\r\n\tx := 1\r\n\ty := 2\r\n}\r\n";
  EXPECT_EQ(After(text,
                  "*** Update File: f\n@@\n     x := 1\n-    y := 2\n"
                  "+    y := 3\n"),
            "func f() {\r\n\tx := 1\r\n\ty := 3\r\n}\r\n");
  // The blank in front of context forgotten.
  EXPECT_EQ(After("a\nb\nc\n", "*** Update File: f\na\n-b\n+x\nc\n"),
            "a\nx\nc\n");
}

TEST(PatchTest, LinesAreAddedAtTheEndOrWithContextOnly) {
  EXPECT_EQ(After("a\n", "*** Update File: f\n@@\n+b\n"), "a\nb\n");
  EXPECT_EQ(After("a", "*** Update File: f\n@@\n+b\n"), "a\nb\n");
  EXPECT_THAT(After("a\nc\nd\n", "--- f\n+++ f\n@@ -1,0 +2 @@\n+b\n"),
              HasSubstr("Give the line before them"));
}

TEST(PatchTest, AnEndOfFileMarkerTellsTheLastPlace) {
  EXPECT_EQ(
      After("x\ny\nx\n", "*** Update File: f\n@@\n-x\n+z\n*** End of File\n"),
      "x\ny\nz\n");
}

TEST(PatchTest, APatchThatWasDoneSaysSo) {
  std::string patch =
      "*** Update File: f\n@@\n a line here\n-the old second line\n"
      "+the new second line\n";
  std::string once = After("a line here\nthe old second line\n", patch);
  EXPECT_EQ(once, "a line here\nthe new second line\n");
  EXPECT_THAT(After(once, patch), HasSubstr("so already"));
}

// A diff of random texts, with three lines of context, brings one to the other.
std::string Diff(const std::vector<std::string>& a,
                 const std::vector<std::string>& b) {
  size_t head = 0;
  while (head < std::min(a.size(), b.size()) && a[head] == b[head]) ++head;
  size_t tail = 0;
  while (tail < std::min(a.size(), b.size()) - head &&
         a[a.size() - 1 - tail] == b[b.size() - 1 - tail]) {
    ++tail;
  }
  size_t begin = head > 3 ? head - 3 : 0;
  std::string out =
      "--- a/f\n+++ b/f\n@@ -" + std::to_string(begin + 1) + ",1 +1,1 @@\n";
  for (size_t i = begin; i < head; ++i) out += " " + a[i] + "\n";
  for (size_t i = head; i < a.size() - tail; ++i) out += "-" + a[i] + "\n";
  for (size_t i = head; i < b.size() - tail; ++i) out += "+" + b[i] + "\n";
  for (size_t i = a.size() - tail; i < std::min(a.size(), a.size() - tail + 3);
       ++i) {
    out += " " + a[i] + "\n";
  }
  return out;
}

TEST(PatchTest, ADiffBringsOneTextToTheOtherOrIsRefused) {
  std::mt19937 random(9);
  int done = 0;
  for (int round = 0; round < 5000; ++round) {
    std::vector<std::string> a;
    for (size_t n = random() % 20 + 1; n > 0; --n)
      a.push_back("line " + std::to_string(random() % 30));
    std::vector<std::string> b = a;
    for (size_t n = random() % 4 + 1; n > 0; --n) {
      size_t at = random() % (b.size() + 1);
      if (random() % 2 && at < b.size()) {
        b.erase(b.begin() + static_cast<std::ptrdiff_t>(at));
      } else {
        b.insert(b.begin() + static_cast<std::ptrdiff_t>(at),
                 "new " + std::to_string(random() % 100));
      }
    }
    if (a == b || b.empty()) continue;
    auto join = [](const std::vector<std::string>& lines) {
      std::string text;
      for (const std::string& line : lines) text += line + "\n";
      return text;
    };
    std::string got = After(join(a), Diff(a, b));
    if (got.starts_with("refused")) continue;
    ++done;
    EXPECT_EQ(got, join(b)) << Diff(a, b);
  }
  EXPECT_GT(done, 4000);
}

}  // namespace
}  // namespace cofferdam::agent
