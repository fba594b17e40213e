#include "evidence/context_matcher.h"

#include <gtest/gtest.h>

#include <string>

#include "evidence/sample_testing.h"
#include "fingerprint/evidence_stream.h"

namespace cofferdam::evidence {
namespace {

using fingerprint::Language;

constexpr std::string_view kRepository = "git.example.com/harbour";
constexpr int64_t kHour = 3'600'000'000;

constexpr std::string_view kOutput =
    "def settle(book, day):\n"
    "    total = 0\n"
    "    for entry in book.entries(day):\n"
    "        if entry.valid and entry.amount > total:\n"
    "            total = entry.amount + book.fee(day)\n"
    "    return total, book.close(day)\n";
constexpr std::string_view kRenamed =
    "def haul(ship, tide):\n"
    "    load = 0\n"
    "    for cask in ship.casks(tide):\n"
    "        if cask.wet and cask.weight > load:\n"
    "            load = cask.weight + ship.tare(tide)\n"
    "    return load, ship.moor(tide)\n";

SampleOutput Output(std::string_view text = kOutput) {
  return {.text = std::string(text),
          .path = "src/settle.py",
          .repo = std::string(kRepository)};
}

DocumentPlace LaterPlace() {
  return {.repository = kRepository,
          .path_in_repository = "src/haul.py",
          .time = SampleOutput{}.time + kHour};
}

// How many matches a text has of which nothing is proposed.
size_t Found(const SampleIndex& index, const DocumentPlace& place,
             RepositoryLimits limits = {}, std::string_view text = kRenamed) {
  RepositoryTables tables(index.index(), limits);
  ContextMatcher matcher(index.index(), nullptr, {}, &tables);
  auto more = matcher.MayFindMore(place, Language::kPython);
  EXPECT_TRUE(more.ok());
  MatchCounts counts;
  auto matches = matcher.Align(LexSample(text, Language::kPython),
                               Language::kPython, place, {}, &counts);
  EXPECT_TRUE(matches.ok());
  if (!*more) EXPECT_TRUE(matches->empty());
  return matches->size();
}

TEST(ContextMatcher, FindsLaterInTheRepositoryWhatNothingProposes) {
  SampleIndex index({Output()});
  EXPECT_EQ(Found(index, LaterPlace()), 1u);
}

TEST(ContextMatcher, LeavesOtherPlacesToTheProposals) {
  SampleIndex index({Output()});
  DocumentPlace elsewhere = LaterPlace();
  elsewhere.repository = "git.example.com/quay";
  EXPECT_EQ(Found(index, elsewhere), 0u);
  DocumentPlace undated = LaterPlace();
  undated.time = 0;
  EXPECT_EQ(Found(index, undated), 0u);
  DocumentPlace earlier = LaterPlace();
  earlier.time -= 2 * kHour;
  EXPECT_EQ(Found(index, earlier), 0u);
  DocumentPlace same_path = LaterPlace();
  same_path.path_in_repository = "src/settle.py";
  EXPECT_EQ(Found(index, same_path), 0u);
  EXPECT_EQ(Found(index, {}), 0u);
}

TEST(ContextMatcher, DoesNotAlignAProposedOutputTwice) {
  SampleIndex index({Output()});
  RepositoryTables tables(index.index());
  ContextMatcher matcher(index.index(), nullptr, {}, &tables);
  const std::vector<Seed> seeds = {{0, 0}};
  const std::vector<Proposal> proposals = {{.seeds = seeds}};
  MatchCounts counts;
  auto matches =
      matcher.Align(LexSample(kRenamed, Language::kPython), Language::kPython,
                    LaterPlace(), proposals, &counts);
  ASSERT_TRUE(matches.ok());
  EXPECT_EQ(matches->size(), 1u);
  EXPECT_EQ(counts.outputs, 1u);
}

TEST(ContextMatcher, AlignsOutputsOfOtherRepositoriesAsTheyAreProposed) {
  SampleOutput other = Output();
  other.repo = "git.example.com/quay";
  SampleIndex index({Output("x = 1\n"), other});
  RepositoryTables tables(index.index());
  ContextMatcher matcher(index.index(), nullptr, {.filled_glance_min = 1},
                         &tables);
  const std::vector<Seed> seeds = {{0, 0}};
  const std::vector<Proposal> proposals = {{.output = 1, .seeds = seeds}};
  MatchCounts counts;
  auto matches =
      matcher.Align(LexSample(kRenamed, Language::kPython), Language::kPython,
                    LaterPlace(), proposals, &counts);
  ASSERT_TRUE(matches.ok());
  ASSERT_EQ(matches->size(), 1u);
  EXPECT_EQ(matches->front().output, 1u);
}

TEST(RepositoryTables, KeepTheNewestOutputsOfARepository) {
  // Of two segments the second is the newer one.
  SampleIndex index({Output()});
  index.AddSegment({Output("tide = moon.pull(sea) + wind.push(sea)\n")});
  EXPECT_EQ(Found(index, LaterPlace()), 1u);
  EXPECT_EQ(Found(index, LaterPlace(), {.listed_max = 1}), 0u);
  EXPECT_EQ(Found(index, LaterPlace(), {.tokens_max = 40}), 0u);
}

TEST(RepositoryTables, AreTheSameWhereOneIsKeptAndAnotherMadeAgain) {
  SampleOutput other = Output();
  other.repo = "git.example.com/quay";
  SampleIndex index({Output(), other});
  RepositoryTables tables(index.index(), {.kept_tokens_max = 1});
  for (int round = 0; round < 3; ++round) {
    for (std::string_view name : {kRepository, std::string_view(other.repo)}) {
      auto grams = tables.Of(name);
      ASSERT_TRUE(grams.ok());
      ASSERT_NE(*grams, nullptr);
      EXPECT_EQ((*grams)->tokens(),
                LexSample(kOutput, Language::kPython).size());
    }
  }
  auto none = tables.Of("git.example.com/nowhere");
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(*none, nullptr);
}

TEST(RepositoryGrams, HoldNothingThatAnOutputQuotes) {
  SampleOutput quoting = Output();
  quoting.prompt = quoting.text;
  SampleIndex index({quoting});
  EXPECT_EQ(Found(index, LaterPlace()), 0u);
  EXPECT_EQ(Found(index, LaterPlace(), {}, kOutput), 0u);
}

TEST(RepositoryGrams, ProposeTheOutputsThatShareMost) {
  SampleOutput part = Output(kOutput.substr(0, kOutput.find("    return")));
  part.part = 1;
  SampleIndex index({part, Output()});
  RepositoryTables tables(index.index(), {.outputs_max = 1});
  auto grams = tables.Of(kRepository);
  ASSERT_TRUE(grams.ok());
  std::vector<uint8_t> bytes;
  const auto tokens = LexSample(kRenamed, Language::kPython);
  for (const uint64_t normal : tokens.normal())
    bytes.push_back(fingerprint::EvidenceByte(normal));
  std::vector<Seed> seeds;
  const auto proposals = (*grams)->Propose(bytes, LaterPlace(), &seeds);
  ASSERT_EQ(proposals.size(), 1u);
  EXPECT_EQ(proposals[0].output, 1u);
  EXPECT_EQ(proposals[0].rare_tokens, tokens.size());
}

}  // namespace
}  // namespace cofferdam::evidence
