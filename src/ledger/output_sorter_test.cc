#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>

#include "base/json.h"
#include "base/random.h"
#include "fingerprint/evidence_stream.h"
#include "ledger/keys_internal.h"
#include "ledger/output_sorter_internal.h"
#include "ledger/postings.h"
#include "ledger/records_testing.h"

namespace cofferdam::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Sorting : public ::testing::Test {
 protected:
  // What the ledger would hold.
  void Hold(const wire::Part& part, uint64_t sequence,
            const std::string& contract) {
    held_[*ClaimOf(part)].push_back({sequence, contract});
  }

  IndexedExchange Sort(const PendingExchange& pending) {
    uint64_t next_id = 500;
    SeededRandom random(1);
    IndexerOptions options;
    options.text_compress_bytes_min = 100;
    OutputSorter sorter(
        [this](const ClaimDigest& claim) -> Result<std::vector<ClaimHolder>> {
          return held_[claim];
        },
        [&next_id] { return TestId(next_id++); }, options, random);
    Result<IndexedExchange> indexed = sorter.Sort(pending);
    CHECK_OK(indexed);
    return *std::move(indexed);
  }

  static PendingExchange Pending(std::string prompt,
                                 const std::vector<wire::Part>& parts) {
    PendingExchange pending;
    pending.exchange = TestDraft(9, "").exchange;
    pending.exchange.sequence = 9;
    pending.exchange.origin.model_requested = "claude-x";
    pending.exchange.origin.upstream = "anthropic-eu";
    pending.exchange.origin.person = "p_1";
    pending.prompt = std::move(prompt);
    for (const wire::Part& part : parts) {
      pending.exchange.parts.push_back(MakePartRecord(part));
      pending.texts.push_back(part.text);
    }
    return pending;
  }

  // Numbers of fingerprints that are novel, and echoed.
  static std::pair<size_t, size_t> Count(const IndexedPart& part) {
    const Postings postings = *DecodePostings(part.postings);
    size_t echoed = 0;
    for (const auto& one : postings.fingerprints) echoed += one.echo;
    return {postings.fingerprints.size() - echoed, echoed};
  }

  std::map<ClaimDigest, std::vector<ClaimHolder>> held_;
};

// The assistant turn of AnthropicPrompt, known so that it does not disturb.
class SortingKnownTurn : public Sorting {
 protected:
  SortingKnownTurn() {
    Hold(TextPart("I will read it."), 3, "commercial");
    wire::Part read;
    read.kind = wire::PartKind::kToolInput;
    read.text = R"({"file_path":"a.py"})";
    Hold(read, 3, "commercial");
  }
  const std::string prompt_ =
      AnthropicPrompt("a.py", HumanCode(), "I will read it.");
};

TEST_F(SortingKnownTurn, TextThatStandsInThePromptGivesNoPosting) {
  const auto indexed = Sort(Pending(prompt_, {FilePart("a.py", HumanCode())}));
  ASSERT_EQ(indexed.indexed.size(), 1u);
  EXPECT_EQ(Count(indexed.indexed[0]), std::pair(size_t{0}, size_t{0}));
  const auto stream = fingerprint::DecodeEvidence(indexed.indexed[0].stream);
  ASSERT_TRUE(stream.ok());
  EXPECT_THAT(stream->quoted, ElementsAre(fingerprint::TokenRange{
                                  0, static_cast<uint32_t>(stream->size())}));
}

TEST_F(SortingKnownTurn, RenamedTextOfThePromptIsEchoed) {
  const auto indexed =
      Sort(Pending(prompt_, {FilePart("b.py", RenamedHumanCode())}));
  const auto [novel, echoed] = Count(indexed.indexed.at(0));
  EXPECT_EQ(novel, 0u);
  EXPECT_GT(echoed, 20u);
}

TEST_F(SortingKnownTurn, WhatIsNotInThePromptIsNovel) {
  const auto indexed = Sort(Pending(prompt_, {FilePart("c.py", ModelCode(1))}));
  const auto [novel, echoed] = Count(indexed.indexed.at(0));
  EXPECT_GT(novel, 20u);
  EXPECT_EQ(echoed, 0u);
  EXPECT_THAT(indexed.claimed, IsEmpty());
  EXPECT_THAT(indexed.context_origins, ElementsAre("commercial"));
  EXPECT_THAT(indexed.notes, IsEmpty());
}

