#include "evidence/proposer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "evidence/background.h"
#include "evidence/background_builder.h"
#include "evidence/sample_testing.h"
#include "fingerprint/novelty.h"
#include "fingerprint/select.h"

namespace cofferdam::evidence {
namespace {

using fingerprint::Language;
using fingerprint::TokenRange;
using fingerprint::TokenStream;

constexpr ProposerLimits kExhaustive = {.candidate_tokens_min = 0};

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

// Proposals that own their seeds.
struct Proposed {
  uint32_t segment = 0;
  uint32_t output = 0;
  uint32_t rare_tokens = 0;
  std::vector<Seed> seeds;

  bool operator==(const Proposed&) const = default;
};

std::vector<Proposed> ProposeAll(const SampleIndex& index,
                                 std::string_view text, ProposerLimits limits,
                                 ProposerCounts* counts = nullptr,
                                 SegmentSpan pass = {}) {
  ProposerCounts own;
  Proposer proposer(index.index(), nullptr, limits, pass);
  const auto proposals = proposer.Propose(text, Language::kGeneral,
                                          counts == nullptr ? &own : counts);
  EXPECT_TRUE(proposals.ok());
  std::vector<Proposed> all;
  if (!proposals.ok()) return all;
  for (const Proposal& one : *proposals) {
    all.push_back({one.segment,
                   one.output,
                   one.rare_tokens,
                   {one.seeds.begin(), one.seeds.end()}});
  }
  return all;
}

TEST(Proposer, FindsProseOfWhichEveryFifthWordWasChanged) {
  std::mt19937_64 random(3);
  constexpr std::string_view kWords[] = {
      "tide",    "harbour", "ferry", "pilot", "water",  "book",   "door",
      "morning", "height",  "table", "reads", "writes", "leaves", "before",
      "after",   "beside",  "under", "every", "first",  "last"};
  std::vector<std::string> words;
  for (int i = 0; i < 120; ++i)
    words.emplace_back(kWords[random() % std::size(kWords)]);
  const auto text = [](const std::vector<std::string>& some) {
    std::string joined;
    for (const std::string& word : some) joined += word + " ";
    return joined;
  };
  SampleIndex index({{.text = text(words), .path = "notes.md"}});
  std::vector<std::string> changed = words;
  for (size_t i = 2; i < changed.size(); i += 6) changed[i] = "sun";
  Proposer proposer(index.index(), nullptr, {});
  ProposerCounts counts;
  auto found = proposer.Propose(text(changed), Language::kMarkdown, &counts);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->size(), 1u);
  // As code, whose shortest gram is twelve tokens, it is not found.
  found = proposer.Propose(text(changed), Language::kGeneral, &counts);
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(found->empty());
}

TEST(Proposer, AsksForTenWordsOfShortSeeds) {
  // All of ten words in a row: as many of the short grams as chance chooses.
  const std::string prose =
      "the tide table of the harbour is read every morning before the first "
      "ferry leaves and whoever reads it writes the height of the water down "
      "beside the door where pilots look for it when fog has come in again";
  SampleIndex index({{.text = prose, .path = "notes.md"}});
  TokenStream tokens;
  Lex(prose, Language::kMarkdown, &tokens);
  std::vector<uint64_t> hashes;
  std::vector<fingerprint::Fingerprint> shorts;
  SelectProse(tokens.normal(), &hashes, &shorts);
  const auto proposes = [&](size_t begin, size_t words, size_t words_min) {
    const std::string part =
        prose.substr(tokens.begin()[begin],
                     tokens.end()[begin + words - 1] - tokens.begin()[begin]);
    ProposerCounts counts;
    Proposer proposer(index.index(), nullptr,
                      {.candidate_words_min = words_min});
    auto found = proposer.Propose(part, Language::kMarkdown, &counts);
    EXPECT_TRUE(found.ok());
    return found.ok() && !found->empty();
  };
  // Two seeds that begin `step` words apart cover 5 + step.
  for (size_t i = 1; i < shorts.size(); ++i) {
    const uint32_t step = shorts[i].token - shorts[i - 1].token;
    if (step > fingerprint::kProseGram) continue;
    const size_t covered = step + fingerprint::kProseGram;
    EXPECT_TRUE(proposes(shorts[i - 1].token, covered, covered));
    EXPECT_FALSE(proposes(shorts[i - 1].token, covered, covered + 1));
  }
}

bool HoldsASeed(const std::vector<Proposed>& proposals, uint32_t output,
                uint32_t document_token, uint32_t output_token,
                uint32_t length) {
  for (const Proposed& one : proposals) {
    if (one.output != output) continue;
    for (const Seed& seed : one.seeds) {
      if (seed.document >= document_token &&
          seed.document + fingerprint::kGram <= document_token + length &&
          seed.document - document_token == seed.output - output_token) {
        return true;
      }
    }
  }
  return false;
}

// Invariant 5, against an engine that compares all pairs of places.
TEST(Proposer, HasASeedInEverySharedRunThatTheNaiveEngineFinds) {
  size_t checked = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<SampleOutput> outputs(3);
    std::string text;
    for (SampleOutput& output : outputs) {
      const std::string own = RandomTokens(&random, 40 + random() % 80);
      const std::string shown = RandomTokens(&random, 20 + random() % 20);
      output.text = own + shown + RandomTokens(&random, random() % 60);
      output.prompt = random() % 2 == 0 ? shown : "";
      for (int piece = 0; piece < 3; ++piece) {
        const size_t from = random() % output.text.size();
        text += output.text.substr(from, 20 + random() % 200) + " ";
        text += RandomTokens(&random, random() % 25);
      }
    }
    const SampleIndex index(outputs);
    const auto proposals = ProposeAll(index, text, kExhaustive);
    const TokenStream document = LexSample(text, Language::kGeneral);
    for (uint32_t i = 0; i < outputs.size(); ++i) {
      const TokenStream output = LexSample(
          outputs[i].text, fingerprint::LanguageOfPath(outputs[i].path));
      fingerprint::PromptGrams prompt;
      prompt.AddText(outputs[i].prompt, output.languages());
      std::vector<bool> open(output.size(), true);
      for (const TokenRange& range : SortOutput(output, {}, prompt).quoted) {
        std::fill(open.begin() + range.begin, open.begin() + range.end, false);
      }
      const auto equal = [&](size_t d, size_t o) {
        return d < document.size() && o < output.size() && open[o] &&
               document.normal()[d] == output.normal()[o];
      };
      for (uint32_t d = 0; d < document.size(); ++d) {
        for (uint32_t o = 0; o < output.size(); ++o) {
          if (!equal(d, o) || (d > 0 && o > 0 && equal(d - 1, o - 1))) continue;
          uint32_t length = 1;
          while (equal(d + length, o + length)) ++length;
          if (length < fingerprint::kGuarantee) continue;
          EXPECT_TRUE(HoldsASeed(proposals, i, d, o, length))
              << "seed " << seed << " output " << i << " at " << d;
          ++checked;
        }
      }
    }
  }
  EXPECT_GT(checked, 200u);
}

