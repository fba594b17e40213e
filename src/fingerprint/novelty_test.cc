#include "fingerprint/novelty.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "fingerprint/lex.h"

namespace cofferdam::fingerprint {
namespace {

using enum Language;

constexpr uint64_t Only(Language language) {
  return uint64_t{1} << static_cast<int>(language);
}

TokenStream Tokens(std::string_view text, Language language = kPython) {
  TokenStream tokens;
  Lex(text, language, &tokens);
  return tokens;
}

SortedOutput Sort(std::string_view output, std::string_view prompt,
                  std::vector<std::pair<size_t, size_t>> kept = {}) {
  PromptGrams grams;
  grams.AddText(prompt, Only(kPython));
  return SortOutput(Tokens(output), kept, grams);
}

size_t Covered(const std::vector<TokenRange>& ranges) {
  size_t tokens = 0;
  for (const TokenRange& range : ranges) tokens += range.end - range.begin;
  return tokens;
}

size_t Novel(const SortedOutput& sorted) {
  return static_cast<size_t>(
      std::count_if(sorted.fingerprints.begin(), sorted.fingerprints.end(),
                    [](const OutputFingerprint& f) { return !f.echo; }));
}

std::string Replaced(std::string text, std::string_view from,
                     std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
  return text;
}

constexpr std::string_view kPerson =
    "def settle(account, payments, today):\n"
    "    balance = account.opening\n"
    "    for payment in payments:\n"
    "        if payment.due > today and not payment.forced:\n"
    "            continue\n"
    "        balance -= payment.amount * account.rate[payment.currency]\n"
    "        account.log.append((payment.id, balance, 'settled'))\n"
    "    return balance if balance > 0 else account.overdraft(balance)\n";

constexpr std::string_view kModel =
    "class Journal:\n"
    "    def __init__(self, path, clock):\n"
    "        self.path, self.clock = path, clock\n"
    "        self.rows = [json.loads(line) for line in open(path)]\n"
    "    def find(self, **wanted):\n"
    "        return {row['id']: row for row in self.rows\n"
    "                if all(row.get(k) == v for k, v in wanted.items())}\n"
    "    def prune(self, age):\n"
    "        while self.rows and self.rows[0]['at'] < self.clock() - age:\n"
    "            yield self.rows.pop(0)\n";

TEST(SortOutput, TakesAllAsNovelWithoutAPrompt) {
  const SortedOutput sorted = Sort(kModel, "");
  EXPECT_TRUE(sorted.quoted.empty());
  EXPECT_TRUE(sorted.echoed.empty());
  EXPECT_EQ(Novel(sorted), sorted.fingerprints.size());
  SelectScratch scratch;
  std::vector<Fingerprint> expected;
  const TokenStream tokens = Tokens(kModel);
  SelectMinimizers(tokens.normal(), &scratch, &expected);
  ASSERT_EQ(sorted.fingerprints.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(sorted.fingerprints[i].hash, expected[i].hash);
    EXPECT_EQ(sorted.fingerprints[i].token, expected[i].token);
  }
}

TEST(SortOutput, GivesNoPostingToAPersonsFileQuotedBack) {
  const SortedOutput sorted = Sort(kPerson, kPerson);
  EXPECT_TRUE(sorted.fingerprints.empty());
  ASSERT_EQ(sorted.quoted.size(), 1u);
  EXPECT_EQ(Covered(sorted.quoted), Tokens(kPerson).size());
}

TEST(SortOutput, FindsTheModelsLinesAmongQuotedOnes) {
  const std::string output =
      std::string(kPerson) + std::string(kModel) + std::string(kPerson);
  const SortedOutput sorted = Sort(output, kPerson);
  ASSERT_EQ(sorted.quoted.size(), 2u);
  const size_t person = Tokens(kPerson).size();
  // A token or two at a seam may stand in the prompt by chance.
  EXPECT_NEAR(sorted.quoted[0].end, person, 3);
  EXPECT_NEAR(sorted.quoted[1].begin, person + Tokens(kModel).size(), 3);
  EXPECT_EQ(Novel(sorted), sorted.fingerprints.size());
  EXPECT_GT(Novel(sorted), 10u);
  for (const OutputFingerprint& f : sorted.fingerprints) {
    EXPECT_GE(f.token, sorted.quoted[0].end);
    EXPECT_LE(f.token + kGram, sorted.quoted[1].begin);
  }
}

TEST(SortOutput, QuotesFromTwentyRawTokensOn) {
  std::string run;
  for (size_t i = 0; i < kQuoteGram; ++i)
    run += "name" + std::to_string(i) + " ";
  const std::string shorter = run.substr(0, run.rfind("name"));
  ASSERT_EQ(Tokens(run).size(), kQuoteGram);
  ASSERT_EQ(Tokens(shorter).size(), kQuoteGram - 1);
  const std::string around = " + 'other' * 2 ";
  EXPECT_EQ(Covered(Sort(around + run + around, "( " + run + ")").quoted),
            kQuoteGram);
  EXPECT_EQ(
      Covered(Sort(around + shorter + around, "( " + shorter + ")").quoted),
      0u);
}

TEST(SortOutput, MarksAPersonsRenamedFileAsEcho) {
  std::string renamed(kPerson);
  for (const auto& [from, to] :
       std::vector<std::pair<std::string_view, std::string_view>>{
           {"settle", "close"},
           {"account", "ledger"},
           {"payment", "debit"},
           {"balance", "amount"},
           {"today", "now"},
           {"rate", "fx"}}) {
    renamed = Replaced(renamed, from, to);
  }
  const SortedOutput sorted = Sort(renamed, kPerson);
  EXPECT_TRUE(sorted.quoted.empty());
  EXPECT_GT(sorted.fingerprints.size(), 10u);
  EXPECT_EQ(Novel(sorted), 0u);
  EXPECT_EQ(Covered(sorted.echoed), Tokens(renamed).size());
}

TEST(SortOutput, MarksEchoWhereOnlySomeNamesWereChanged) {
  // Between two renamed tokens stand raw runs of 12 to 19 tokens: too short to
  // be quoted, and no less the person's.
  const std::string renamed = Replaced(std::string(kPerson), "today", "now");
  const SortedOutput sorted = Sort(renamed, kPerson);
  EXPECT_EQ(Novel(sorted), 0u);
}

TEST(SortOutput, DoesNotEraseTheModelsCodeForCommonIdioms) {
  // The prompt holds loops and calls of the same shapes.
  const std::string prompt =
      "for item in things:\n    if item.get(a) == b:\n        yield item\n"
      "class Other:\n    def __init__(self, one, two):\n"
      "        self.one, self.two = one, two\n";
  const SortedOutput sorted = Sort(kModel, prompt);
  EXPECT_TRUE(sorted.quoted.empty());
  EXPECT_FALSE(sorted.echoed.empty());
  EXPECT_GT(sorted.fingerprints.size(), Novel(sorted));
  EXPECT_GT(Novel(sorted) * 10, sorted.fingerprints.size() * 8);
  // Nothing lost: as many fingerprints as without a prompt.
  EXPECT_EQ(sorted.fingerprints.size(), Sort(kModel, "").fingerprints.size());
}

TEST(SortOutput, EchoesFromTwentyNormalTokensOn) {
  // No shape comes twice in a row.
  const std::string operators = "+-*/%&|^<>=!~+*-/|%^";
  const auto text = [&](size_t tokens, std::string_view name) {
    std::string run;
    for (size_t i = 0; i < tokens; ++i) {
      run += i % 2 == 0 ? std::string(name) + std::to_string(i)
                        : std::string(1, operators[i / 2]);
      run += ' ';
    }
    return run;
  };
  ASSERT_EQ(Tokens(text(kEchoGram, "a")).size(), kEchoGram);
  const auto echoed = [&](size_t tokens) {
    return Covered(Sort("if 1 else " + text(tokens, "mine") + "while 2",
                        "return 'x' " + text(tokens, "yours") + " break")
                       .echoed);
  };
  EXPECT_EQ(echoed(kEchoGram), kEchoGram);
  EXPECT_EQ(echoed(kEchoGram - 1), 0u);
}

TEST(SortOutput, FingerprintsProseByShortGramsToo) {
  const std::string prose =
      "The tide table of the harbour is read every morning before the first "
      "ferry leaves, and whoever reads it writes the height of the water into "
      "the book beside the door, where the pilots look for it.";
  TokenStream tokens;
  Lex(prose, Language::kMarkdown, &tokens);
  const SortedOutput sorted = SortOutput(tokens, {}, PromptGrams());
  std::vector<uint64_t> hashes;
  std::vector<Fingerprint> shorts;
  SelectProse(tokens.normal(), &hashes, &shorts);
  ASSERT_GT(shorts.size(), 5u);
  SelectScratch scratch;
  std::vector<Fingerprint> longs;
  SelectMinimizers(tokens.normal(), &scratch, &longs);
  EXPECT_EQ(sorted.fingerprints.size(), shorts.size() + longs.size());
  EXPECT_TRUE(std::is_sorted(
      sorted.fingerprints.begin(), sorted.fingerprints.end(),
      [](const auto& a, const auto& b) { return a.token < b.token; }));
  for (const Fingerprint& one : shorts) {
    EXPECT_THAT(sorted.fingerprints,
                testing::Contains(OutputFingerprint{one.hash, one.token}));
  }
  // Code in fences has none, nor has code.
  Lex("```python\n" + std::string(kModel) + "\n```\n", Language::kMarkdown,
      &tokens);
  const size_t fenced =
      SortOutput(tokens, {}, PromptGrams()).fingerprints.size();
  SelectMinimizers(tokens.normal(), &scratch, &longs);
  EXPECT_EQ(fenced, longs.size());
  EXPECT_EQ(Sort(kModel, "").fingerprints.size(), longs.size());
}

TEST(SortOutput, EchoesTheWordsOfAPromptInOtherCase) {
  const std::string prose =
      "the tide table of the harbour is read every morning before the first "
      "ferry leaves and whoever reads it writes the height of the water down";
  std::string shouted = prose;
  for (char& c : shouted) c = static_cast<char>(std::toupper(c));
  TokenStream tokens;
  Lex(prose, Language::kMarkdown, &tokens);
  PromptGrams prompt;
  prompt.AddText(shouted, tokens.languages());
  const SortedOutput sorted = SortOutput(tokens, {}, prompt);
  EXPECT_EQ(Covered(sorted.echoed), tokens.size());
  EXPECT_EQ(Novel(sorted), 0u);
}

TEST(SortOutput, TakesKeptBytesAsQuoted) {
  const std::string output = std::string(kPerson) + std::string(kModel);
  const SortedOutput sorted = Sort(output, "", {{0, kPerson.size()}});
  ASSERT_EQ(sorted.quoted.size(), 1u);
  EXPECT_EQ(sorted.quoted[0],
            (TokenRange{0, static_cast<uint32_t>(Tokens(kPerson).size())}));
  for (const OutputFingerprint& f : sorted.fingerprints) {
    EXPECT_GE(f.token, sorted.quoted[0].end);
  }
  EXPECT_GT(sorted.fingerprints.size(), 10u);
}

TEST(SortOutput, TakesATokenAsKeptOnlyWhole) {
  const std::string output = "alpha = '''one\ntwo''' + beta\n";
  // The line that ends inside the string is kept, the string is not.
  EXPECT_EQ(Covered(Sort(output, "", {{0, 15}}).quoted), 2u);
  EXPECT_EQ(Covered(Sort(output, "", {{0, 3}, {15, output.size()}}).quoted),
            2u);
  EXPECT_EQ(Covered(Sort(output, "", {{0, 3}, {8, 15}}).quoted), 0u);
}

TEST(SortOutput, DoesNotQuoteAcrossTwoTextsOfThePrompt) {
  const std::string text(kPerson);
  const size_t middle = text.find("        if payment");
  PromptGrams grams;
  grams.AddText(std::string_view(text).substr(0, middle), Only(kPython));
  grams.AddText(std::string_view(text).substr(middle), Only(kPython));
  const SortedOutput sorted = SortOutput(Tokens(text), {}, grams);
  EXPECT_EQ(sorted.quoted.size(), 1u);
  // Adjacent quotations are one range.
  EXPECT_EQ(Covered(sorted.quoted), Tokens(text).size());
  const std::string moved =
      text.substr(middle) + "x = 1\n" + text.substr(0, middle);
  EXPECT_EQ(SortOutput(Tokens(moved), {}, grams).quoted.size(), 2u);
}

TEST(SortOutput, QuotesAFileThatThePromptHoldsInUnknownText) {
  // The prompt is lexed in the languages of the output.
  const TokenStream output = Tokens(
      "Unchanged:\n```python\n" + std::string(kPerson) + "```\n", kMarkdown);
  PromptGrams grams;
  grams.AddText("<file>\n" + std::string(kPerson) + "</file>",
                output.languages());
  const SortedOutput sorted = SortOutput(output, {}, grams);
  EXPECT_TRUE(sorted.fingerprints.empty());
}

TEST(SortOutput, HandlesEmptyAndTinyOutputs) {
  EXPECT_TRUE(Sort("", kPerson).fingerprints.empty());
  EXPECT_TRUE(Sort("x = 1", kPerson).fingerprints.empty());
}

// The definitions once more, naively, on random streams of tiny alphabets.
TEST(SortOutput, AgreesWithTheDefinitionsOnRandomText) {
  std::mt19937_64 random(11);
  const std::string_view words[] = {"a", "b", "if", "+", "'s'", "1"};
  const auto text = [&](size_t count, size_t alphabet) {
    std::string out;
    for (size_t i = 0; i < count; ++i) {
      out.append(words[random() % alphabet]).append(" ");
    }
    return out;
  };
  for (int round = 0; round < 300; ++round) {
    const size_t alphabet = 2 + random() % 5;
    const std::string shared = text(random() % 60, alphabet);
    const std::string prompt = text(random() % 40, alphabet) + shared;
    const std::string own =
        text(random() % 60, alphabet) + shared + text(random() % 60, alphabet);
    const TokenStream p = Tokens(prompt);
    const TokenStream o = Tokens(own);
    const auto stands = [&](std::span<const uint64_t> gram,
                            std::span<const uint64_t> in) {
      return std::search(in.begin(), in.end(), gram.begin(), gram.end()) !=
             in.end();
    };
    std::vector<bool> quoted(o.size());
    for (size_t i = 0; i + kQuoteGram <= o.size(); ++i) {
      if (!stands(o.raw().subspan(i, kQuoteGram), p.raw())) continue;
      for (size_t j = i; j < i + kQuoteGram; ++j) quoted[j] = true;
    }
    std::vector<bool> echoed(o.size());
    for (size_t i = 0; i + kEchoGram <= o.size(); ++i) {
      if (!stands(o.normal().subspan(i, kEchoGram), p.normal())) continue;
      for (size_t j = i; j < i + kEchoGram; ++j) echoed[j] = !quoted[j];
    }
    const SortedOutput sorted = Sort(own, prompt);
    std::vector<bool> echo_marked(o.size());
    for (const TokenRange& range : sorted.echoed) {
      for (size_t j = range.begin; j < range.end; ++j) echo_marked[j] = true;
    }
    ASSERT_EQ(echo_marked, echoed);
    std::vector<bool> marked(o.size());
    for (const TokenRange& range : sorted.quoted) {
      for (size_t j = range.begin; j < range.end; ++j) marked[j] = true;
    }
    ASSERT_EQ(marked, quoted);
    for (const OutputFingerprint& f : sorted.fingerprints) {
      bool all_echoed = true;
      for (size_t j = f.token; j < f.token + kGram; ++j) {
        ASSERT_FALSE(quoted[j]);
        all_echoed = all_echoed && echoed[j];
      }
      ASSERT_EQ(f.echo, all_echoed);
    }
  }
}

TEST(HashSet, HoldsWhatWasInsertedAndNothingElse) {
  HashSet set;
  EXPECT_FALSE(set.Contains(0));
  EXPECT_FALSE(set.Contains(1));
  std::mt19937_64 random(12);
  std::vector<uint64_t> values = {0, 1, ~uint64_t{0}};
  for (int i = 0; i < 5000; ++i) values.push_back(random());
  set.InsertAll(values);
  set.InsertAll(values);
  EXPECT_EQ(set.size(), values.size());
  for (const uint64_t value : values) EXPECT_TRUE(set.Contains(value));
  for (int i = 0; i < 5000; ++i) EXPECT_FALSE(set.Contains(random()));
}

}  // namespace
}  // namespace cofferdam::fingerprint
