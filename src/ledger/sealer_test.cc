#include "ledger/sealer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "base/clock.h"
#include "base/json.h"
#include "base/random.h"
#include "fingerprint/index.h"
#include "fingerprint/lex.h"
#include "fingerprint/select.h"
#include "ledger/indexer.h"
#include "ledger/ledger.h"
#include "ledger/records_testing.h"

namespace cofferdam::ledger {
namespace {

class Sealing : public ::testing::Test {
 protected:
  Sealing() {
    auto ledger =
        Ledger::Open(folder_.In("ledger"), {}, SystemClock(), QuietLogger());
    CHECK_OK(ledger);
    ledger_ = *std::move(ledger);
    indexer_ = std::make_unique<Indexer>(ledger_.get(), IndexerOptions{},
                                         SystemClock(), random_, QuietLogger());
    options_.folder = folder_.In("index");
  }

  void OpenSealer() {
    sealer_.reset();
    auto sealer =
        Sealer::Open(ledger_.get(), options_, SystemClock(), QuietLogger());
    CHECK_OK(sealer);
    sealer_ = *std::move(sealer);
  }
  void Append(ExchangeDraft draft) {
    CHECK_OK(ledger_->AppendSync(std::move(draft)));
    CHECK_OK(indexer_->Flush(ledger_->last_sequence(), 60'000));
  }
  void AppendCode(uint64_t number) {
    ExchangeDraft draft = TestDraft(number, "");
    draft.parts = {FilePart("src/a.py", ModelCode(number))};
    Append(std::move(draft));
  }
  SealReport Seal() {
    const auto report = sealer_->SealNow();
    CHECK_OK(report);
    return *report;
  }
  fingerprint::Index OpenIndex() {
    auto index = fingerprint::Index::Open(
        options_.folder, fingerprint::Segment::Verify::kContents);
    CHECK_OK(index);
    return *std::move(index);
  }
  // Sequences of outputs that hold all fingerprints of `code`.
  static std::vector<int64_t> Find(const fingerprint::Index& index,
                                   const std::string& code) {
    fingerprint::TokenStream tokens;
    fingerprint::Lex(code, fingerprint::Language::kPython, &tokens);
    fingerprint::SelectScratch scratch;
    std::vector<fingerprint::Fingerprint> prints;
    fingerprint::SelectMinimizers(tokens.normal(), &scratch, &prints);
    std::map<int64_t, size_t> hits;
    for (const auto& print : prints) {
      std::set<int64_t> holders;
      index.Find(print.hash, [&](const fingerprint::Index::Hit& hit) {
        const auto output =
            index.segment(hit.segment).output(hit.posting.output);
        const auto json = JsonDocument::Parse(output->descriptor);
        holders.insert(*(*json)["sequence"].Int());
      });
      for (int64_t holder : holders) ++hits[holder];
    }
    std::vector<int64_t> out;
    for (const auto& [sequence, count] : hits) {
      if (count == prints.size()) out.push_back(sequence);
    }
    return out;
  }

  TestFolder folder_;
  SeededRandom random_{7};
  SealerOptions options_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<Indexer> indexer_;
  std::unique_ptr<Sealer> sealer_;
};

TEST_F(Sealing, WhatIsSealedIsFoundByAnyProcess) {
  OpenSealer();
  for (uint64_t i = 1; i <= 3; ++i) AppendCode(i);
  const SealReport report = Seal();
  EXPECT_EQ(report.covered_sequence, 3u);
  EXPECT_EQ(report.outputs, 3u);
  EXPECT_EQ(report.segments, 1u);
  const auto index = OpenIndex();
  EXPECT_EQ(index.covered(), 3u);
  EXPECT_EQ(index.counts().outputs, 3u);
  EXPECT_THAT(Find(index, ModelCode(2)), ::testing::ElementsAre(2));
}

TEST_F(Sealing, SealsEachOutputOnce) {
  OpenSealer();
  AppendCode(1);
  EXPECT_EQ(Seal().outputs, 1u);
  EXPECT_EQ(Seal().outputs, 0u);
  AppendCode(2);
  EXPECT_EQ(Seal().outputs, 1u);
  OpenSealer();
  const SealReport report = Seal();
  EXPECT_EQ(report.outputs, 0u);
  EXPECT_EQ(report.covered_sequence, 2u);
  EXPECT_EQ(OpenIndex().counts().outputs, 2u);
}

TEST_F(Sealing, CoversExchangesWithoutOutputs) {
  OpenSealer();
  ExchangeDraft empty = TestDraft(1, "");
  empty.parts.clear();
  Append(empty);
  EXPECT_EQ(Seal().covered_sequence, 1u);
  Append(TestDraft(2, "Done."));  // too short for a fingerprint
  const SealReport report = Seal();
  EXPECT_EQ(report.covered_sequence, 2u);
  EXPECT_EQ(report.outputs, 0u);
  EXPECT_EQ(OpenIndex().covered(), 2u);
}

TEST_F(Sealing, SealsNothingThatIsNotIndexedYet) {
  OpenSealer();
  AppendCode(1);
  indexer_->Stop();
  CHECK_OK(ledger_->AppendSync(TestDraft(2, ModelCode(2))));
  EXPECT_EQ(Seal().covered_sequence, 1u);
}

TEST_F(Sealing, BeginsANewSegmentWhenOneIsFull) {
  options_.segment_bytes_max = 1;
  OpenSealer();
  for (uint64_t i = 1; i <= 4; ++i) AppendCode(i);
  const SealReport report = Seal();
  EXPECT_EQ(report.segments, 4u);
  EXPECT_EQ(report.covered_sequence, 4u);
  const auto index = OpenIndex();
  EXPECT_EQ(index.counts().outputs, 4u);
  EXPECT_THAT(Find(index, ModelCode(4)), ::testing::ElementsAre(4));
}

TEST_F(Sealing, MergesManySmallSegments) {
  OpenSealer();
  for (uint64_t i = 1; i <= 30; ++i) {
    AppendCode(i);
    Seal();
  }
  const auto index = OpenIndex();
  EXPECT_LE(index.segment_count(), fingerprint::kMergeSegments + 1);
  EXPECT_EQ(index.counts().outputs, 30u);
  EXPECT_EQ(index.covered(), 30u);
  EXPECT_THAT(Find(index, ModelCode(1)), ::testing::ElementsAre(1));
  EXPECT_THAT(Find(index, ModelCode(30)), ::testing::ElementsAre(30));
}

TEST_F(Sealing, SealsByItselfWhenEnoughWaits) {
  options_.unsealed_bytes_max = 100;
  OpenSealer();
  indexer_->SetListener([this](uint64_t bytes) { sealer_->Note(bytes); });
  AppendCode(1);
  // Its thread seals without being asked.
  while (true) {
    const auto index = fingerprint::Index::Open(options_.folder);
    if (index.ok() && index->covered() == 1) break;
    std::this_thread::yield();
  }
  indexer_->SetListener({});
}

TEST_F(Sealing, SealsByItselfAfterItsInterval) {
  options_.interval_ms = 1;
  OpenSealer();
  AppendCode(1);
  while (true) {
    const auto index = fingerprint::Index::Open(options_.folder);
    if (index.ok() && index->covered() == 1) break;
    std::this_thread::yield();
  }
}

TEST_F(Sealing, WhatACrashLeftIsNoPartOfTheIndex) {
  OpenSealer();
  AppendCode(1);
  Seal();
  AppendCode(2);
  // As killed between the segment and the manifest: the manifest is the old
  // one and the segment's file lies there.
  const std::string manifest = options_.folder + "/manifest.json";
  const std::string kept = folder_.In("kept");
  std::filesystem::copy_file(manifest, kept);
  Seal();
  sealer_.reset();
  std::filesystem::copy_file(kept, manifest,
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_EQ(OpenIndex().counts().outputs, 1u);
  OpenSealer();
  EXPECT_EQ(Seal().outputs, 1u);
  const auto index = OpenIndex();
  EXPECT_EQ(index.counts().outputs, 2u);
  EXPECT_THAT(Find(index, ModelCode(2)), ::testing::ElementsAre(2));
  size_t files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(options_.folder)) {
    files += entry.path().filename() != "manifest.json";
  }
  EXPECT_EQ(files, index.segment_count());
}

TEST_F(Sealing, AnIndexOfAnotherLedgerIsNotContinued) {
  OpenSealer();
  AppendCode(1);
  Seal();
  sealer_.reset();
  auto other =
      Ledger::Open(folder_.In("other"), {}, SystemClock(), QuietLogger());
  ASSERT_TRUE(other.ok());
  const auto sealer =
      Sealer::Open(other->get(), options_, SystemClock(), QuietLogger());
  ASSERT_FALSE(sealer.ok());
  EXPECT_EQ(sealer.error().code(), Code::kCorrupt);
}

TEST_F(Sealing, AFolderThatIsAFileIsAnError) {
  std::ofstream(options_.folder) << "words";
  const auto sealer =
      Sealer::Open(ledger_.get(), options_, SystemClock(), QuietLogger());
  ASSERT_FALSE(sealer.ok());
  EXPECT_THAT(sealer.error().message(), ::testing::HasSubstr(options_.folder));
}

TEST(OutputDescriptor, SaysAllThatAFindingNames) {
  const std::string text = OutputDescriptor(FullExchange(), 0);
  const auto json = JsonDocument::Parse(text);
  ASSERT_TRUE(json.ok());
  const Exchange exchange = FullExchange();
  const std::pair<const char*, std::string> strings[] = {
      {"exchange", exchange.id.ToString()},
      {"kind", "file"},
      {"path", "src/a \"b\".py"},
      {"route", "import"},
      {"identity", "session"},
      {"session", "session-1"},
      {"provider", "anthropic"},
      {"model", "claude-x-1"},
      {"contract", "commercial"},
      {"terms_class", "forbid_compete"},
      {"tool", "claude-code"},
      {"tool_version", "2.1.0"},
      {"person", "p_1"},
      {"team", "applied-ai"},
      {"repo", "example.com/lab/model"},
      {"commit", "0f0f"},
      {"purpose", "product"},
      {"continues", TestId(6).ToString()},
  };
  for (const auto& [name, value] : strings) {
    EXPECT_EQ((*json)[name].StringOrEmpty(), value) << name;
  }
  EXPECT_EQ((*json)["sequence"].Int(), 41);
  EXPECT_EQ((*json)["part"].Int(), 0);
  EXPECT_EQ((*json)["time"].Int(), 11);
  EXPECT_EQ((*json)["terms"]["plan"].StringOrEmpty(), "commercial");
  EXPECT_EQ((*json)["context_origins"].At(1).StringOrEmpty(), "inhouse");
}

TEST(OutputDescriptor, CutsNamesThatWouldNotFit) {
  Exchange exchange = FullExchange();
  exchange.parts[0].path = std::string(3'000'000, 'p');
  exchange.session = std::string(3'000'000, 's');
  EXPECT_LT(OutputDescriptor(exchange, 0).size(), 20'000u);
}

}  // namespace
}  // namespace cofferdam::ledger
