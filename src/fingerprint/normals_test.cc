#include "fingerprint/normals.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "fingerprint/lex.h"

namespace cofferdam::fingerprint {
namespace {

std::vector<VectorUnit> Units() {
  std::vector<VectorUnit> units = {VectorUnit::kNone};
  if (BestVectorUnit() != VectorUnit::kNone) {
    units.push_back(VectorUnit::kAvx2);
  }
  if (BestVectorUnit() == VectorUnit::kAvx512) {
    units.push_back(VectorUnit::kAvx512);
  }
  return units;
}

// The quick lexers against CodeLexer and its like. Fails with the first
// difference.
class SameTokens {
 public:
  SameTokens() : units_(Units()) {
    for (const VectorUnit unit : units_) lexers_.emplace_back(unit);
  }

  testing::AssertionResult operator()(std::string_view of, Language language) {
    // So that a sanitizer sees what is read behind it.
    const std::vector<char> exact(of.begin(), of.end());
    const std::string_view text(exact.data(), exact.size());
    Lex(text, language, &tokens_, VectorUnit::kNone);
    const std::span<const uint64_t> wanted = tokens_.normal();
    for (size_t i = 0; i < lexers_.size(); ++i) {
      const std::span<const uint64_t> got = lexers_[i].Lex(text, language);
      const auto [at, other] =
          std::mismatch(got.begin(), got.end(), wanted.begin(), wanted.end());
      if (at == got.end() && other == wanted.end()) continue;
      const size_t token = static_cast<size_t>(at - got.begin());
      const size_t byte =
          token < tokens_.size() ? tokens_.begin()[token] : text.size();
      return testing::AssertionFailure()
             << LanguageName(language) << ", unit " << i << ": " << got.size()
             << " tokens, not " << wanted.size() << "; token " << token
             << " differs, before [" << text.substr(byte, 60) << "], behind ["
             << text.substr(byte > 60 ? byte - 60 : 0,
                            std::min<size_t>(byte, 60))
             << "]";
    }
    for (const VectorUnit unit : units_) {
      Lex(text, language, &quick_, unit);
      const size_t size = std::min(tokens_.size(), quick_.size());
      for (size_t i = 0; i < size; ++i) {
        if (Place(tokens_, i) == Place(quick_, i)) continue;
        return testing::AssertionFailure()
               << LanguageName(language) << ": token " << i << " is "
               << testing::PrintToString(Place(quick_, i)) << ", not "
               << testing::PrintToString(Place(tokens_, i)) << ", of ["
               << text.substr(tokens_.begin()[i], 60) << "]";
      }
      if (quick_.size() != tokens_.size() ||
          quick_.languages() != tokens_.languages()) {
        return testing::AssertionFailure()
               << quick_.size() << " tokens, not " << tokens_.size();
      }
    }
    return testing::AssertionSuccess();
  }

 private:
  static std::array<uint64_t, 6> Place(const TokenStream& tokens, size_t i) {
    return {tokens.normal()[i], tokens.raw()[i],
            tokens.begin()[i],  tokens.end()[i],
            tokens.line()[i],   static_cast<uint64_t>(tokens.kind()[i])};
  }