TEST_F(SortingKnownTurn, OnlyTheOwnPartOfAMixedFileIsNovel) {
  const auto alone =
      Count(Sort(Pending(prompt_, {FilePart("c.py", ModelCode(1))}))
                .indexed.at(0))
          .first;
  const auto indexed =
      Sort(Pending(prompt_, {FilePart("a.py", HumanCode() + ModelCode(1))}));
  const auto [novel, echoed] = Count(indexed.indexed.at(0));
  EXPECT_EQ(echoed, 0u);
  EXPECT_NEAR(static_cast<double>(novel), static_cast<double>(alone), 4);
}

TEST_F(SortingKnownTurn, KeptLinesGiveNoPosting) {
  wire::Part edit = FilePart("a.py", ModelCode(1) + ModelCode(2));
  edit.kind = wire::PartKind::kEdit;
  const auto whole = Count(Sort(Pending("", {edit})).indexed.at(0)).first;
  edit.kept = {{0, ModelCode(1).size()}};
  const auto less = Count(Sort(Pending("", {edit})).indexed.at(0)).first;
  EXPECT_LT(less, whole * 2 / 3);
  EXPECT_GT(less, whole / 3);
}

TEST_F(Sorting, WithoutAPromptAllIsNovel) {
  const auto indexed = Sort(Pending("", {FilePart("a.py", HumanCode())}));
  EXPECT_GT(Count(indexed.indexed.at(0)).first, 20u);
  EXPECT_THAT(indexed.notes, IsEmpty());
}

TEST_F(Sorting, APromptThatCannotBeReadLeavesAllNovelAndIsNoted) {
  const auto indexed =
      Sort(Pending("{\"messages\":", {FilePart("a.py", HumanCode())}));
  EXPECT_GT(Count(indexed.indexed.at(0)).first, 20u);
  EXPECT_THAT(indexed.notes, ElementsAre("prompt_unreadable"));
}

TEST_F(Sorting, ToolInputsThatWriteNothingAreNotIndexed) {
  wire::Part search;
  search.kind = wire::PartKind::kToolInput;
  search.text = "{\"pattern\":\"" + std::string(500, 'x') + "\"}";
  const auto indexed =
      Sort(Pending("", {search, FilePart("a.py", HumanCode())}));
  ASSERT_EQ(indexed.indexed.size(), 1u);
  EXPECT_EQ(indexed.indexed[0].part, 1);
  // Its text is kept all the same.
  ASSERT_EQ(indexed.texts.size(), 2u);
  EXPECT_EQ(*ReadText(indexed.texts[0].stored, search.text.size()),
            search.text);
}

TEST_F(Sorting, TextsBelowTheLimitStayAsTheyAre) {
  const auto indexed = Sort(Pending(
      "", {TextPart(std::string(99, 'x')), TextPart(std::string(100, 'x'))}));
  ASSERT_EQ(indexed.texts.size(), 1u);
  EXPECT_EQ(indexed.texts[0].part, 1);
  EXPECT_LT(indexed.texts[0].stored.size(), 50u);
}

TEST_F(Sorting, ATurnThatTheLedgerLacksIsClaimed) {
  const std::string said = "Here it is:\n```python\n" + ModelCode(5) + "```\n";
  const PendingExchange pending =
      Pending(AnthropicPrompt("a.py", HumanCode(), said),
              {FilePart("c.py", ModelCode(1))});
  const auto indexed = Sort(pending);
  ASSERT_EQ(indexed.claimed.size(), 1u);
  const ClaimedTurn& turn = indexed.claimed[0];
  const Exchange& exchange = turn.exchange;
  EXPECT_EQ(exchange.route, Route::kContext);
  EXPECT_EQ(exchange.identity, IdentityGrade::kClaimed);
  EXPECT_EQ(exchange.id, TestId(500));
  EXPECT_EQ(exchange.session, "session-1");
  EXPECT_EQ(exchange.origin.provider, "anthropic");
  EXPECT_EQ(exchange.origin.contract, "commercial");
  EXPECT_EQ(exchange.origin.person, "p_1");
  EXPECT_EQ(exchange.origin.model, "claimed:claude-x");
  EXPECT_EQ(exchange.origin.upstream, "");
  EXPECT_EQ(exchange.usage_source, wire::UsageSource::kNone);
  EXPECT_THAT(exchange.notes,
              ElementsAre("found_in:" + pending.exchange.id.ToString()));
  ASSERT_EQ(exchange.parts.size(), 2u);  // the words, and the call beside them
  EXPECT_EQ(exchange.parts[0].bytes, said.size());
  EXPECT_EQ(*ReadText(turn.texts[0].stored, said.size()), said);
  ASSERT_EQ(turn.indexed.size(), 1u);
  EXPECT_GT(Count(turn.indexed[0]).first, 20u);
  EXPECT_THAT(indexed.context_origins, ElementsAre("commercial"));
}

