#include "agent/tools/line_pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <regex>
#include <string>

#include "agent/tools/path_pattern.h"

namespace cofferdam::agent {
namespace {

using Case = LinePattern::Case;

bool Matches(std::string_view pattern, std::string_view line,
             Case letters = Case::kExact) {
  Result<LinePattern> compiled = LinePattern::Compile(pattern, letters);
  EXPECT_TRUE(compiled.ok()) << pattern << ": " << compiled.error().message();
  return compiled.ok() && compiled->Matches(line);
}

std::string Why(std::string_view pattern) {
  Result<LinePattern> compiled = LinePattern::Compile(pattern, Case::kExact);
  return compiled.ok() ? "" : compiled.error().message();
}

TEST(LinePatternTest, MatchesWhatPeopleWrite) {
  EXPECT_TRUE(Matches("foo", "a foo b"));
  EXPECT_TRUE(Matches("^\\s*def \\w+\\(", "  def run(x):"));
  EXPECT_FALSE(Matches("^def", " def"));
  EXPECT_TRUE(Matches("(get|set)Value$", "x.setValue"));
  EXPECT_TRUE(Matches("\\bint\\b", "an int x"));
  EXPECT_FALSE(Matches("\\bint\\b", "print"));
  EXPECT_TRUE(Matches("\\Bint\\b", "print"));
  EXPECT_TRUE(Matches("a{2,3}b", "xaab"));
  EXPECT_FALSE(Matches("^a{2,3}b", "ab"));
  EXPECT_TRUE(Matches("[^a-c]x", "dx"));
  EXPECT_FALSE(Matches("^[^a-c]x", "bx"));
  EXPECT_TRUE(Matches("[[:digit:]]+\\.\\d*?", "v 12.3"));
  EXPECT_TRUE(Matches("(?i)ERROR", "an error"));
  EXPECT_TRUE(Matches("straSSe", "STRASSE", Case::kIgnore));
  EXPECT_TRUE(Matches("^$", ""));
  EXPECT_TRUE(Matches("a|", "x"));
  EXPECT_TRUE(Matches("x{", "x{"));
  EXPECT_TRUE(Matches("(?P<name>a)(?:b)", "ab"));
  EXPECT_TRUE(Matches("\\<in\\>", "x in y"));
}

TEST(LinePatternTest, CharactersAreUtf8) {
  EXPECT_TRUE(Matches("^.$", "\xc3\xa4"));
  EXPECT_TRUE(Matches("^[\xc3\xa4\xc3\xb6]$", "\xc3\xb6"));
  EXPECT_FALSE(Matches("^[\xc3\xa4\xc3\xb6]$", "\xc3\xbc"));
  EXPECT_TRUE(Matches("^[^a]$", "\xe2\x82\xac"));
  EXPECT_FALSE(Matches("^[^\xe2\x82\xac]$", "\xe2\x82\xac"));
  EXPECT_TRUE(
      Matches("^[\\x{100}-\\x{10ffff}]+$", "\xe2\x82\xac\xf0\x9f\x98\x80"));
  EXPECT_FALSE(Matches("^[\\x{100}-\\x{10ffff}]+$", "\xc3\xa4"));
  EXPECT_TRUE(Matches("\\u00e4", "\xc3\xa4"));
}

TEST(LinePatternTest, SaysWhatIsWrongWithAPattern) {
  EXPECT_EQ(Why("foo("), "a ( without its )");
  EXPECT_EQ(Why("foo)"), "a ) without its (");
  EXPECT_EQ(Why("[a"), "a [ without its ]");
  EXPECT_EQ(Why("*a"), "a * with nothing before it");
  EXPECT_EQ(Why("(?=a)"), "look-around is not supported");
  EXPECT_EQ(Why("(a)\\1"), "back-references are not supported");
  EXPECT_EQ(Why("a\\nb"), "lines are searched one by one; leave \\n out");
  EXPECT_EQ(Why("(a{1000}){1000}"), "the pattern is too large; repeat less");
  EXPECT_EQ(Why(std::string(1000, 'a')), "");
  EXPECT_NE(Why(std::string(1001, 'a')), "");
  EXPECT_EQ(Why(std::string(100, '(') + std::string(100, ')')), "");
  EXPECT_NE(Why(std::string(101, '(') + std::string(101, ')')), "");
}

TEST(LinePatternTest, FindsTheNextLine) {
  Result<LinePattern> pattern = LinePattern::Compile("b+$", Case::kExact);
  std::string text = "a\nb\r\nc\nbb";
  EXPECT_EQ(pattern->FindLine(text, 0), 2u);
  EXPECT_EQ(pattern->FindLine(text, 5), 7u);
  Result<LinePattern> literal = LinePattern::Compile("c", Case::kExact);
  EXPECT_EQ(literal->FindLine(text, 0), 5u);
  EXPECT_EQ(literal->FindLine(text, 7), std::string::npos);
  EXPECT_EQ(literal->FindLine("c", 0), 0u);
}

TEST(LinePatternTest, AQuotedTextFindsItself) {
  std::string text = "a.b*(c)[d]{1}^$|\\x+?";
  EXPECT_TRUE(Matches(LinePattern::Quote(text), "x" + text + "y"));
  EXPECT_FALSE(Matches(LinePattern::Quote("a.b"), "axb"));
}

std::string RandomPattern(std::mt19937& random, int depth) {
  static const std::vector<std::string> kAtoms = {
      "a", "b", "c", ".", "[ab]", "[^a]", "\\w", "\\b", "^", "$", "\\d"};
  std::string out;
  for (size_t n = random() % 4 + 1; n > 0; --n) {
    std::string atom = kAtoms[random() % kAtoms.size()];
    bool edge = atom == "\\b" || atom == "^" || atom == "$";
    if (depth > 0 && random() % 4 == 0) {
      atom = "(" + RandomPattern(random, depth - 1) +
             (random() % 2 ? "|" + RandomPattern(random, depth - 1) : "") + ")";
      edge = true;
    }
    static const std::vector<std::string> kTimes = {"",  "", "*",    "+",
                                                    "?", "", "{1,2}"};
    out += atom + (edge ? "" : kTimes[random() % kTimes.size()]);
  }
  return out;
}

TEST(LinePatternTest, AgreesWithABacktrackingEngine) {
  std::mt19937 random(3);
  int matched = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string pattern = RandomPattern(random, 2);
    Result<LinePattern> mine = LinePattern::Compile(pattern, Case::kExact);
    ASSERT_TRUE(mine.ok()) << pattern;
    std::regex other(pattern);
    for (int i = 0; i < 10; ++i) {
      std::string line;
      for (size_t n = random() % 8; n > 0; --n) line += "abc 1"[random() % 5];
      bool found = std::regex_search(line, other);
      EXPECT_EQ(mine->Matches(line), found) << pattern << " in " << line;
      matched += found ? 1 : 0;
    }
  }
  EXPECT_GT(matched, 5000);
}

TEST(LinePatternTest, ManyStatesAreForgottenAndFoundAgain) {
  Result<LinePattern> pattern =
      LinePattern::Compile("(a|b)*a(a|b){12}c", Case::kExact);
  std::mt19937 random(4);
  std::string line;
  for (int i = 0; i < 20'000; ++i) line += random() % 2 ? 'a' : 'b';
  EXPECT_FALSE(pattern->Matches(line));
  EXPECT_TRUE(pattern->Matches(line + "aaaaaaaaaaaaac"));
}

TEST(PathPatternTest, MatchesAsShellsAndEditorsDo) {
  auto matches = [](std::string_view pattern, std::string_view path) {
    Result<PathPattern> parsed = PathPattern::Parse(pattern);
    return parsed.ok() && parsed->Matches(path);
  };
  EXPECT_TRUE(matches("*.cc", "src/a.cc"));
  EXPECT_FALSE(matches("src/*.cc", "src/x/a.cc"));
  EXPECT_TRUE(matches("src/**/*.cc", "src/a.cc"));
  EXPECT_TRUE(matches("src/**/*.cc", "src/x/y/a.cc"));
  EXPECT_TRUE(matches("**/test_?.py", "test_a.py"));
  EXPECT_TRUE(matches("src/**", "src/x/y"));
  EXPECT_FALSE(matches("src/**", "lib/x"));
  EXPECT_TRUE(matches("*.{h,cc,{py,js}}", "a.js"));
  EXPECT_TRUE(matches("[a-c]?[!x]", "bqz"));
  EXPECT_FALSE(matches("[a-c]?[!x]", "bqx"));
  EXPECT_TRUE(matches("a\\*b", "a*b"));
  EXPECT_FALSE(matches("a*b", "a/b"));
  EXPECT_FALSE(PathPattern::Parse("").ok());
  EXPECT_TRUE(PathPattern::Parse(std::string(500, 'a')).ok());
  EXPECT_FALSE(PathPattern::Parse(std::string(501, 'a')).ok());
  EXPECT_FALSE(PathPattern::Parse("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}").ok());
}

}  // namespace
}  // namespace cofferdam::agent
