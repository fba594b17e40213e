// docs/formats/ledger.md shows a small ledger entry by entry. It is read here
// into a store, which must then be that ledger, and written again.

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/file.h"
#include "ledger/ledger.h"
#include "ledger/postings.h"
#include "ledger/records_testing.h"
#include "ledger/store_internal.h"

namespace cofferdam::ledger {
namespace {

constexpr std::string_view kNames[kFamilies] = {
    "default", "exchange", "id",          "key", "text", "claim",
    "pending", "evidence", "fingerprint", "log", "salt", "outcome"};

// The last block of the page that begins with ```entries.
std::string Block() {
  const Result<std::string> page = ReadFile(COFFERDAM_LEDGER_PAGE, 1 << 20);
  CHECK_OK(page);
  const std::string open = "```entries\n";
  const size_t begin = page->rfind(open);
  CHECK(begin != std::string::npos);
  const size_t from = begin + open.size();
  return page->substr(from, page->find("```", from) - from);
}

bool IsJson(std::string_view value) { return value.starts_with("{\"v\""); }

// "FAMILY KEY = VALUE", keys that are words and values that are JSON as they
// are, everything else in hexadecimal.
std::string Line(Family family, std::string_view key, std::string_view value) {
  std::string line(kNames[static_cast<size_t>(family)]);
  line +=
      " " + (family == Family::kMeta && key == "totals" ? std::string(key)
                                                        : ToHex(AsBytes(key)));
  line += " = ";
  line += IsJson(value) ? std::string(value) : ToHex(AsBytes(value));
  return line + "\n";
}

std::string FromHexOr(std::string_view text) {
  const auto bytes = FromHex(text);
  return bytes ? std::string(bytes->begin(), bytes->end()) : std::string(text);
}

std::string Dump(const std::string& folder) {
  auto store = Store::Open(folder, {});
  CHECK_OK(store);
  std::string out;
  for (size_t i = 0; i < kFamilies; ++i) {
    const auto family = static_cast<Family>(i);
    const Status read = (*store)->Scan(
        family, "", [&](std::string_view key, std::string_view value) {
          out += Line(family, key, value);
          return true;
        });
    CHECK_OK(read);
  }
  return out;
}

void Load(std::string_view block, const std::string& folder) {
  {  // an empty ledger, for its format mark
    CHECK_OK(Ledger::Open(folder, {}, SystemClock(), QuietLogger()));
  }
  auto store = Store::Open(folder, {});
  CHECK_OK(store);
  Batch batch(**store);
  while (!block.empty()) {
    const size_t end = block.find('\n');
    const std::string_view line = block.substr(0, end);
    block.remove_prefix(end + 1);
    const size_t space = line.find(' ');
    const size_t equals = line.find(" = ");
    const auto* name =
        std::find(std::begin(kNames), std::end(kNames), line.substr(0, space));
    CHECK(name != std::end(kNames));
    batch.Put(static_cast<Family>(name - kNames),
              FromHexOr(line.substr(space + 1, equals - space - 1)),
              FromHexOr(line.substr(equals + 3)));
  }
  CHECK_OK((*store)->Write(std::move(batch), Durability::kOnDisk));
}

ExchangeDraft First() {
  ExchangeDraft draft = TestDraft(1, "Done.");
  draft.exchange.origin.terms.terms_class = "forbid_compete";
  draft.exchange.origin.person = "p_1";
  draft.exchange.origin.repo = "example.com/lab/model";
  draft.parts.push_back(FilePart("a.py", "print(1)\n"));
  draft.pending_prompt = "{}";
  return draft;
}

// What came of the first one's file.
CommitOutcome Brought() {
  CommitOutcome outcome;
  outcome.repo = "example.com/lab/model";
  outcome.commit = "8f2c1d4e9a0b37c655d2f1e08b94a7c3d6e5f012";
  outcome.time = 2000;
  outcome.change = std::string(62, '0') + "c1";
  outcome.authors = {{"p_1", "red"}};
  outcome.added = {1, 0, 0, 2};
  outcome.alive = LinesByClass{1, 0, 0, 1};
  outcome.left_out = 40;
  outcome.sources = {{TestId(1), 1, {{1, 1}}, {{1, 1}}}};
  return outcome;
}

// One exchange that was indexed, what came of it, and one that waits.
void Make(const std::string& folder) {
  SeededRandom random(1);
  LedgerOptions options;
  options.random = &random;
  auto ledger = Ledger::Open(folder, options, SystemClock(), QuietLogger());
  CHECK_OK(ledger);
  CHECK_OK((*ledger)->AppendSync(First()));
  IndexedExchange indexed;
  indexed.sequence = 1;
  indexed.indexed = {
      {1, "\x01\x02",
       EncodePostings(300,
                      std::vector<fingerprint::OutputFingerprint>{
                          {0x0123456789abcdef, 2, false}, {7, 202, true}})}};
  indexed.context_origins = {"inhouse"};
  CHECK_OK((*ledger)->CommitIndexed({indexed}));
  ExchangeDraft second = TestDraft(2, "Yes.");
  second.exchange.provider_response_id.clear();
  second.protocol = wire::Protocol::kOpenAiResponses;
  second.pending_prompt = "{}";
  CHECK_OK((*ledger)->AppendSync(second));
  CHECK_OK((*ledger)->RecordOutcomes(
      {Brought().repo, 0, 5000, Brought().commit, 3000, {Brought()}}));
}

TEST(FormatPage, ShowsWhatIsWritten) {
  TestFolder folder;
  Make(folder.path());
  EXPECT_EQ(Dump(folder.path()), Block());
}

TEST(FormatPage, ShowsWhatIsRead) {
  TestFolder folder;
  Load(Block(), folder.path());
  auto ledger = Ledger::Open(folder.path(), {}, SystemClock(), QuietLogger());
  ASSERT_TRUE(ledger.ok()) << ledger.error().message();
  Exchange expected = First().exchange;
  expected.sequence = 1;
  expected.context_origins = {"inhouse"};
  for (const wire::Part& part : First().parts) {
    expected.parts.push_back(MakePartRecord(part));
  }
  EXPECT_EQ(*(*ledger)->Get(TestId(1)), expected);
  EXPECT_EQ(*(*ledger)->PartText(1, 1), "print(1)\n");
  const auto indexed = (*ledger)->ReadIndexed(1);
  ASSERT_EQ(indexed->size(), 1u);
  const auto postings = DecodePostings((*indexed)[0].postings);
  ASSERT_TRUE(postings.ok());
  EXPECT_EQ(postings->tokens, 300u);
  EXPECT_EQ(postings->fingerprints[1].token, 202u);
  EXPECT_EQ((*ledger)->ReadPending(0, {})->at(0).exchange.sequence, 2u);
  std::vector<CommitOutcome> outcomes;
  EXPECT_TRUE((*ledger)
                  ->ScanOutcomes([&](const CommitOutcome& outcome) {
                    outcomes.push_back(outcome);
                    return true;
                  })
                  .ok());
  EXPECT_EQ(outcomes, std::vector<CommitOutcome>{Brought()});
  EXPECT_TRUE((*ledger)->AppendSync(First())->merged);
  const LedgerStats stats = (*ledger)->Stats();
  EXPECT_EQ(stats.exchanges, 2u);
  EXPECT_EQ(stats.models.at(0).reported.output_tokens, 10);
}

}  // namespace
}  // namespace cofferdam::ledger