std::string Tokens(uint64_t seed, size_t count) {
  std::mt19937_64 random(seed);
  return RandomTokens(&random, count);
}

TEST(Proposer, ProposesACopyAmongOtherText) {
  const SampleIndex index({{.text = Tokens(1, 200)}, {.text = Tokens(2, 200)}});
  const std::string text = Tokens(3, 300) + Tokens(2, 60) + Tokens(4, 300);
  ProposerCounts counts;
  const auto proposals = ProposeAll(index, text, {}, &counts);
  ASSERT_EQ(proposals.size(), 1u);
  EXPECT_EQ(proposals[0].output, 1u);
  EXPECT_GE(proposals[0].rare_tokens, 50u);
  EXPECT_LE(proposals[0].rare_tokens, 64u);
  for (const Seed& seed : proposals[0].seeds) {
    EXPECT_EQ(seed.document, seed.output + 300);
  }
  EXPECT_EQ(counts.bytes, text.size());
  EXPECT_EQ(counts.tokens, 660u);
  EXPECT_EQ(counts.proposals, 1u);
}

TEST(Proposer, ProposesNothingForTextOfItsOwn) {
  const SampleIndex index({{.text = Tokens(1, 200)}, {.text = Tokens(2, 200)}});
  EXPECT_TRUE(ProposeAll(index, Tokens(3, 2000), {}).empty());
  EXPECT_TRUE(ProposeAll(index, "", {}).empty());
}

TEST(Proposer, AsksForAsManyTokensAsTheLimitSays) {
  const SampleIndex index({{.text = Tokens(1, 200)}});
  const std::string text = Tokens(3, 200) + Tokens(1, 30) + Tokens(4, 200);
  const auto all = ProposeAll(index, text, kExhaustive);
  ASSERT_EQ(all.size(), 1u);
  const size_t covered = all[0].rare_tokens;
  EXPECT_GT(covered, fingerprint::kGram);
  EXPECT_EQ(ProposeAll(index, text, {.candidate_tokens_min = covered}).size(),
            1u);
  EXPECT_TRUE(
      ProposeAll(index, text, {.candidate_tokens_min = covered + 1}).empty());
}

// Seeds that stand together in the document but nowhere near each other in the
// output are chance.
TEST(Proposer, AddsUpOnlyWhatIsNearInBothTexts) {
  const std::string first = Tokens(11, 17);
  const std::string second = Tokens(12, 17);
  const std::string between = Tokens(13, 400);
  const SampleIndex index({{.text = first + between + second}});
  const std::string text = Tokens(14, 100) + first + second + Tokens(15, 100);
  ASSERT_EQ(ProposeAll(index, text, kExhaustive).size(), 1u);
  EXPECT_TRUE(ProposeAll(index, text, {}).empty());
  const SampleIndex near({{.text = first + Tokens(13, 10) + second}});
  EXPECT_EQ(ProposeAll(near, text, {}).size(), 1u);
}

