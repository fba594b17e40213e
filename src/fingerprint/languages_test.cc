// The traps of each language, as its own compiler reads them.

#include <gtest/gtest.h>

#include "fingerprint/lex_testing.h"
#include "fingerprint/normals.h"

namespace cofferdam::fingerprint {
namespace {

using enum Language;

// What Show shows, if the quick lexer has as many tokens.
std::string Read(std::string_view text, Language language) {
  // Behind enough text that it is read in blocks.
  const std::string longer = std::string(text) + std::string(200, '\n');
  TokenStream tokens;
  Lex(longer, language, &tokens);
  NormalLexer lexer;
  const auto quick = lexer.Lex(longer, language);
  EXPECT_TRUE(std::equal(quick.begin(), quick.end(), tokens.normal().begin(),
                         tokens.normal().end()))
      << text;
  return Show(text, language);
}

TEST(CLexing, ReadsRawStringsSeparatorsAndContinuedComments) {
  EXPECT_EQ(Read("s = R\"x(a\" )\" \\)x\" + u8\"b\" + L'c';", kC),
            "x = \"s\" + \"s\" + \"s\"");
  EXPECT_EQ(Read("n = 1'000'000 + 0x1p-3 + 'a';", kC), "x = 0 + 0 + \"s\"");
  EXPECT_EQ(Read("a // b \\\n c \"\n d", kC), "x x");
  EXPECT_EQ(Read("a /* \" // */ b", kC), "x x");
}

TEST(JavaLexing, ReadsTextBlocksAndCharacters) {
  EXPECT_EQ(Read("s = \"\"\"\n a \"b\" \\\"\"\" c\"\"\"; d = '\"';", kJava),
            "x = \"s\" x = \"s\"");
  EXPECT_EQ(Read("c = '\\''; // don't\n e", kJava), "x = \"s\" x");
}

TEST(KotlinLexing, ReadsTemplatesAndNestedComments) {
  EXPECT_EQ(Read("a = \"x ${m[\"k\"]?.let { \"}\" }} y\" + b", kKotlin),
            "x = \"s\" + x");
  EXPECT_EQ(Read("a /* b /* c */ d */ e", kKotlin), "x x");
  EXPECT_EQ(Read("a = \"\"\"raw \\\"\"\"\" + `my name` + 'c'", kKotlin),
            "x = \"s\" + x + \"s\"");
  EXPECT_EQ(Read("a = \"$name costs $\" + b", kKotlin), "x = \"s\" + x");
}

TEST(JavaScriptLexing, ReadsTemplatesRegularExpressionsAndDivision) {
  EXPECT_EQ(Read("a = `x ${f({b: `${c}`}, \"}\", '`')} y` + d", kJavaScript),
            "x = \"s\" + x");
  EXPECT_EQ(Read("a = b / c / d; e = /[/\"]\\/x/gi.test(f)", kJavaScript),
            "x = x / x / x x = \"s\" . x ( x )");
  EXPECT_EQ(Read("return /'/.test(a)", kJavaScript), "return \"s\" . x ( x )");
  EXPECT_EQ(Read("let s: Array<string> = [] // 'x\n as const", kJavaScript),
            "let x : x < x > = [ ] as const");
}

TEST(PythonLexing, ReadsTripleQuotesPrefixesAndComments) {
  EXPECT_EQ(
      Read("s = '''a\n\"b\" ' '' \\''''; t = rb\"\\\"\" # it's\nu", kPython),
      "x = \"s\" x = \"s\" x");
  EXPECT_EQ(Read("f'{a}' + F\"\"\"{b}\"\"\" + 'c' 'd'", kPython),
            "\"s\" + \"s\" + \"s\" \"s\"");
  EXPECT_EQ(Read("a = 'b\\\nc'", kPython), "x = \"s\"");
}

TEST(GoLexing, ReadsRawStringsAndRunes) {
  EXPECT_EQ(Read("s := `a\\\n\"b'` + \"c\\\"\" + string('\\'')", kGo),
            "x := \"s\" + \"s\" + x ( \"s\" )");
  EXPECT_EQ(Read("c <- 'x' // don't\nd", kGo), "x < - \"s\" x");
}

TEST(RustLexing, TellsLifetimesCharactersRawStringsAndRawNames) {
  EXPECT_EQ(Read("fn f<'a>(x: &'a str) -> char { '\"' }", kRust),
            "fn x < x > ( x : & x x ) -> char { \"s\" }");
  EXPECT_EQ(Read("r##\"a \"# b\"## + br\"c\\\" + b'\\''", kRust),
            "\"s\" + \"s\" + \"s\"");
  EXPECT_EQ(Read("r#match + 'x' + '\\u{1F600}'", kRust), "x + \"s\" + \"s\"");
  EXPECT_EQ(Read("a /* /* ' */ \" */ b", kRust), "x x");
}

TEST(CSharpLexing, ReadsVerbatimAndRawStrings) {
  EXPECT_EQ(Read("s = @\"C:\\\" + $@\"a\"\"{b}\" + @$\"c\";", kCSharp),
            "x = \"s\" + \"s\" + \"s\"");
  EXPECT_EQ(Read("s = \"\"\"\"a \"\"\" b\"\"\"\" + 'c' + @class", kCSharp),
            "x = \"s\" + \"s\" + @ class");
}

TEST(PhpLexing, ReadsCodeBetweenMarkupAndHeredocs) {
  EXPECT_EQ(Read("<p>don't</p><?php $a = 'b'; ?>it's<?= $c ?>", kPhp),
            "< x > x < / x > x = \"s\" x x");
  EXPECT_EQ(Read("$a = <<<EOT\n it's $b \"\n  EOT; $c;", kPhp),
            "x = << \"s\" x");
  EXPECT_EQ(Read("$a = \"x {$b[\"c\"]} y\" . '?>' # it's\n; $d", kPhp),
            "x = \"s\" . \"s\" x");
  EXPECT_EQ(Read("#[Attr]\n$a; // b ?>c", kPhp), "# [ x ] x x");
}

TEST(RubyLexing, ReadsInterpolationHeredocsAndPercentLiterals) {
  EXPECT_EQ(Read("a = \"x #{b[\"c\"]} y\" + 'it\\'s' # don't", kRuby),
            "x = \"s\" + \"s\"");
  EXPECT_EQ(Read("f(<<~SQL, b)\n  it's #{c}\nSQL\nd", kRuby),
            "x ( << , x ) \"s\" x");
  EXPECT_EQ(Read("a = %w[it's b] + %q(a (b) c); d % e", kRuby),
            "x = \"s\" + \"s\" x % x");
  EXPECT_EQ(Read("a\n=begin\nit's\n=end\nb == c", kRuby), "x x == x");
  EXPECT_EQ(Read("a << b; c =~ /'/", kRuby), "x << x x = ~ \"s\"");
}

TEST(SwiftLexing, ReadsInterpolationAndHashStrings) {
  EXPECT_EQ(Read("a = \"x \\(f(\"b\", (c))) y\" + d", kSwift), "x = \"s\" + x");
  EXPECT_EQ(Read("a = #\"b \" \\ c\"# + ##\"d\"# e\"##", kSwift),
            "x = \"s\" + \"s\"");
  EXPECT_EQ(Read("a = \"\"\"\n it's \"b\"\n\"\"\" /* /* */ \" */ + c", kSwift),
            "x = \"s\" + x");
}

TEST(ScalaLexing, ReadsInterpolationSymbolsAndTripleQuotes) {
  EXPECT_EQ(Read("a = s\"x ${m(\"k\")} y\" + 'name + 'c'", kScala),
            "x = \"s\" + x + \"s\"");
  EXPECT_EQ(Read("a = \"\"\"b\"c\"\"\"\" /* /* */ */ d", kScala),
            "x = \"s\" x");
}

TEST(ShellLexing, ReadsQuotesHeredocsAndHashes) {
  EXPECT_EQ(Read("a='b\\' c=\"$(d \"e f\")\" # it's", kShell),
            "x = \"s\" x = \"s\"");
  EXPECT_EQ(Read("echo ${#a[@]} $# \"$1\"", kShell),
            "x x { # x [ @ ] } x # \"s\"");
  EXPECT_EQ(Read("cat <<'EOF' > f\nit's $(\nEOF\nif x", kShell),
            "x << > x \"s\" if x");
  EXPECT_EQ(Read("a=$((1 << 2)); b", kShell), "x = x ( ( 0 << 0 ) ) x");
  EXPECT_EQ(Read("cat <<-A\n\tb\n\tA\nc <<< d", kShell), "x << \"s\" x << < x");
}

TEST(SqlLexing, ReadsDoubledQuotesAndBodies) {
  EXPECT_EQ(Read("select 'it''s', \"a\"\"b\" from t -- don't\nwhere c", kSql),
            "select \"s\" , \"s\" from x where x");
  EXPECT_EQ(Read("create function f() as $$ select 'a\\' $$", kSql),
            "create function x ( ) as x select \"s\" x");
  EXPECT_EQ(Read("a /* ' */ = `my col`", kSql), "x = x");
}

TEST(GeneralLexing, ToleratesWhatItDoesNotKnow) {
  EXPECT_EQ(Read("x = don't; y = \"a\" # it's\n/* ' */ z", kGeneral),
            "x = x x = \"s\" x");
}

TEST(Lexing, LeavesEveryUnclosedTrapAndGoesOn) {
  for (const std::string_view trap :
       {"\"${a", "\"#{a", "\"\\(a", "\"{$a", "\"$(a", "<<EOF\n", "<<<EOF\n",
        "%w[a", "#\"a", "=begin\n", "$@\"a", "\"\"\"\"a", "'\\", "`${\"}"}) {
    for (int i = 0; i < kLanguageCount; ++i) {
      const std::string text =
          std::string(trap) + "\n" + std::string(80, ' ') + "\n= a + b";
      TokenStream tokens;
      Lex(text, static_cast<Language>(i), &tokens);
      EXPECT_GT(tokens.size(), 0u);
      NormalLexer lexer;
      const auto quick = lexer.Lex(text, static_cast<Language>(i));
      EXPECT_EQ(quick.size(), tokens.size());
    }
  }
}

}  // namespace
}  // namespace cofferdam::fingerprint
