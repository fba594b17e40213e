#include "evidence/matcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <utility>

#include "evidence/align_internal.h"
#include "evidence/sample_testing.h"
#include "fingerprint/novelty.h"
#include "fingerprint/select.h"

namespace cofferdam::evidence {
namespace {

using fingerprint::Language;
using fingerprint::TokenRange;
using fingerprint::TokenStream;

// `count` tokens of a small language, so that chance repeats some of them.
std::string RandomTokens(std::mt19937_64* random, size_t count) {
  constexpr std::string_view kTokens[] = {
      "a",     "7", "+", "-", "*", "/", "if", "return", "while",
      "class", "=", ">", "&", "|", "%", "!",  "for",    "break"};
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    text += kTokens[(*random)() % std::size(kTokens)];
    text += i % 9 == 8 ? '\n' : ' ';
  }
  return text;
}

// Every maximal run of equal tokens, outside of what is quoted, by looking at
// all pairs of places.
std::vector<SharedRun> NaiveRuns(const TokenStream& document,
                                 const TokenStream& output,
                                 const std::vector<TokenRange>& quoted) {
  std::vector<bool> open(output.size(), true);
  for (const TokenRange& range : quoted)
    std::fill(open.begin() + range.begin, open.begin() + range.end, false);
  auto equal = [&](size_t d, size_t o) {
    return d < document.size() && o < output.size() && open[o] &&
           document.normal()[d] == output.normal()[o];
  };
  std::vector<SharedRun> runs;
  for (uint32_t d = 0; d < document.size(); ++d) {
    for (uint32_t o = 0; o < output.size(); ++o) {
      if (!equal(d, o) || (d > 0 && o > 0 && equal(d - 1, o - 1))) continue;
      uint32_t length = 1;
      while (equal(d + length, o + length)) ++length;
      if (length >= fingerprint::kGuarantee) runs.push_back({d, o, length});
    }
  }
  return runs;
}

std::vector<Match> FindAll(const SampleIndex& index,
                           const TokenStream& document,
                           MatchLimits limits = {.candidate_tokens_min = 0},
                           MatchCounts* counts = nullptr) {
  MatchCounts own;
  Matcher matcher(index.index(), nullptr, limits);
  auto matches = matcher.Find(document, Language::kGeneral,
                              counts == nullptr ? &own : counts);
  EXPECT_TRUE(matches.ok());
  return matches.ok() ? *std::move(matches) : std::vector<Match>();
}

TEST(Matcher, FindsEveryUnquotedSharedRunThatTheNaiveEngineFinds) {
  size_t checked = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<SampleOutput> outputs(3);
    std::string document;
    for (SampleOutput& output : outputs) {
      std::string own = RandomTokens(&random, 40 + random() % 80);
      std::string shown = RandomTokens(&random, 20 + random() % 20);
      output.text = own + shown + RandomTokens(&random, random() % 60);
      output.prompt = random() % 2 == 0 ? shown : "";
      // Pieces of it, cut anywhere.
      for (int piece = 0; piece < 3; ++piece) {
        size_t from = random() % output.text.size();
        document += output.text.substr(from, 20 + random() % 200) + " ";
        document += RandomTokens(&random, random() % 25);
      }
    }
    SampleIndex index(outputs);
    TokenStream tokens = LexSample(document, Language::kGeneral);
    std::vector<Match> matches = FindAll(index, tokens);
    for (uint32_t i = 0; i < outputs.size(); ++i) {
      TokenStream output = LexSample(
          outputs[i].text, fingerprint::LanguageOfPath(outputs[i].path));
      fingerprint::PromptGrams prompt;
      prompt.AddText(outputs[i].prompt, output.languages());
      std::vector<bool> found(tokens.size());
      for (const Match& match : matches) {
        if (match.output != i) continue;
        for (const SharedRun& run : match.runs)
          std::fill_n(found.begin() + run.document, run.length, true);
      }
      for (const SharedRun& run :
           NaiveRuns(tokens, output, SortOutput(output, {}, prompt).quoted)) {
        auto begin = found.begin() + run.document;
        auto covered = std::count(begin, begin + run.length, true);
        // Where runs overlap in the output, each token is told once.
        EXPECT_GE(2 * covered, run.length)
            << "seed " << seed << " output " << i << " at " << run.document;
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 300u);
}

TEST(Matcher, MatchesOnlyEqualUnquotedTokensInRisingRuns) {
  for (uint64_t seed = 100; seed < 130; ++seed) {
    std::mt19937_64 random(seed);
    SampleOutput output;
    std::string shown = RandomTokens(&random, 40);
    output.text =
        RandomTokens(&random, 150) + shown + RandomTokens(&random, 150);
    output.prompt = shown;
    std::string document = output.text;
    for (int edit = 0; edit < 12; ++edit) {
      size_t at = random() % document.size();
      document = document.substr(0, at) + " " +
                 RandomTokens(&random, random() % 6) +
                 document.substr(std::min(document.size(), at + random() % 20));
    }
    SampleIndex index({output});
    TokenStream tokens = LexSample(document, Language::kGeneral);
    std::vector<Match> matches = FindAll(index, tokens);
    EXPECT_FALSE(matches.empty());
    for (const Match& match : matches) {
      uint32_t document_end = 0;
      uint32_t output_end = 0;
      for (const SharedRun& run : match.runs) {
        EXPECT_GE(run.document, document_end);
        EXPECT_GE(run.output, output_end);
        EXPECT_GT(run.length, 0u);
        document_end = run.document + run.length;
        output_end = run.output + run.length;
        ASSERT_LE(document_end, tokens.size());
        ASSERT_LE(output_end, match.stream->size());
        for (uint32_t i = 0; i < run.length; ++i) {
          EXPECT_EQ(
              fingerprint::EvidenceByte(tokens.normal()[run.document + i]),
              match.stream->normal[run.output + i]);
          TokenRange stretch = StretchAround(*match.stream, run.output + i);
          EXPECT_LT(stretch.begin, stretch.end);
        }
      }
    }
  }
}

constexpr std::string_view kText =
    "def settle(ledger, day):\n"
    "    total = 0\n"
    "    for entry in ledger.entries:\n"
    "        if entry.day != day or entry.closed:\n"
    "            continue\n"
    "        total += entry.amount * entry.rate\n"
    "        entry.closed = True\n"
    "    while total > ledger.limit:\n"
    "        total -= ledger.fee\n"
    "    return round(total, 2)\n";

TEST(Matcher, FindsAWholeCopyAsOneRun) {
  SampleOutput output;
  output.text = kText;
  output.path = "a.py";
  SampleIndex index({output});
  TokenStream tokens =
      LexSample("import os\n" + std::string(kText), Language::kPython);
  std::vector<Match> matches = FindAll(index, tokens);
  ASSERT_EQ(matches.size(), 1u);
  ASSERT_EQ(matches[0].runs.size(), 1u);
  EXPECT_EQ(matches[0].tokens(), matches[0].stream->size());
  EXPECT_EQ(matches[0].document_end(), tokens.size());
}

// Tells how many outputs and tokens it was asked for.
class CountingModel : public TokenModel {
 public:
  void BitsOfRepetition(std::span<const uint8_t> normal,
                        std::vector<uint8_t>* eighths) const override {
    ++asked;
    eighths->assign(normal.size(), 255);
  }
  void LowerBits(Language language, std::span<const uint8_t> normal,
                 size_t begin, size_t end,
                 std::span<uint8_t> eighths) const override {
    EXPECT_LE(end, normal.size());
    tokens += end - begin;
    std::fill(eighths.begin() + static_cast<ptrdiff_t>(begin),
              eighths.begin() + static_cast<ptrdiff_t>(end),
              static_cast<uint8_t>(language));
  }
  mutable int asked = 0;
  mutable size_t tokens = 0;
};

TEST(Matcher, AlignsOnlyWhatIsProposed) {
  std::vector<SampleOutput> outputs(2);
  for (SampleOutput& output : outputs) {
    output.text = kText;
    output.path = "a.py";
  }
  SampleIndex index(outputs);
  TokenStream tokens = LexSample(kText, Language::kPython);
  Matcher matcher(index.index(), nullptr, {});
  MatchCounts counts;
  std::vector<Seed> seeds = {{4, 4}, {0, 0}};
  std::vector<Proposal> proposals = {{.output = 1, .seeds = seeds}};
  auto matches = matcher.Align(tokens, Language::kPython, proposals, &counts);
  ASSERT_TRUE(matches.ok());
  ASSERT_EQ(matches->size(), 1u);
  EXPECT_EQ((*matches)[0].output, 1u);
  EXPECT_EQ((*matches)[0].tokens(), tokens.size());
  EXPECT_EQ((*matches)[0].token_eighths, nullptr);
  EXPECT_TRUE(matcher.Align(tokens, Language::kPython, {}, &counts)->empty());
}

TEST(Matcher, PassesOverAtAGlanceWhatHasNamesThatDoNotFit) {
  SampleOutput output;
  output.text = kText;
  output.path = "a.py";
  SampleIndex index({output});
  // The same shape, with a name of its own at every place.
  TokenStream whole = LexSample(kText, Language::kPython);
  std::string text;
  uint32_t line = 1;
  for (size_t i = 0; i < whole.size(); ++i) {
    if (whole.line()[i] != line) text += '\n';
    line = whole.line()[i];
    text += whole.kind()[i] == fingerprint::TokenKind::kIdentifier
                ? "n" + std::to_string(i)
                : std::string(kText.substr(whole.begin()[i],
                                           whole.end()[i] - whole.begin()[i]));
    text += ' ';
  }
  TokenStream tokens = LexSample(text, Language::kPython);
  ASSERT_EQ(tokens.size(), whole.size());
  EXPECT_EQ(
      FindAll(index, tokens, {.glance_min = 0, .filled_glance_min = 0}).size(),
      1u);
  EXPECT_EQ(FindAll(index, tokens, MatchLimits()).size(), 0u);
  EXPECT_EQ(FindAll(index, whole, MatchLimits()).size(), 1u);
}

// Two names that an evidence stream cannot tell apart.
std::pair<std::string, std::string> NamesOfOneHash() {
  std::map<uint64_t, std::string> by_hash;
  for (int i = 0;; ++i) {
    std::string name = "name" + std::to_string(i);
    const uint64_t hash = LexSample(name, Language::kGeneral).raw()[0] >> 56;
    auto [place, fresh] = by_hash.emplace(hash, name);
    if (!fresh) return {place->second, name};
  }
}

TEST(Matcher, SeesACopyWhoseNamesShareAHash) {
  const auto [one, other] = NamesOfOneHash();
  std::string text;
  for (int i = 0; i < 8; ++i)
    text += one + " + " + other + (i % 3 == 0 ? " * 7;\n" : " - 3;\n");
  SampleOutput output;
  output.text = text;
  const SampleIndex index({output});
  EXPECT_EQ(FindAll(index, LexSample(text, Language::kGeneral), {}).size(), 1u);
  // Under other names they contradict each other.
  std::string renamed = text;
  for (const std::string& name : {one, other}) {
    for (size_t at; (at = renamed.find(name + " ")) != std::string::npos;)
      renamed.replace(at, name.size(), name == one ? "a" : "b");
  }
  EXPECT_TRUE(
      FindAll(index, LexSample(renamed, Language::kGeneral), {}).empty());
}

TEST(Matcher, AsksTheModelOnceForEachOutputAndLanguage) {
  SampleOutput output;
  output.text = kText;
  output.path = "a.py";
  SampleIndex index({output});
  TokenStream tokens = LexSample(kText, Language::kPython);
  CountingModel model;
  Matcher matcher(index.index(), &model, {});
  MatchCounts counts;
  for (Language language :
       {Language::kPython, Language::kPython, Language::kGo}) {
    auto matches = matcher.Find(tokens, language, &counts);
    ASSERT_TRUE(matches.ok());
    ASSERT_EQ(matches->size(), 1u);
    EXPECT_EQ(
        *(*matches)[0].token_eighths,
        std::vector<uint8_t>(tokens.size(), static_cast<uint8_t>(language)));
  }
  EXPECT_EQ(model.asked, 2);
}

TEST(Matcher, AsksTheModelForWhatIsMatchedOnly) {
  SampleOutput output;
  for (int i = 0; i < 40; ++i) {
    output.text += "x" + std::to_string(i) + " = [" + std::string(i, '(') +
                   "1" + std::string(i, ')') + "]\n";
  }
  output.text += kText;
  output.path = "a.py";
  SampleIndex index({output});
  TokenStream tokens = LexSample(kText, Language::kPython);
  CountingModel model;
  Matcher matcher(index.index(), &model, {});
  MatchCounts counts;
  size_t asked_tokens = 0;
  for (int turn = 0; turn < 2; ++turn) {
    auto matches = matcher.Find(tokens, Language::kPython, &counts);
    ASSERT_TRUE(matches.ok());
    ASSERT_EQ(matches->size(), 1u);
    const Match& match = (*matches)[0];
    ASSERT_GT(match.stream->size(), 8 * tokens.size());
    for (uint32_t i = match.output_begin(); i < match.output_end(); ++i) {
      ASSERT_EQ((*match.token_eighths)[i],
                static_cast<uint8_t>(Language::kPython));
    }
    EXPECT_LT(model.tokens, 3 * tokens.size() + 200);
    // What was weighed once is known.
    if (turn == 1) EXPECT_EQ(model.tokens, asked_tokens);
    asked_tokens = model.tokens;
  }
}

TEST(Matcher, ChainsWhatAnEditHasCutApart) {
  SampleOutput output;
  output.text = kText;
  output.path = "a.py";
  SampleIndex index({output});
  std::string edited(kText);
  edited.replace(edited.find("            continue\n"), 21,
                 "            print(entry, file=stderr)\n            pass\n");
  TokenStream tokens = LexSample(edited, Language::kPython);
  std::vector<Match> matches = FindAll(index, tokens);
  ASSERT_EQ(matches.size(), 1u);
  EXPECT_GE(matches[0].runs.size(), 2u);
  EXPECT_EQ(matches[0].tokens(), matches[0].stream->size() - 1);
}

TEST(Matcher, LooksAtOutputsThatShareTooLittleOnlyIfAsked) {
  std::mt19937_64 random(7);
  SampleOutput output;
  output.text = RandomTokens(&random, 300);
  SampleIndex index({output});
  // One shared run of the guaranteed length.
  TokenStream whole = LexSample(output.text, Language::kGeneral);
  size_t from = whole.begin()[100];
  size_t to = whole.end()[100 + fingerprint::kGuarantee - 1];
  std::string document =
      "{ } [ ] " + output.text.substr(from, to - from) + " { } [ ]";
  TokenStream tokens = LexSample(document, Language::kGeneral);
  EXPECT_EQ(FindAll(index, tokens).size(), 1u);
  EXPECT_EQ(FindAll(index, tokens, MatchLimits()).size(), 0u);
}

TEST(Matcher, CountsWhatItsLimitsDrop) {
  std::mt19937_64 random(3);
  std::vector<SampleOutput> outputs(3);
  for (SampleOutput& output : outputs) output.text = RandomTokens(&random, 200);
  SampleIndex index(outputs);
  std::string document;
  for (const SampleOutput& output : outputs) document += output.text;
  TokenStream tokens = LexSample(document, Language::kGeneral);
  MatchCounts counts;
  EXPECT_EQ(FindAll(index, tokens, {.outputs_max = 3}, &counts).size(), 3u);
  EXPECT_EQ(counts.dropped(), 0u);
  counts = {};
  EXPECT_EQ(FindAll(index, tokens, {.outputs_max = 2}, &counts).size(), 2u);
  EXPECT_EQ(counts.outputs_dropped, 1u);
  counts = {};
  FindAll(index, tokens, {.compared_tokens_max = 1}, &counts);
  EXPECT_GT(counts.seeds_dropped, 0u);
  EXPECT_EQ(counts.runs, 1u);
}

TEST(Matcher, LooksAtRepeatedFingerprintsUpToTheLimit) {
  std::mt19937_64 random(5);
  SampleOutput output;
  output.text = RandomTokens(&random, 40);
  SampleIndex index({output});
  std::string document;
  for (int i = 0; i < 4; ++i)
    document += output.text + RandomTokens(&random, 50);
  TokenStream tokens = LexSample(document, Language::kGeneral);
  MatchCounts counts;
  EXPECT_EQ(FindAll(index, tokens,
                    {.repeats_max = 4, .candidate_tokens_min = 0}, &counts)
                .size(),
            4u);
  EXPECT_EQ(counts.seeds_dropped, 0u);
  EXPECT_EQ(FindAll(index, tokens,
                    {.repeats_max = 3, .candidate_tokens_min = 0}, &counts)
                .size(),
            3u);
  EXPECT_GT(counts.seeds_dropped, 0u);
}

TEST(Matcher, IsNotSlowedDownByTablesOnBothSides) {
  SampleOutput output;
  output.text = "int table[] = {";
  for (int i = 0; i < 20000; ++i) output.text += "0, ";
  output.text += "};";
  SampleIndex index({output});
  std::string document = "long other[] = {";
  for (int i = 0; i < 200000; ++i) document += "1, ";
  TokenStream tokens = LexSample(document + "};", Language::kC);
  MatchCounts counts;
  EXPECT_FALSE(FindAll(index, tokens, MatchLimits(), &counts).empty());
  EXPECT_GT(counts.seeds_dropped, 0u);
}

TEST(Matcher, GivesTheSameForAnyOrderOfDocuments) {
  std::mt19937_64 random(11);
  std::vector<SampleOutput> outputs(2);
  for (SampleOutput& output : outputs) output.text = RandomTokens(&random, 200);
  SampleIndex index(outputs);
  Matcher matcher(index.index(), nullptr, {.cache_tokens_max = 200});
  MatchCounts counts;
  TokenStream a = LexSample(outputs[0].text, Language::kC);
  TokenStream b = LexSample(outputs[1].text + outputs[0].text, Language::kC);
  auto places = [&](const TokenStream& document) {
    std::vector<std::vector<SharedRun>> runs;
    auto matches = matcher.Find(document, Language::kC, &counts);
    for (const Match& match : *matches) runs.push_back(match.runs);
    return runs;
  };
  auto first = places(a);
  auto second = places(b);
  EXPECT_EQ(places(a), first);
  EXPECT_EQ(places(b), second);
  EXPECT_EQ(first.size(), 1u);
  EXPECT_EQ(second.size(), 2u);
}

TEST(Matcher, GivesAnInsertedLineToNobody) {
  SampleOutput output;
  output.text = kText;
  output.path = "a.py";
  SampleIndex index({output});
  // The line begins as the one after it does, but for the names.
  std::string edited(kText);
  std::string_view after = "        entry.closed = True\n";
  edited.insert(edited.find(after), "        person.wrote = entry or None\n");
  TokenStream tokens = LexSample(edited, Language::kPython);
  std::vector<Match> matches = FindAll(index, tokens);
  ASSERT_EQ(matches.size(), 1u);
  EXPECT_EQ(matches[0].tokens(), matches[0].stream->size());
  for (const SharedRun& run : matches[0].runs) {
    for (uint32_t i = run.document; i < run.document + run.length; ++i)
      EXPECT_NE(tokens.line()[i], 7u);
  }
}

TEST(GapCost, IsThePriceOfASubstitutionOrOfTwoGaps) {
  EXPECT_DOUBLE_EQ(GapCost(0, 0), 0);
  EXPECT_DOUBLE_EQ(GapCost(10, 0), 6);
  EXPECT_DOUBLE_EQ(GapCost(1, 1), 4);
  EXPECT_DOUBLE_EQ(GapCost(20, 10), 13);
}

TEST(StretchAround, EndsAtQuotedTokens) {
  fingerprint::EvidenceStream stream;
  stream.normal.resize(30);
  stream.quoted = {{0, 5}, {10, 20}};
  auto stretch = [&](uint32_t token) { return StretchAround(stream, token); };
  EXPECT_EQ(stretch(5), (TokenRange{5, 10}));
  EXPECT_EQ(stretch(9), (TokenRange{5, 10}));
  EXPECT_EQ(stretch(20), (TokenRange{20, 30}));
  for (uint32_t quoted : {0u, 4u, 10u, 19u})
    EXPECT_EQ(stretch(quoted).begin, stretch(quoted).end) << quoted;
}

// A README without its examples follows the one with them.
TEST(Chain, OfProseTheOutputMayHaveMuchBetween) {
  fingerprint::EvidenceStream stream;
  stream.normal.assign(700, 9);
  const std::vector<uint8_t> normal(40, 9);
  const std::vector<uint64_t> raw(40, 1);
  const DocumentTokens document = {.normal = normal, .raw = raw, .line = {}};
  const std::vector<SharedRun> runs = {{0, 0, 10}, {12, 210, 10}, {24, 600, 9}};
  const auto chains = [&](Language language) {
    return Chain(runs, document, stream, CostsOf(language)).size();
  };
  EXPECT_EQ(chains(Language::kMarkdown), 2u);
  EXPECT_EQ(chains(Language::kPython), 3u);
  // So much is not searched for what is equal.
  std::vector<SharedRun> chain = {runs[0], runs[1]};
  GapAlignment alignment;
  FillGaps(document, stream, CostsOf(Language::kMarkdown), &chain, &alignment);
  EXPECT_EQ(chain.size(), 2u);
}

TEST(FillGaps, FindsShortRunsBetweenLongOnes) {
  fingerprint::EvidenceStream stream;
  stream.normal = {9, 9, 9, 3, 4, 5, 6, 7, 8, 9, 9, 9};
  std::vector<uint8_t> document = {9, 9, 9, 20, 4, 5, 6, 7, 21, 22, 9, 9, 9};
  std::vector<SharedRun> chain = {{0, 0, 3}, {10, 9, 3}};
  GapAlignment alignment;
  FillGaps({.normal = document, .raw = {}, .line = {}}, stream, {}, &chain,
           &alignment);
  EXPECT_THAT(chain,
              testing::ElementsAre(SharedRun{0, 0, 3}, SharedRun{4, 4, 4},
                                   SharedRun{10, 9, 3}));
  // Three in a row are too few, and quoted tokens are nobody's.
  document[7] = 23;
  chain = {{0, 0, 3}, {10, 9, 3}};
  FillGaps({.normal = document, .raw = {}, .line = {}}, stream, {}, &chain,
           &alignment);
  EXPECT_EQ(chain.size(), 2u);
  document[7] = 7;
  stream.quoted = {{7, 8}};
  FillGaps({.normal = document, .raw = {}, .line = {}}, stream, {}, &chain,
           &alignment);
  EXPECT_EQ(chain.size(), 2u);
  // Of words two are enough.
  stream.quoted = {};
  document[6] = 23;
  FillGaps({.normal = document, .raw = {}, .line = {}}, stream,
           CostsOf(Language::kMarkdown), &chain, &alignment);
  EXPECT_THAT(chain,
              testing::ElementsAre(SharedRun{0, 0, 3}, SharedRun{4, 4, 2},
                                   SharedRun{10, 9, 3}));
}

}  // namespace
}  // namespace cofferdam::evidence
