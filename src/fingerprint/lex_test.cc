#include "fingerprint/lex.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <iterator>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "fingerprint/lex_testing.h"

namespace cofferdam::fingerprint {
namespace {

using enum Language;

TokenStream Tokens(std::string_view text, Language language) {
  TokenStream tokens;
  Lex(text, language, &tokens);
  return tokens;
}

std::vector<uint64_t> Normal(std::string_view text, Language language) {
  const TokenStream tokens = Tokens(text, language);
  return {tokens.normal().begin(), tokens.normal().end()};
}

std::vector<uint64_t> Raw(std::string_view text, Language language) {
  const TokenStream tokens = Tokens(text, language);
  return {tokens.raw().begin(), tokens.raw().end()};
}

constexpr Language kEvery[] = {
    kGeneral, kProse,  kMarkdown, kPython, kC,      kJava, kJavaScript, kGo,
    kRust,    kCSharp, kKotlin,   kSwift,  kScala,  kPhp,  kRuby,       kShell,
    kHash,    kSql,    kDash,     kLisp,   kMarkup, kStyle};
static_assert(std::size(kEvery) == kLanguageCount);

TEST(Lex, NormalisesNamesNumbersAndStringsButNotKeywordsAndOperators) {
  EXPECT_EQ(Show("if (count >= 10) return name + \"text\";", kC),
            "if ( x >= 0 ) return x + \"s\"");
}

TEST(Lex, GivesBytesAndLinesOfEveryToken) {
  const std::string_view text = "a = 1\n\n  bc = 'x\\'y'\n";
  const TokenStream tokens = Tokens(text, kPython);
  ASSERT_EQ(tokens.size(), 6u);
  EXPECT_EQ(text.substr(tokens.begin()[5], tokens.end()[5] - tokens.begin()[5]),
            "'x\\'y'");
  EXPECT_EQ(tokens.line()[2], 1u);
  EXPECT_EQ(tokens.line()[3], 3u);
  EXPECT_EQ(tokens.begin()[3], 9u);
}

TEST(Lex, KeepsTheRawHashOfTheExactText) {
  const auto a = Raw("alpha = beta", kPython);
  const auto b = Raw("alpha = gamma", kPython);
  EXPECT_EQ(a[0], b[0]);
  EXPECT_EQ(a[1], b[1]);
  EXPECT_NE(a[2], b[2]);
  EXPECT_EQ(Normal("alpha = beta", kPython), Normal("x = y", kPython));
}

TEST(Lex, HashesWordsAlikeWhereverTheyStand) {
  // At the end of the buffer, in its middle, and longer than one load.
  for (const std::string word :
       {"a", "abcdefg", "abcdefgh", "abcdefghi", "abcdefghijklmnop",
        "abcdefghijklmnopq", "abcdefghijklmnopqrstuvwxyzabcdefghijkl"}) {
    const auto alone = Raw(word, kC);
    const auto inside = Raw("(" + word + ") + something_longer", kC);
    EXPECT_EQ(alone[0], inside[1]) << word;
  }
}

TEST(Lex, KeepsClassesApartInTheEvidenceByte) {
  const TokenStream tokens = Tokens("name 12 'text' if + while ( x", kPython);
  const std::vector<uint8_t> expected = {0, 1, 2};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(EvidenceByte(tokens.normal()[i]), expected[i]);
  }
  for (size_t i = 3; i < 7; ++i) {
    EXPECT_GE(EvidenceByte(tokens.normal()[i]), 3);
  }
}

TEST(Lex, DropsWhatFormattersChange) {
  // Semicolons, trailing commas, white space, line breaks, quotes.
  EXPECT_EQ(
      Show("const f = (a, b) => {\n  return [a, b];\n};", kJavaScript),
      Show("const f = (\n  a,\n  b,\n) => {\n    return [\n a,\n b,\n ]\n}",
           kJavaScript));
  EXPECT_EQ(Show("x = f('a', 1)", kPython),
            Show("x = f(\n    \"a\",\n  1,\n)", kPython));
  EXPECT_EQ(Show("vector<vector<int>> v", kC),
            Show("vector<vector<int> > v", kC));
}

TEST(Lex, ReadsOperatorsOfSeveralBytes) {
  EXPECT_EQ(Show("a<<=b===c->d::e..=f?\?=g<=>h**=i>>j>=k", kGeneral),
            "x <<= x === x -> x :: x ..= x ?\?= x <=> x **= x > > x >= x");
}

TEST(Lex, ReadsNumbers) {
  for (const std::string_view number :
       {"0", "42", "0xFFu", "1.5", ".5", "1e-5", "1.5E+10f", "1_000", "0b11",
        "0x1.8p-3", "10L"}) {
    EXPECT_EQ(Show(number, kC), "0") << number;
  }
  EXPECT_EQ(Show("1..2", kRust), "0 .. 0");
  EXPECT_EQ(Show("1.max(2)", kRust), "0 . x ( 0 )");
  EXPECT_EQ(Show("pair.0.1", kRust), "x . 0");
  EXPECT_EQ(Show("1'000'000", kC), "0");
}

TEST(Lex, DropsComments) {
  EXPECT_EQ(Show("a // b\nc /* d \n e */ f", kC), "x x x");
  EXPECT_EQ(Show("a # b\nc", kPython), "x x");
  EXPECT_EQ(Show("a /* b /* c */ d */ e", kRust), "x x");
  EXPECT_EQ(Show("a /* b /* c */ d */ e", kC), "x x * / x");
  EXPECT_EQ(Show("a -- b\nc", kSql), "x x");
  EXPECT_EQ(Show("(a ; b\nc)", kLisp), "( x x )");
  EXPECT_EQ(Show("<a><!-- b --></a>", kMarkup), "< x > < / x >");
  EXPECT_EQ(Show("$x = 1 # b\n#[Attribute]\n// c", kPhp), "x = 0 # [ x ]");
}

TEST(Lex, CountsLinesInsideCommentsAndStrings) {
  const TokenStream tokens =
      Tokens("/* 1\n2 */ a = '''3\n4''' # 4\nb", kGeneral);
  ASSERT_EQ(tokens.size(), 4u);
  EXPECT_EQ(tokens.line()[0], 2u);
  EXPECT_EQ(tokens.line()[2], 2u);
  EXPECT_EQ(tokens.line()[3], 4u);
}

TEST(Lex, TellsShellCommentsFromHashes) {
  EXPECT_EQ(Show("echo $# a#b # c\n#d\nls", kShell), "x x # x # x x");
}

TEST(Lex, ReadsPythonStrings) {
  EXPECT_EQ(Show("'''a\n'b' \\''' c''' \"\"\"d\"\"\"", kPython), "\"s\" \"s\"");
  EXPECT_EQ(Show("rb'\\d' f\"{x}\" u'' b\"\"\"y\"\"\"", kPython),
            "\"s\" \"s\" \"s\" \"s\"");
  EXPECT_EQ(
      Show("def f():\n    \"\"\"Doc\n    string.\"\"\"\n    pass", kPython),
      "def x ( ) : \"s\" pass");
}

TEST(Lex, ReadsRawStringsOfEachLanguage) {
  EXPECT_EQ(Show("R\"x(a)\" )y\")x\" + u8R\"(b)\"", kC), "\"s\" + \"s\"");
  EXPECT_EQ(Show("r#\"a\"b\"# + br\"\\\" + c", kRust), "\"s\" + \"s\" + x");
  EXPECT_EQ(Show("`a\n\\` + b", kGo), "\"s\" + x");
  EXPECT_EQ(Show("@\"C:\\\" + $\"b\" + @\"a\"\"b\"", kCSharp),
            "\"s\" + \"s\" + \"s\"");
  EXPECT_EQ(Show("'it''s' + x", kSql), "\"s\" + x");
}

TEST(Lex, TellsLifetimesFromCharacters) {
  EXPECT_EQ(
      Show("fn f<'a>(x: &'a str, c: char) { c == 'a' || c == '\\'' }", kRust),
      "fn x < x > ( x : & x x , x : char ) { x == \"s\" || x == \"s\" }");
  EXPECT_EQ(Show("'\xc3\xa9' 'static", kRust), "\"s\" x");
  EXPECT_EQ(Show("fn f<'a>(x: &'a str) { y('z') }", kGeneral),
            "fn x < x > ( x : & x x ) { x ( \"s\" ) }");
}

TEST(Lex, ReadsTemplatesAsOneString) {
  EXPECT_EQ(Show("f(`a ${b(`c ${d}`)} e`) + g", kJavaScript),
            "x ( \"s\" ) + x");
  EXPECT_EQ(Show("`a \\` b` + c", kJavaScript), "\"s\" + x");
}

TEST(Lex, TellsRegularExpressionsFromDivision) {
  EXPECT_EQ(Show("x = /[/\"']+\\//g.test(y)", kJavaScript),
            "x = \"s\" . x ( x )");
  EXPECT_EQ(Show("a / b / c", kJavaScript), "x / x / x");
  EXPECT_EQ(Show("(a) / b / c", kJavaScript), "( x ) / x / x");
  EXPECT_EQ(Show("return /a/.test(b)", kJavaScript), "return \"s\" . x ( x )");
}

TEST(Lex, ReadsSqlKeywordsInAnyCase) {
  EXPECT_EQ(Normal("select a from b where c = 1", kSql),
            Normal("SELECT x FROM y WHERE z = 2", kSql));
  EXPECT_EQ(Normal("SELECT x FROM y WHERE z = 2", kGeneral),
            Normal("select x from y where z = 2", kSql));
}

TEST(Lex, GivesCodeTheSameHashesInItsLanguageAndAsUnknown) {
  const std::string_view python =
      "# Count words.\n"
      "def count(words, limit=10):\n"
      "    \"\"\"Count.\"\"\"\n"
      "    total = {}\n"
      "    for word in words:\n"
      "        total[word] = total.get(word, 0) + 1\n"
      "    return sorted(total.items(), key=lambda i: -i[1])[:limit]\n";
  const std::string_view rust =
      "/// Counts.\n"
      "pub fn count<'a>(words: &[&'a str]) -> HashMap<&'a str, usize> {\n"
      "    let mut total = HashMap::new();\n"
      "    for word in words { *total.entry(*word).or_insert(0) += 1; }\n"
      "    println!(\"{} words\", total.len()); // said\n"
      "    total\n"
      "}\n";
  const std::string_view script =
      "export async function load(url) {\n"
      "  const answer = await fetch(`${url}/items?x=1`);\n"
      "  if (!answer.ok) throw new Error('no ' + answer.status);\n"
      "  return (await answer.json()).filter((x) => x.name !== null);\n"
      "}\n";
  EXPECT_EQ(Normal(python, kPython), Normal(python, kGeneral));
  EXPECT_EQ(Normal(rust, kRust), Normal(rust, kGeneral));
  EXPECT_EQ(Normal(script, kJavaScript), Normal(script, kGeneral));
}

TEST(Lex, SeesThroughRenamingStrippingAndReformatting) {
  EXPECT_EQ(Normal("// Sums what is due.\n"
                   "export function total(items, rate = 0.2) {\n"
                   "  let sum = 0; /* so far */\n"
                   "  for (const item of items) { sum += item.price; }\n"
                   "  return { sum, tax: sum * rate };\n"
                   "}\n",
                   kJavaScript),
            Normal("export function t(\n    a,\n    b = 0.25,\n) {\n"
                   "    let c = 1\n"
                   "    for (const d of a) {\n        c += d.e\n    }\n"
                   "    return {\n        c,\n        f: c * b,\n    }\n"
                   "}\n",
                   kJavaScript));
}

TEST(Lex, ToleratesApostrophesInUnknownText) {
  EXPECT_EQ(Show("don't panic: it's 'fine'", kGeneral), "x x : x \"s\"");
}

TEST(Lex, LeavesUnclosedLiteralsAndGoesOn) {
  EXPECT_EQ(Show("a = \"b\nc = 'd'", kC), "x = x x = \"s\"");
  EXPECT_EQ(Show("a = '''b\nc = d", kPython), "x = \"s\" x x = x");
  EXPECT_EQ(Show("a = `b\nc", kGo), "x = x x");
  EXPECT_EQ(Show("rm src/*\nls", kGeneral), "x x / * x");
  EXPECT_EQ(Show("a /* b", kC), "x");
  EXPECT_EQ(Show("R\"x(a", kC), "x x ( x");
}

TEST(Lex, TakesNulsAndInvalidUtf8) {
  const std::string_view text("a\0b \xff\xfe = 1", 10);
  for (const Language language : kEvery) {
    EXPECT_GT(Tokens(text, language).size(), 0u);
  }
  EXPECT_EQ(Show(text, kC), "x x x = 0");
  EXPECT_EQ(Show("caf\xe9 d'\xe9t\xe9", kProse), "caf\xe9 d'\xe9t\xe9");
}

TEST(Lex, SkipsAByteOrderMark) {
  EXPECT_EQ(Show("\xef\xbb\xbfimport x", kPython), "import x");
  EXPECT_EQ(Normal("\xef\xbb\xbfWord", kMarkdown), Normal("word", kMarkdown));
}

TEST(Lex, FoldsCaseOfWordsAndDropsPunctuation) {
  EXPECT_EQ(Show("The quick, (brown) fox - it's 42!", kProse),
            "The quick brown fox it's 42");
  EXPECT_EQ(Normal("THE Quick\nBrownFox Internationalisation", kProse),
            Normal("the quick brownfox internationalisation.", kProse));
  EXPECT_NE(Raw("The", kProse), Raw("the", kProse));
  EXPECT_EQ(Normal("\xc3\x9c"
                   "BER \xce\x91\xce\x92 \xd0\x96\xd0\xaf",
                   kProse),
            Normal("\xc3\xbc"
                   "ber \xce\xb1\xce\xb2 \xd0\xb6\xd1\x8f",
                   kProse));
  // A typographic apostrophe is an apostrophe.
  EXPECT_EQ(Normal("don\xe2\x80\x99t", kProse), Normal("don't", kProse));
}

TEST(Lex, FoldsAWordAlikeOnBothPaths) {
  // A letter beyond ASCII sends the word to the slow path; a soft hyphen is
  // not counted, so the rest must hash alike.
  for (const std::string word :
       {"a", "Abcdefgh", "Abcdefghi", "ABCDEFGHIJKLMNOP",
        "ABCDEFGHIJKLMNOPQRSTUVW"}) {
    EXPECT_EQ(Normal(word, kProse), Normal(word + "\xc2\xad", kProse)) << word;
  }
}

TEST(Lex, SplitsScriptsWithoutSpaces) {
  EXPECT_EQ(Tokens("\xe6\xbc\xa2\xe5\xad\x97\xe3\x80\x82"
                   "abc\xe5\xad\x97",
                   kProse)
                .size(),
            4u);
  EXPECT_EQ(Tokens("\xed\x95\x9c\xea\xb5\xad\xec\x96\xb4 \xeb\xa7\x90", kProse)
                .size(),
            2u);
}

TEST(Lex, WordsOfProseAreNoKeywords) {
  EXPECT_NE(Normal("return", kProse), Normal("return", kC));
  EXPECT_NE(Normal("word", kProse), Normal("word", kC));
}

TEST(Lex, CountsLinesThatEndWithACharacterWithoutWidth) {
  for (const char* ignored : {"\xe2\x80\x8b", "\xc2\xad", "\xef\xbb\xbf"}) {
    const TokenStream tokens =
        Tokens(std::string("one") + ignored + "\n" + ignored + "\ntwo", kProse);
    ASSERT_EQ(tokens.size(), 2u);
    EXPECT_EQ(tokens.line()[1], 3u);
  }
}

TEST(Lex, LexesFencedCodeInItsLanguage) {
  const std::string_view text =
      "Here is the code:\n\n```python\nx = 1  # one\n```\n\nThat's it.\n";
  EXPECT_EQ(Show(text, kMarkdown), "Here is the code x = 0 That's it");
  const TokenStream tokens = Tokens(text, kMarkdown);
  EXPECT_TRUE(tokens.Uses(kMarkdown));
  EXPECT_TRUE(tokens.Uses(kPython));
  EXPECT_FALSE(tokens.Uses(kGeneral));
  EXPECT_EQ(tokens.line()[4], 4u);
  EXPECT_EQ(tokens.line()[7], 7u);
}

TEST(Lex, FencedCodeMatchesTheSameCodeInAFile) {
  const std::string code = "fn f(a: u32) -> u32 {\n    a + 1\n}\n";
  const auto answer = Normal("Sure!\n~~~rust\n" + code + "~~~\n", kMarkdown);
  const auto file = Normal(code, kRust);
  ASSERT_EQ(answer.size(), file.size() + 1);
  EXPECT_TRUE(std::equal(file.begin(), file.end(), answer.begin() + 1));
}

TEST(Lex, FindsFencesAsCommonMarkDoes) {
  // Longer fences hold shorter ones; no close runs to the end; inline code
  // does not open; an indented or quoted fence does.
  EXPECT_EQ(Show("````md\n```c\na\n```\n````\nb", kMarkdown), "c a b");
  EXPECT_EQ(Show("a\n```c\nif (x", kMarkdown), "a if ( x");
  EXPECT_EQ(Show("```inline``` and\n``` if ```", kMarkdown), "inline and if");
  EXPECT_EQ(Show("- item\n  ```js\n  a()\n  ```\n- end", kMarkdown),
            "item x ( ) end");
  EXPECT_EQ(Show("```src/a.py\nx # c\n```", kMarkdown), "x");
  EXPECT_EQ(Show("```", kMarkdown), "");
}

TEST(Lex, ReusesAStreamWithoutLeavingsOfTheTextBefore) {
  TokenStream tokens;
  Lex("a b c d e f\n```c\nx\n```", kMarkdown, &tokens);
  Lex("a = 1", kPython, &tokens);
  EXPECT_EQ(tokens.size(), 3u);
  EXPECT_FALSE(tokens.Uses(kMarkdown));
  Lex("", kPython, &tokens);
  EXPECT_TRUE(tokens.empty());
}

// Any bytes give tokens that lie in the text, in order, whatever the language.
TEST(Lex, KeepsItsPromisesOnRandomText) {
  const std::string_view pieces[] = {"\"",
                                     "'",
                                     "`",
                                     "/*",
                                     "*/",
                                     "//",
                                     "#",
                                     "\n",
                                     "\\",
                                     "${",
                                     "}",
                                     "r#\"",
                                     "R\"(",
                                     ")\"",
                                     "\"\"\"",
                                     "'''",
                                     "```",
                                     "~~~",
                                     " ",
                                     "ab",
                                     "if",
                                     "\xc3\xa9",
                                     "\xe6\xbc\xa2",
                                     "\xff",
                                     "1.5e",
                                     "--",
                                     "<!--",
                                     "-->",
                                     "@\"",
                                     "$",
                                     "/",
                                     "[",
                                     "]",
                                     "(",
                                     ",)",
                                     "don't",
                                     "\0x",
                                     "=",
                                     "```python\n"};
  std::mt19937_64 random(7);
  TokenStream tokens;
  for (int round = 0; round < 4000; ++round) {
    std::string text;
    for (size_t n = random() % 40; n > 0; --n) {
      text.append(pieces[random() % std::size(pieces)]);
    }
    // In memory of its own, so that reading past the end is seen.
    const auto exact = std::make_unique<char[]>(text.size());
    std::copy(text.begin(), text.end(), exact.get());
    const std::string_view view(exact.get(), text.size());
    const Language language = kEvery[random() % std::size(kEvery)];
    Lex(view, language, &tokens);
    uint32_t at = 0;
    uint32_t line = 1;
    for (size_t i = 0; i < tokens.size(); ++i) {
      ASSERT_LE(at, tokens.begin()[i]) << text;
      ASSERT_LT(tokens.begin()[i], tokens.end()[i]) << text;
      ASSERT_LE(tokens.end()[i], text.size());
      const auto lines = static_cast<uint32_t>(
          1 + std::count(text.begin(), text.begin() + tokens.begin()[i], '\n'));
      ASSERT_EQ(tokens.line()[i], lines)
          << text << " as " << LanguageName(language);
      ASSERT_LE(line, lines);
      at = tokens.end()[i];
      line = lines;
    }
  }
}

// Openers that never close must not make each later one search to the end.
TEST(Lex, IsLinearOnHostileText) {
  for (const std::string_view piece :
       {"\"", "'", "`", "/*", "r#\"", "R\"x(", "\"\"\"", "'''", "@\"", "\\'",
        "\\\"", "=/a[", "${", "```", "\n```x`\n", "b'\\", "/*/", "<!--"}) {
    std::string text;
    while (text.size() < 120'000) text.append(piece).append(" ");
    for (const Language language : kEvery) {
      const std::clock_t start = std::clock();
      TokenStream tokens;
      Lex(text, language, &tokens);
      const double took =
          static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
      // Quadratic work is some 10^10 steps here; linear is milliseconds.
      EXPECT_LT(took, 2.0) << piece << " as " << LanguageName(language);
    }
  }
}

}  // namespace
}  // namespace cofferdam::fingerprint
