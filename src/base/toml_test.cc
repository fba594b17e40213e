#include "base/toml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cofferdam {
namespace {

TEST(TomlDocument, SaysWhereTheTextBreaks) {
  TomlDocument document = TomlDocument::Parse("[gate]\nlisten = \n");
  ASSERT_EQ(document.issues().size(), 1u);
  EXPECT_EQ(document.issues()[0].line, 2);
}

TEST(TomlDocument, AHeaderThatBeginsWithNoKeyIsAnIssue) {
  for (std::string_view text :
       {std::string_view("a = 1\n[=]\n"), std::string_view("a = 1\n[[!]]\n"),
        std::string_view("a = 1\n[\n]\n"), std::string_view("a = 1\n[\0]", 9),
        std::string_view("a = 1\n[\r.u]\n")}) {
    TomlDocument document = TomlDocument::Parse(text);
    ASSERT_EQ(document.issues().size(), 1u) << text;
    EXPECT_GE(document.issues()[0].line, 2) << text;
  }
}

// Only UndefinedBehaviorSanitizer saw what was wrong with them.
TEST(TomlDocument, LettersBeyondAsciiOutsideStringsAreIssues) {
  for (const char* text : {"\xc3\xa4 = 1\n", "a = 1\xd1\x9e\n",
                           "a = \xef\xb7\xb0\n", "[\xc3\xa4]\n"}) {
    TomlDocument document = TomlDocument::Parse(text);
    EXPECT_EQ(document.issues().size(), 1u) << text;
  }
}

TEST(TomlTable, ReadsTypedValuesAndComplainsOfWrongTypes) {
  TomlDocument document = TomlDocument::Parse(
      "name = 7\nflag = true\n[gate]\nthreads = 99\nmode = \"fast\"\n");
  TomlTable root = document.root();
  EXPECT_EQ(root.Bool("flag"), true);
  EXPECT_FALSE(root.String("name").has_value());
  TomlTable gate = *root.Table("gate");
  EXPECT_FALSE(gate.Int("threads", 1, 64).has_value());
  EXPECT_FALSE(gate.OneOf("mode", {"slow", "safe"}).has_value());
  gate.Finish();
  root.Finish();
  EXPECT_EQ(FormatIssues("f.toml", document.issues()),
            "f.toml:1:1: name: must be a string, not an integer\n"
            "f.toml:4:1: [gate] threads: 99 is out of range, must be 1 to 64\n"
            "f.toml:5:1: [gate] mode: unknown \"fast\", must be one of "
            "\"slow\", \"safe\"");
}

TEST(TomlTable, DatesAreMicrosecondsAtTheirStart) {
  TomlDocument document = TomlDocument::Parse(
      "a = 1970-01-02\nb = 2024-02-29\nc = 2024-02-29T00:00:00Z\n"
      "d = \"2024-02-29\"\n");
  TomlTable root = document.root();
  EXPECT_EQ(root.Date("a"), int64_t{86'400} * 1'000'000);
  EXPECT_EQ(root.Date("b"), int64_t{1'709'164'800} * 1'000'000);
  EXPECT_FALSE(root.Date("absent").has_value());
  EXPECT_TRUE(document.issues().empty());
  EXPECT_FALSE(root.Date("c").has_value());
  EXPECT_FALSE(root.Date("d").has_value());
  EXPECT_EQ(document.issues().size(), 2u);
  EXPECT_EQ(TomlDocument::Parse("a = 2023-02-29\n").issues().size(), 1u);
}

TEST(TomlTable, BooleansAreNotReadFromIntegers) {
  TomlDocument document = TomlDocument::Parse("flag = 99999\n");
  EXPECT_FALSE(document.root().Bool("flag").has_value());
  EXPECT_EQ(document.issues().size(), 1u);
}

TEST(TomlTable, UnknownKeysAreIssuesWithTheNearestName) {
  TomlDocument document = TomlDocument::Parse("[gate]\nlisen = \"x\"\n");
  TomlTable root = document.root();
  TomlTable gate = *root.Table("gate");
  EXPECT_FALSE(gate.String("listen").has_value());
  gate.Finish();
  root.Finish();
  ASSERT_EQ(document.issues().size(), 1u);
  EXPECT_EQ(document.issues()[0].message,
            "[gate] lisen: unknown key (did you mean \"listen\"?)");
}

TEST(TomlTable, NamesComeInTheOrderOfTheText) {
  TomlDocument document = TomlDocument::Parse("[u.b]\nx=1\n[u.a]\nx=2\n");
  TomlTable tables = *document.root().Table("u");
  EXPECT_THAT(tables.Names(), testing::ElementsAre("b", "a"));
}

TEST(TomlTable, ReadsATextOrSeveralWithTheirPlaces) {
  TomlDocument document = TomlDocument::Parse(
      "one = \"a\"\nmany = [\"b\",\n  \"c\"]\nbad = [\"d\", 1]\nworse = 2\n");
  TomlTable root = document.root();
  std::vector<TomlText> one = *root.Texts("one");
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0].text, "a");
  std::vector<TomlText> many = *root.Texts("many");
  ASSERT_EQ(many.size(), 2u);
  EXPECT_EQ(many[1].text, "c");
  root.ComplainOf(many[1], "many", "is unknown");
  EXPECT_FALSE(root.Texts("bad").has_value());
  EXPECT_FALSE(root.Texts("worse").has_value());
  EXPECT_FALSE(root.Texts("none").has_value());
  EXPECT_EQ(FormatIssues("f", document.issues()),
            "f:3:3: many: is unknown\n"
            "f:4:1: bad: must hold strings only, not an integer\n"
            "f:5:1: worse: must be a string or an array of strings, not an "
            "integer");
}

TEST(TomlTable, NamesItsKeysInTheOrderOfTheText) {
  TomlDocument document = TomlDocument::Parse("b = 1\na = {}\n[c]\n");
  EXPECT_THAT(document.root().Keys(), testing::ElementsAre("b", "a", "c"));
  EXPECT_THAT(document.root().Names(), testing::ElementsAre("a", "c"));
}

TEST(TomlTable, ReadsDecimalsInMillionths) {
  TomlDocument document = TomlDocument::Parse(
      "a = 0.3\nb = 5\nc = 0.000001\nd = 1000.0\ne = 0.0375\n");
  TomlTable root = document.root();
  constexpr int64_t kMax = 1'000'000'000;
  EXPECT_EQ(root.Millionths("a", 0, kMax), 300'000);
  EXPECT_EQ(root.Millionths("b", 0, kMax), 5'000'000);
  EXPECT_EQ(root.Millionths("c", 0, kMax), 1);
  EXPECT_EQ(root.Millionths("d", 0, kMax), kMax);
  EXPECT_EQ(root.Millionths("e", 0, kMax), 37'500);
  EXPECT_FALSE(root.Millionths("absent", 0, kMax).has_value());
  EXPECT_TRUE(document.issues().empty());
}

TEST(TomlTable, MillionthsOutOfRangeOrTooFineAreIssues) {
  for (const char* text :
       {"a = -0.1", "a = 1000.000001", "a = 0.0000001", "a = nan", "a = inf",
        "a = -inf", "a = \"1\"", "a = 1e300", "a = 9223372036854775807"}) {
    TomlDocument document = TomlDocument::Parse(text);
    EXPECT_FALSE(document.root().Millionths("a", 0, 1'000'000'000).has_value())
        << text;
    EXPECT_EQ(document.issues().size(), 1u) << text;
  }
}

}  // namespace
}  // namespace cofferdam
