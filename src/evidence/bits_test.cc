#include "evidence/bits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "evidence/constants.h"
#include "evidence/context.h"
#include "evidence/sample_testing.h"

namespace cofferdam::evidence {
namespace {

using fingerprint::Language;
using fingerprint::TokenRange;
using fingerprint::TokenStream;

constexpr std::string_view kText = R"(
def plan_route(stops, depot, limit):
    """Greedy tour that returns to the depot when the load is full."""
    tour = [depot]
    load = 0
    waiting = sorted(stops, key=lambda stop: stop.weight)
    while waiting:
        stop = waiting.pop()
        if load + stop.weight > limit:
            tour.append(depot)
            load = 0
        nearest = min(waiting, key=lambda other: stop.distance(other))
        if nearest is not None and not nearest.visited:
            tour.append(nearest)
        load += stop.weight
        stop.visited = True
        tour.append(stop)
    tour.append(depot)
    return tour
)";

std::string Replaced(std::string text, std::string_view from,
                     std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

// A match of all of `document` with all of `output`, which must have the same
// normalised tokens.
ContentEvidence WeighWhole(std::string_view document, std::string_view output,
                           std::vector<TokenRange> echoed = {}) {
  TokenStream theirs = LexSample(output, Language::kPython);
  TokenStream ours = LexSample(document, Language::kPython);
  EXPECT_EQ(ours.size(), theirs.size());
  for (size_t i = 0; i < ours.size(); ++i)
    EXPECT_EQ(ours.normal()[i], theirs.normal()[i]) << i;
  Match match;
  match.runs = {{0, 0, static_cast<uint32_t>(theirs.size())}};
  match.stream = std::make_shared<fingerprint::EvidenceStream>(
      MakeEvidence(theirs, {}, echoed));
  return WeighContent(match, ours);
}

std::string Renamed() {
  std::string text(kText);
  for (auto [from, to] : {std::pair{"stops", "jobs"},
                          {"stop", "job"},
                          {"tour", "order"},
                          {"depot", "base"},
                          {"load", "sum"},
                          {"waiting", "queue"},
                          {"limit", "bound"},
                          {"nearest", "next_one"},
                          {"weight", "cost"},
                          {"visited", "seen"},
                          {"other", "rest"},
                          {"distance", "gap"},
                          {"append", "add"}}) {
    text = Replaced(text, from, to);
  }
  return text;
}

TEST(Constants, AreNamedOnceAndGiveReasons) {
  std::set<std::string_view> names;
  for (const Constant& constant : Constants()) {
    EXPECT_TRUE(names.insert(constant.name).second) << constant.name;
    EXPECT_FALSE(constant.unit.empty());
    EXPECT_GT(constant.reason.size(), 20u) << constant.name;
  }
}

TEST(WeighContent, GivesAnAverageTokenOfCodeAboutNineTenthsOfABit) {
  ContentEvidence evidence = WeighWhole(kText, kText);
  EXPECT_GT(evidence.tokens, 100u);
  double average = evidence.token_bits / evidence.tokens;
  EXPECT_GT(average, 0.65 * ConstantValue("token_weight"));
  EXPECT_LT(average, 1.15 * ConstantValue("token_weight"));
}

TEST(WeighContent, CountsWhatRepeatsAtAFifth) {
  std::string table = "rows = [\n";
  for (int i = 0; i < 100; ++i) table += "    (1, 'a', 2.5),\n";
  ContentEvidence repeated = WeighWhole(table + "]\n", table + "]\n");
  ContentEvidence varied = WeighWhole(kText, kText);
  EXPECT_LT(repeated.token_bits / repeated.tokens,
            0.4 * varied.token_bits / varied.tokens);
}

TEST(WeighContent, RewardsNamesThatWereRenamedOneToOne) {
  ContentEvidence kept = WeighWhole(kText, kText);
  ContentEvidence renamed = WeighWhole(Renamed(), kText);
  EXPECT_EQ(renamed.token_bits, kept.token_bits);
  EXPECT_GT(renamed.name_bits, 50);
  EXPECT_GT(kept.name_bits, renamed.name_bits - 10);
  EXPECT_DOUBLE_EQ(kept.kept_share, 1);
  EXPECT_LT(renamed.kept_share, 0.4);
}

TEST(WeighContent, TakesAwayForNamesThatContradictEachOther) {
  // The same shape, as an idiom has it, with other names at every place.
  std::string theirs;
  std::string ours;
  for (int i = 0; i < 20; ++i) {
    theirs += "if left > right:\n    left = right + left\n";
    ours += "if a" + std::to_string(i) + " > b" + std::to_string(i * 7 % 5) +
            ":\n    c" + std::to_string(i * 3 % 4) + " = a" +
            std::to_string(i * 5 % 7) + " + b" + std::to_string(i % 3) + "\n";
  }
  ContentEvidence evidence = WeighWhole(ours, theirs);
  EXPECT_LT(evidence.name_bits, 0);
  EXPECT_LT(evidence.bits(), 0);
}

TEST(WeighContent, TellsWhatIdentifiersThatAreTheSameAdd) {
  ContentEvidence kept = WeighWhole(kText, kText);
  ContentEvidence renamed = WeighWhole(Renamed(), kText);
  EXPECT_GT(kept.novel_kept_bits, 0.9 * kept.novel_name_bits);
  EXPECT_LT(kept.renamed_bits(), 0.1 * kept.decisive_bits());
  EXPECT_LT(renamed.novel_kept_bits, 0.5 * renamed.novel_name_bits);
  EXPECT_GT(renamed.renamed_bits(), 0.5 * renamed.decisive_bits());
  EXPECT_LT(renamed.renamed_bits(), renamed.decisive_bits());
}

TEST(WeighContent, KeepsWhatEchoesThePromptOutOfTheNovelBits) {
  ContentEvidence novel = WeighWhole(kText, kText);
  EXPECT_EQ(novel.echoed_tokens, 0u);
  EXPECT_DOUBLE_EQ(novel.novel_token_bits, novel.token_bits);
  EXPECT_DOUBLE_EQ(novel.novel_name_bits, novel.name_bits);
  EXPECT_EQ(novel.novel_tokens, novel.tokens);
  ContentEvidence half = WeighWhole(kText, kText, {{10, 58}});
  EXPECT_EQ(half.echoed_tokens, 48u);
  EXPECT_DOUBLE_EQ(half.bits(), novel.bits());
  EXPECT_EQ(half.novel_tokens, novel.tokens - 48);
  EXPECT_LT(half.decisive_bits(), novel.decisive_bits());
  ContentEvidence all = WeighWhole(kText, kText, {{0, 1000}});
  EXPECT_EQ(all.echoed_tokens, all.tokens);
  EXPECT_DOUBLE_EQ(all.decisive_bits(), 0);
  EXPECT_EQ(all.novel_tokens, 0u);
}

TEST(WeighContent, HoldsAnEchoNotAgainstWhatKeptTheOutputsNames) {
  ContentEvidence echo = WeighWhole(kText, kText, {{0, 1000}});
  EXPECT_EQ(echo.novel_tokens, 0u);
  EXPECT_EQ(echo.exact_tokens, 121u);
  EXPECT_EQ(echo.exact_novel_tokens, 121u);
  EXPECT_GT(echo.exact_names, 5u);
  EXPECT_LT(echo.exact_names, 60u);
}

TEST(IsEcho, BeginsWithThreeTokensInTen) {
  ContentEvidence content;
  content.tokens = 100;
  content.echoed_tokens = 30;
  EXPECT_TRUE(IsEcho(content));
  content.echoed_tokens = 29;
  EXPECT_FALSE(IsEcho(content));
}

TEST(WeighContent, KeepsWhatIsNotedOutOfTheNovelBits) {
  TokenStream tokens = LexSample(kText, Language::kPython);
  Match match;
  match.runs = {{0, 0, static_cast<uint32_t>(tokens.size())}};
  match.stream = std::make_shared<fingerprint::EvidenceStream>(
      MakeEvidence(tokens, {}, {}));
  std::vector<uint8_t> notes(tokens.size(), kNoNote);
  std::fill_n(notes.begin(), 40, uint8_t{kPriorArt});
  std::fill_n(notes.begin() + 30, 20, uint8_t{kPriorArt | kShared});
  ContentEvidence noted = WeighContent(match, tokens, notes);
  EXPECT_EQ(noted.prior_tokens, 50u);
  EXPECT_EQ(noted.shared_tokens, 20u);
  EXPECT_EQ(noted.novel_tokens, noted.tokens - 50);
  EXPECT_DOUBLE_EQ(noted.bits(), WeighContent(match, tokens).bits());
}

TEST(WeighContent, TakesHalfOfWhatTheModelSaysThatTokensTell) {
  TokenStream tokens = LexSample(kText, Language::kPython);
  Match match;
  match.runs = {{0, 0, 10}};
  match.stream = std::make_shared<fingerprint::EvidenceStream>(
      MakeEvidence(tokens, {}, {}));
  match.token_eighths =
      std::make_shared<std::vector<uint8_t>>(tokens.size(), uint8_t{24});
  ContentEvidence evidence = WeighContent(match, tokens);
  EXPECT_DOUBLE_EQ(evidence.token_bits, 10 * 3 * ConstantValue("token_weight"));
}

TEST(WeighContent, CountsTheLongestRunThatIsTheSame) {
  ContentEvidence same = WeighWhole(kText, kText);
  EXPECT_EQ(same.exact_tokens, same.tokens);
  EXPECT_EQ(same.contradictions, 0u);
  ContentEvidence renamed = WeighWhole(Renamed(), kText);
  EXPECT_LT(renamed.exact_tokens, 30u);
  EXPECT_GT(renamed.exact_tokens, 0u);
}

TEST(WeighContent, TakesAwayForGaps) {
  TokenStream tokens = LexSample(kText, Language::kPython);
  Match match;
  match.stream = std::make_shared<fingerprint::EvidenceStream>(
      MakeEvidence(tokens, {}, {}));
  match.runs = {{0, 0, 30}, {30, 30, 30}};
  double joined = WeighContent(match, tokens).token_bits;
  // Ten tokens of the output are missing in a shifted document.
  TokenStream shorter =
      LexSample(std::string(kText.substr(0, tokens.end()[29])) +
                    std::string(kText.substr(tokens.end()[39])),
                Language::kPython);
  match.runs = {{0, 0, 30}, {30, 40, 20}};
  double cut = WeighContent(match, shorter).token_bits;
  match.runs = {{0, 0, 30}};
  double first = WeighContent(match, tokens).token_bits;
  match.runs = {{30, 40, 20}};
  double second = WeighContent(match, shorter).token_bits;
  EXPECT_GT(joined, first);
  EXPECT_NEAR(cut, first + second - 3, 1);
}

DocumentPlace Place(std::string_view repository, std::string_view inside,
                    std::string_view path = "checkout/src/a.cc") {
  return {path, repository, inside};
}

TEST(ContextOf, ComparesRepositoryAndPath) {
  Origin origin;
  origin.repo = "example.com/team/app";
  for (std::string_view path :
       {"src/a.cc", "./src/a.cc", "/home/u/app/src/a.cc"}) {
    origin.path = path;
    EXPECT_EQ(ContextOf(Place("example.com/team/app", "src/a.cc"), origin),
              Context::kSamePath)
        << path;
  }
  for (std::string_view path :
       {"src/b.cc", "a.cc", "lib/src/a.cc", "/home/u/app/other_src/a.cc", ""}) {
    origin.path = path;
    EXPECT_EQ(ContextOf(Place("example.com/team/app", "src/a.cc"), origin),
              Context::kRepository)
        << path;
  }
  origin.path = "src/a.cc";
  EXPECT_EQ(ContextOf(Place("example.com/team/other", "src/a.cc"), origin),
            Context::kNone);
}

TEST(ContextOf, KnowsWhatStoodThereBefore) {
  Origin origin;
  origin.repo = "example.com/team/app";
  origin.path = "src/a.cc";
  origin.time = 1000;
  DocumentPlace place = Place("example.com/team/app", "src/a.cc");
  EXPECT_EQ(ContextOf(place, origin), Context::kSamePath);
  place.time = 1000;
  EXPECT_EQ(ContextOf(place, origin), Context::kSamePath);
  place.time = 999;
  EXPECT_EQ(ContextOf(place, origin), Context::kEarlier);
  place.time = 1000;
  DocumentPlace beside = place;
  beside.path_in_repository = "src/b.cc";
  EXPECT_EQ(ContextOf(beside, origin), Context::kLater);
  origin.time = 0;
  EXPECT_EQ(ContextOf(place, origin), Context::kSamePath);
}

TEST(ContextOf, ComparesTwoNamesWhereNoRepositoryIsKnown) {
  Origin origin;
  origin.repo = "example.com/team/app";
  origin.path = "/home/u/app/src/a.cc";
  EXPECT_EQ(ContextOf(Place("", ""), origin), Context::kPath);
  EXPECT_EQ(ContextOf(Place("", "", "lib/a.cc"), origin), Context::kNone);
  EXPECT_EQ(ContextOf(Place("", "", "a.cc"), origin), Context::kNone);
  origin.repo = "";
  EXPECT_EQ(ContextOf(Place("example.com/a/b", "src/a.cc"), origin),
            Context::kPath);
  origin.path = "a.cc";
  EXPECT_EQ(ContextOf(Place("", "", "a.cc"), origin), Context::kNone);
}

TEST(CoversItsStretches, MeasuresAgainstTheStretchesThatAreTouched) {
  fingerprint::EvidenceStream stream;
  stream.normal.resize(100);
  stream.quoted = {{20, 50}};
  Match match;
  match.stream = std::make_shared<fingerprint::EvidenceStream>(stream);
  match.runs = {{0, 0, 18}};
  EXPECT_TRUE(CoversItsStretches(match));
  match.runs = {{0, 0, 17}};
  EXPECT_FALSE(CoversItsStretches(match));
  match.runs = {{0, 0, 18}, {40, 50, 45}};
  EXPECT_TRUE(CoversItsStretches(match));
  match.runs = {{0, 0, 10}, {11, 11, 9}, {40, 50, 20}};
  EXPECT_FALSE(CoversItsStretches(match));
}

}  // namespace
}  // namespace cofferdam::evidence