// What three projects wrote.
std::string BackgroundOf(std::string_view text) {
  BackgroundBuilder builder(kHumanBeforeMicros - 1);
  for (size_t i = 0; i < kCommonProjectsMin; ++i) {
    EXPECT_TRUE(builder.BeginProject().ok());
    EXPECT_TRUE(builder
                    .AddDocument("a.unknown", Tokens(900 + i, 50) +
                                                  std::string(text) +
                                                  Tokens(950 + i, 50))
                    .ok());
  }
  auto bytes = std::move(builder).Finish("{}");
  EXPECT_TRUE(bytes.ok());
  return bytes.ok() ? *std::move(bytes) : "";
}

TEST(Proposer, ProposesNothingThatIsCommonAmongPeopleButCanSeeIt) {
  const std::string idiom = Tokens(21, 60);
  const std::string bytes = BackgroundOf(idiom);
  const std::string_view layers[] = {bytes};
  const auto background = Background::OverBytes(layers);
  ASSERT_TRUE(background.ok());
  const SampleIndex index({{.text = Tokens(1, 100) + idiom + Tokens(2, 100)}});
  const std::string text = Tokens(3, 100) + idiom + Tokens(4, 100);
  ProposerCounts counts;
  Proposer some(index.index(), &*background, {});
  EXPECT_TRUE(some.Propose(text, Language::kGeneral, &counts)->empty());
  EXPECT_GT(counts.common, 10u);
  Proposer none(index.index(), nullptr, {});
  EXPECT_EQ(none.Propose(text, Language::kGeneral, &counts)->size(), 1u);
  Proposer all(index.index(), &*background, kExhaustive);
  const auto proposals = all.Propose(text, Language::kGeneral, &counts);
  ASSERT_EQ(proposals->size(), 1u);
  // Winnowing may keep a gram that reaches over the idiom's edge.
  EXPECT_LT((*proposals)[0].rare_tokens, 20u);
  EXPECT_GT((*proposals)[0].seeds.size(), 10u);
}

TEST(Proposer, ProposesHalfOfASmallOutput) {
  const SampleIndex index({{.text = Tokens(5, 18)}});
  const std::string text = Tokens(3, 100) + Tokens(5, 18) + Tokens(4, 100);
  EXPECT_EQ(ProposeAll(index, text, {.candidate_tokens_min = 40}).size(), 1u);
}

// What a model says again and again has more postings than are looked at first.
TEST(Proposer, NamesEveryOutputThatSaysTheSame) {
  std::vector<SampleOutput> outputs(40);
  for (size_t i = 0; i < outputs.size(); ++i) {
    outputs[i].text = Tokens(100 + i, 50) + Tokens(7, 80) + Tokens(200 + i, 50);
  }
  const SampleIndex index(outputs);
  const std::string text = Tokens(3, 100) + Tokens(7, 80) + Tokens(4, 100);
  EXPECT_EQ(ProposeAll(index, text, {}).size(), 40u);
  ProposerCounts counts;
  const auto some = ProposeAll(index, text, {.outputs_max = 39}, &counts);
  EXPECT_EQ(some.size(), 39u);
  EXPECT_EQ(counts.outputs_dropped, 1u);
  EXPECT_TRUE(std::is_sorted(some.begin(), some.end(),
                             [](const Proposed& a, const Proposed& b) {
                               return a.output < b.output;
                             }));
}

TEST(Proposer, LooksAtEachFingerprintAtMostSoOften) {
  const SampleIndex index({{.text = Tokens(6, 60)}});
  std::string text;
  for (int i = 0; i < 10; ++i) text += Tokens(6, 60) + Tokens(300 + i, 20);
  ProposerCounts all;
  ProposeAll(index, text, {.repeats_max = 10}, &all);
  EXPECT_EQ(all.seeds_dropped, 0u);
  ProposerCounts fewer;
  ProposeAll(index, text, {.repeats_max = 9}, &fewer);
  EXPECT_GT(fewer.seeds_dropped, 0u);
}

TEST(Proposer, KeepsAtMostSoManySeeds) {
  const SampleIndex index({{.text = Tokens(6, 60)}});
  ProposerCounts counts;
  const auto all = ProposeAll(index, Tokens(6, 60), kExhaustive);
  const size_t seeds = all[0].seeds.size();
  ProposerLimits limits = kExhaustive;
  limits.seeds_max = seeds;
  ProposeAll(index, Tokens(6, 60), limits, &counts);
  EXPECT_EQ(counts.seeds_dropped, 0u);
  limits.seeds_max = seeds - 1;
  ProposeAll(index, Tokens(6, 60), limits, &counts);
  EXPECT_EQ(counts.seeds_dropped, 1u);
}

TEST(PlanPasses, GivesOnePassOverAnEmptyIndexOrOneThatFits) {
  const SampleIndex empty({});
  EXPECT_EQ(PlanPasses(empty.index(), 1).size(), 1u);
  const SampleIndex index({{.text = Tokens(1, 200)}});
  EXPECT_EQ(PlanPasses(index.index(), 1 << 20),
            (std::vector<SegmentSpan>{{.begin = 0, .end = 1}}));
  // A segment is not parted.
  EXPECT_EQ(PlanPasses(index.index(), 1),
            (std::vector<SegmentSpan>{{.begin = 0, .end = 1}}));
}

}  // namespace
}  // namespace cofferdam::evidence