TEST_F(Sorting, OnlyWhatTheLedgerLacksOfATurnIsClaimed) {
  Hold(TextPart("I will read it."), 3, "inhouse");
  Hold(TextPart("I will read it."), 9, "own");  // the exchange itself
  const auto indexed =
      Sort(Pending(AnthropicPrompt("a.py", HumanCode(), "I will read it."),
                   {TextPart("Done.")}));
  // The call alone wrote nothing.
  EXPECT_THAT(indexed.claimed, IsEmpty());
  EXPECT_THAT(indexed.context_origins, ElementsAre("inhouse"));
}

TEST_F(Sorting, AClaimedTurnIsNotQuotedByWhatCameAfterIt) {
  // The tool's result shows what the turn had just written.
  const std::string said = "```python\n" + ModelCode(5) + "```";
  const auto indexed = Sort(Pending(AnthropicPrompt("a.py", ModelCode(5), said),
                                    {TextPart("Done.")}));
  ASSERT_EQ(indexed.claimed.size(), 1u);
  EXPECT_GT(Count(indexed.claimed[0].indexed.at(0)).first, 20u);
}

TEST_F(Sorting, AClaimedTurnQuotesWhatCameBeforeIt) {
  const std::string said = "```python\n" + HumanCode() + "```";
  const std::string again =
      R"(,{"role":"assistant","content":[{"type":"text","text":)" +
      [&said] {
        JsonWriter json;
        json.String(said);
        return std::move(json).Take();
      }() +
      "}]}";
  Hold(TextPart("I will read it."), 3, "commercial");
  const auto indexed = Sort(
      Pending(AnthropicPrompt("a.py", HumanCode(), "I will read it.", again),
              {TextPart("Done.")}));
  ASSERT_EQ(indexed.claimed.size(), 1u);
  EXPECT_EQ(Count(indexed.claimed[0].indexed.at(0)),
            std::pair(size_t{0}, size_t{0}));
}

// One more message of a session, as JSON with a comma before it.
std::string Message(std::string_view role, std::string_view text) {
  std::string json = R"(,{"role":")" + std::string(role) +
                     R"(","content":[{"type":"text","text":)";
  AppendJsonString(text, &json);
  return json + "}]}";
}

bool Same(const IndexedExchange& a, const IndexedExchange& b) {
  const auto same_turn = [](const ClaimedTurn& x, const ClaimedTurn& y) {
    return x.exchange == y.exchange && x.texts == y.texts &&
           x.claims == y.claims && x.indexed == y.indexed;
  };
  return a.indexed == b.indexed && a.texts == b.texts &&
         a.context_origins == b.context_origins && a.notes == b.notes &&
         std::equal(a.claimed.begin(), a.claimed.end(), b.claimed.begin(),
                    b.claimed.end(), same_turn);
}