  std::vector<VectorUnit> units_;
  std::vector<NormalLexer> lexers_;
  TokenStream tokens_;
  TokenStream quick_;
};

// What the languages disagree about, and what is broken.
constexpr std::string_view kPieces[] = {
    " ",
    "  ",
    "\n",
    "\t",
    "\r\n",
    "\\",
    "\\\\",
    "\"",
    "'",
    "`",
    "\"\"\"",
    "'''",
    "#",
    "# ",
    "//",
    "/*",
    "*/",
    "/",
    "--",
    "<!--",
    "-->",
    "@",
    "@\"",
    "$\"",
    "R\"x(",
    ")x\"",
    "r#\"",
    "\"#",
    "b'",
    "f\"",
    "u8\"",
    "L'",
    "don't",
    "'a",
    "&'a ",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ", ",
    ",\n",
    ",)",
    ";",
    "${",
    "#{",
    "1",
    "0x1F",
    "1.5",
    "1.",
    ".5",
    "1e+5",
    "0x1p-3",
    "1'000",
    "1..2",
    "x.0.1",
    "=",
    "==",
    "===",
    "!==",
    "<<=",
    "...",
    "..=",
    "?\?=",
    "?.5",
    "?.",
    "->",
    "=>",
    "::",
    ":::",
    "&&&",
    "|||=",
    "++",
    "+++",
    "<=>",
    ">=",
    ">>=",
    "**=",
    "%",
    "^=",
    "~",
    "!",
    "if",
    "return",
    "static_cast",
    "reinterpret_cast",
    "reinterpret_cast2",
    "SELECT",
    "select",
    "x",
    "foo_bar",
    "$x",
    "\xc3\xa9t\xc3\xa9",
    "\xe6\xbc\xa2\xe5\xad\x97",
    "\xff\xfe",
    "\xe2\x80\x99",
    "\xef\xbb\xbf",
    "\xc2\xad",
    "It's",
    "NA\xc3\x8fVE",
    "\xcf\x83",
    "<<EOF\n",
    "EOF\n",
    "```\n",
    "```py\n",
    "~~~\n",
    "<?php ",
    "?>",
    "aVeryLongWordThatIsLongerThanAnyKeyword",
    "____________________________________________________________________"};

std::string Made(std::mt19937_64* random, size_t pieces) {
  std::string text;
  for (size_t i = 0; i < pieces; ++i) {
    switch ((*random)() % 12) {
      case 0:
        text.append((*random)() % 70, ' ');
        break;
      case 1:
        text.push_back(static_cast<char>((*random)()));
        break;
      default:
        text += kPieces[(*random)() % std::size(kPieces)];
        if ((*random)() % 3 == 0) text += ' ';
    }
  }
  return text;
}

TEST(NormalLexer, GivesTheTokensOfLexForHostileTextInEveryLanguage) {
  SameTokens same;
  for (uint64_t seed = 0; seed < 3000; ++seed) {
    std::mt19937_64 random(seed);
    const std::string text = Made(&random, random() % 200);
    for (int language = 0; language < kLanguageCount; ++language) {
      ASSERT_TRUE(same(text, static_cast<Language>(language))) << seed;
    }
  }
}

TEST(NormalLexer, GivesTheTokensOfLexForRandomBytes) {
  SameTokens same;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    std::mt19937_64 random(seed);
    std::string text;
    const unsigned values = seed % 2 == 0 ? 256 : 128;
    for (size_t i = random() % 700; i > 0; --i) {
      text.push_back(static_cast<char>(random() % values));
    }
    for (int language = 0; language < kLanguageCount; ++language) {
      ASSERT_TRUE(same(text, static_cast<Language>(language))) << seed;
    }
  }
}

// Each token at each place of a block, and at each distance from the end.
TEST(NormalLexer, GivesTheTokensOfLexWhereverABlockEnds) {
  SameTokens same;
  for (const std::string_view piece : kPieces) {
    for (size_t before = 40; before < 70; ++before) {
      for (const size_t behind : {size_t{0}, size_t{30}, size_t{150}}) {
        const std::string text = std::string(before, ' ') + std::string(piece) +
                                 std::string(piece) + "(x,y)" +
                                 std::string(behind, '\n');
        for (const Language language :
             {Language::kGeneral, Language::kC, Language::kPython,
              Language::kRust, Language::kJavaScript, Language::kProse}) {
          ASSERT_TRUE(same(text, language)) << piece << " at " << before;
        }
      }
    }
  }
}

TEST(NormalLexer, ForgetsTheTextBefore) {
  NormalLexer lexer;
  EXPECT_EQ(lexer.Lex("a = b,", Language::kC).size(), 4u);
  // The comma before is another text's.
  EXPECT_EQ(lexer.Lex(")", Language::kC).size(), 1u);
  EXPECT_TRUE(lexer.Lex("", Language::kC).empty());
}

}  // namespace
}  // namespace cofferdam::fingerprint
