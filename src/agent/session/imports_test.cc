#include "agent/session/imports.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cofferdam::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Imports, AreWordsThatBeginWithAnAt) {
  EXPECT_THAT(ImportsIn("@AGENTS.md\n\n- see @docs/style.md, and\n"
                        "  @~/.claude/mine.md.\t@/abs **@x.md**\n@a\\ b.md"),
              ElementsAre("AGENTS.md", "docs/style.md", "~/.claude/mine.md",
                          "/abs", "a b.md"));
  EXPECT_THAT(ImportsIn("@a.md @b.md @a.md"), ElementsAre("a.md", "b.md"));
}

TEST(Imports, AreNotInsideOfWords) {
  EXPECT_THAT(ImportsIn("ada@example.com x@y.md @ \\@z.md @."), IsEmpty());
  EXPECT_THAT(ImportsIn(""), IsEmpty());
}

TEST(Imports, AreNotInCodeSpansAlsoOverLines) {
  EXPECT_THAT(ImportsIn("`@a.md` ``x ` @b.md`` @c.md"), ElementsAre("c.md"));
  EXPECT_THAT(ImportsIn("`one\n @a.md` @b.md"), ElementsAre("b.md"));
  // What is never closed is no span, and ends with its paragraph.
  EXPECT_THAT(ImportsIn("`` one ` @a.md\n\n` @b.md"),
              ElementsAre("a.md", "b.md"));
}

TEST(Imports, AreNotInFences) {
  EXPECT_THAT(ImportsIn("```sh\n@a.md\n```\n@b.md\n~~~~\n@c.md\n~~~\n@d.md\n"
                        "```\n~~~~\n  ```` x\n@e.md"),
              ElementsAre("b.md"));
  EXPECT_THAT(ImportsIn("```@a.md``` @b.md"), ElementsAre("b.md"));
}

TEST(Imports, AreAsManyAndAsLongAsTheyMayBe) {
  std::string text;
  for (size_t i = 0; i < kImportsOfFileMax; ++i) {
    text += "@" + std::to_string(i) + ".md\n";
  }
  EXPECT_THAT(ImportsIn(text), SizeIs(kImportsOfFileMax));
  EXPECT_THAT(ImportsIn(text + "@more.md"), SizeIs(kImportsOfFileMax));
  const std::string longest(kImportPathBytesMax, 'a');
  EXPECT_THAT(ImportsIn("@" + longest), ElementsAre(longest));
  EXPECT_THAT(ImportsIn("@a" + longest), IsEmpty());
}

}  // namespace
}  // namespace cofferdam::agent