// Sessions that grow, fork, are compacted and rewound, seen by one sorter with
// room for all of it, one with hardly any, and a new one each time.
TEST_F(Sorting, WhatWasSortedBeforeChangesNothing) {
  SeededRandom random(2027);
  uint64_t id = 0;
  const auto make = [&](size_t cache_bytes_max) {
    IndexerOptions options;
    options.prompt_cache_bytes_max = cache_bytes_max;
    return std::make_unique<OutputSorter>(
        [this](const ClaimDigest& claim) -> Result<std::vector<ClaimHolder>> {
          const auto at = held_.find(claim);
          return at == held_.end() ? std::vector<ClaimHolder>() : at->second;
        },
        [&id] { return TestId(++id); }, options, random);
  };
  const auto large = make(size_t{8} << 20);
  const auto small = make(20'000);
  std::vector<std::vector<std::string>> sessions(3);
  size_t claimed = 0;
  size_t quoting = 0;
  for (int step = 0; step < 150; ++step) {
    auto& session = sessions[random.Below(sessions.size())];
    switch (random.Below(8)) {
      case 0:  // rewound
        session.resize(random.Below(session.size() + 1));
        break;
      case 1:  // compacted
        session = {Message("user", "So far: " + ModelCode(random.Below(20)))};
        break;
      case 2:  // forked
        session = sessions[random.Below(sessions.size())];
        break;
      default:
        session.push_back(Message("user", "See\n" + RenamedHumanCode() +
                                              "and\n" +
                                              ModelCode(random.Below(20))));
        session.push_back(Message(
            "assistant", "```python\n" + ModelCode(random.Below(20)) + "```"));
    }
    std::string later;
    for (const std::string& message : session) later += message;
    const PendingExchange pending = Pending(
        AnthropicPrompt("a.py", HumanCode(), "I will read it.", later),
        {TextPart("Done."), FilePart(random.Below(2) == 0 ? "b.py" : "b.md",
                                     ModelCode(random.Below(40)))});
    const uint64_t first_id = id;
    const IndexedExchange fresh = *make(0)->Sort(pending);
    for (OutputSorter* sorter : {large.get(), small.get()}) {
      id = first_id;
      EXPECT_TRUE(Same(*sorter->Sort(pending), fresh)) << step;
    }
    claimed += fresh.claimed.size();
    quoting += Count(fresh.indexed.back()) == std::pair(size_t{0}, size_t{0});
    for (const ClaimedTurn& turn : fresh.claimed) {
      for (const auto& claim : turn.claims) {
        if (claim) held_[*claim] = {{1, "commercial"}};
      }
    }
  }
  EXPECT_GT(claimed, 10u);
  EXPECT_GT(quoting, 10u);
  EXPECT_LT(quoting, 140u);
}

TEST_F(Sorting, AResponsesPromptIsReadAsOne) {
  PendingExchange pending = Pending(
      R"({"model":"gpt-x","instructions":"Be brief.","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":)",
      {FilePart("a.py", HumanCode())});
  AppendJsonString(HumanCode(), &pending.prompt);
  pending.prompt += "}]}]}";
  pending.protocol = wire::Protocol::kOpenAiResponses;
  EXPECT_EQ(Count(Sort(pending).indexed.at(0)),
            std::pair(size_t{0}, size_t{0}));
}

TEST(LanguageOf, GoesByKindThenPathThenLooks) {
  using fingerprint::Language;
  EXPECT_EQ(LanguageOf(wire::PartKind::kCommand, "a.py", ""), Language::kShell);
  EXPECT_EQ(LanguageOf(wire::PartKind::kFile, "src/a.rs", ""), Language::kRust);
  EXPECT_EQ(LanguageOf(wire::PartKind::kText, "",
                       "I changed the three lines that you named."),
            Language::kMarkdown);
  EXPECT_EQ(LanguageOf(wire::PartKind::kText, "", HumanCode()),
            Language::kGeneral);
  EXPECT_EQ(LanguageOf(wire::PartKind::kEdit, "", "#!/bin/sh\nls\n"),
            Language::kShell);
}

TEST(Postings, SurviveEncoding) {
  const std::vector<fingerprint::OutputFingerprint> prints = {
      {0x0123456789abcdef, 0, false}, {7, 0, true}, {1, 200, true}};
  const auto read = DecodePostings(EncodePostings(201, prints));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->tokens, 201u);
  EXPECT_EQ(read->fingerprints, prints);
  EXPECT_TRUE(DecodePostings(EncodePostings(0, {}))->fingerprints.empty());
}

TEST(Postings, AnyBytesCutOrChangedAreAnErrorOrPostings) {
  const std::string whole =
      EncodePostings(300, std::vector<fingerprint::OutputFingerprint>{
                              {1, 2, false}, {2, 299, true}});
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(DecodePostings(whole.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(DecodePostings(whole + "x").ok());
  for (size_t i = 0; i < whole.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      const auto read = DecodePostings(changed);
      if (!read.ok()) continue;
      for (const auto& one : read->fingerprints) {
        EXPECT_LT(one.token, read->tokens);
      }
    }
  }
}

}  // namespace
}  // namespace cofferdam::ledger
