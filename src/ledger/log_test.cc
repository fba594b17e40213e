#include "ledger/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ledger/keys_internal.h"
#include "ledger/ledger.h"
#include "ledger/log_internal.h"
#include "ledger/records_testing.h"
#include "ledger/store_internal.h"

namespace cofferdam::ledger {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::unique_ptr<Ledger> OpenLedger(const std::string& folder) {
  auto ledger = Ledger::Open(folder, {}, SystemClock(), QuietLogger());
  CHECK_OK(ledger);
  return *std::move(ledger);
}

void Append(Ledger& ledger, const ExchangeDraft& draft) {
  CHECK_OK(ledger.AppendSync(draft));
}

LogReport Verify(const Ledger& ledger, std::vector<uint64_t> sizes = {}) {
  auto report = ledger.VerifyLog({.sizes = std::move(sizes)});
  CHECK_OK(report);
  return *std::move(report);
}

uint64_t Size(Ledger& ledger) { return ledger.LogHead()->size; }

// A ledger of `count` exchanges in a folder, closed, and what happens to its
// files when somebody goes behind its back.
class LedgerFiles : public ::testing::Test {
 protected:
  void Make(uint64_t count) {
    auto ledger = OpenLedger(folder_.path());
    for (uint64_t i = 1; i <= count; ++i) {
      Append(*ledger, TestDraft(i, "text " + std::to_string(i)));
    }
    ASSERT_TRUE(ledger->Close().ok());
  }

  void Tamper(const std::function<void(const Store&, Batch&)>& change) {
    auto store = Store::Open(folder_.path(), {});
    CHECK_OK(store);
    Batch batch(**store);
    change(**store, batch);
    CHECK_OK((*store)->Write(std::move(batch), Durability::kOnDisk));
  }

  std::vector<std::string> Differences() {
    return Verify(*OpenLedger(folder_.path())).differences;
  }

  TestFolder folder_;
};

TEST(LedgerLog, HasALeafForEachVersionOfARecord) {
  TestFolder folder;
  auto ledger = OpenLedger(folder.path());
  EXPECT_EQ(Size(*ledger), 0u);
  ExchangeDraft first = TestDraft(1, "one");
  first.pending_prompt = "{}";
  Append(*ledger, first);
  EXPECT_EQ(Size(*ledger), 1u);
  Append(*ledger, first);  // the same again is no other version
  EXPECT_EQ(Size(*ledger), 1u);
  ExchangeDraft second = TestDraft(1, "one");
  second.exchange.id = TestId(2);
  second.exchange.origin.team = "applied-ai";
  Append(*ledger, second);
  EXPECT_EQ(Size(*ledger), 2u);
  IndexedExchange indexed;
  indexed.sequence = 1;
  indexed.context_origins = {"inhouse"};
  ASSERT_TRUE(ledger->CommitIndexed({indexed}).ok());
  EXPECT_EQ(Size(*ledger), 3u);
  const LogReport report = Verify(*ledger);
  EXPECT_THAT(report.differences, ElementsAre());
  EXPECT_EQ(report.exchanges, 1u);
  EXPECT_EQ(report.replaced, 2u);
  EXPECT_EQ(report.texts, 1u);
}

TEST(LedgerLog, GivesTheRootItHadAtEverySize) {
  TestFolder folder;
  auto ledger = OpenLedger(folder.path());
  std::vector<seal::TreeHead> heads = {*ledger->LogHead()};
  std::vector<uint64_t> sizes = {0};
  for (uint64_t i = 1; i <= 40; ++i) {
    Append(*ledger, TestDraft(i, "text"));
    heads.push_back(*ledger->LogHead());
    sizes.push_back(i);
    if (i == 20) ledger = OpenLedger((ledger.reset(), folder.path()));
  }
  sizes.push_back(41);
  const LogReport report = Verify(*ledger, sizes);
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.head, heads.back());
  EXPECT_EQ(report.roots.size(), 41u);
  for (const seal::TreeHead& head : heads) {
    EXPECT_EQ(report.roots.at(head.size), head.root) << head.size;
  }
}

TEST(LedgerLog, OfTheSameRecordsHasAnotherRootInAnotherLedger) {
  TestFolder one;
  TestFolder two;
  auto first = OpenLedger(one.path());
  auto second = OpenLedger(two.path());
  Append(*first, TestDraft(1, "text"));
  Append(*second, TestDraft(1, "text"));
  // The salts differ, so that a root gives nothing away.
  EXPECT_NE(first->LogHead()->root, second->LogHead()->root);
}

TEST_F(LedgerFiles, OfBeforeTheLogAreTakenIn) {
  Make(2500);
  Tamper([](const Store& store, Batch& batch) {
    for (Family family : {Family::kLog, Family::kSalt}) {
      CHECK_OK(store.Scan(family, "", [&](std::string_view key, auto) {
        batch.Delete(family, key);
        return true;
      }));
    }
    Totals totals = *ReadTotals(store);
    std::string json = TotalsToJson(totals);
    const std::string member = ",\"leaves\":2500";
    json.erase(json.find(member), member.size());
    batch.Put(Family::kMeta, kTotalsKey, json);
  });
  std::ofstream(folder_.In("FORMAT.json"))
      << "{\"format\":\"cofferdam-ledger\",\"v\":1,\"state\":\"ready\"}";
  auto ledger = OpenLedger(folder_.path());
  EXPECT_EQ(Size(*ledger), 2500u);
  EXPECT_THAT(Verify(*ledger).differences, ElementsAre());
  const seal::TreeHead head = *ledger->LogHead();
  Append(*ledger, TestDraft(9000, "later"));
  ASSERT_TRUE(ledger->Close().ok());
  ledger = OpenLedger(folder_.path());
  const LogReport report = Verify(*ledger, {2500});
  EXPECT_EQ(report.head.size, 2501u);
  EXPECT_EQ(report.roots.at(2500), head.root);
  ledger.reset();
  std::string mark;
  std::getline(std::ifstream(folder_.In("FORMAT.json")), mark);
  EXPECT_THAT(mark, HasSubstr("\"v\":3"));
}

TEST_F(LedgerFiles, ThatWereTakenInInPartGoOnFromThere) {
  Make(10);
  Tamper([](const Store& store, Batch& batch) {
    Totals totals = *ReadTotals(store);
    totals.leaves = 4;
    batch.Put(Family::kMeta, kTotalsKey, TotalsToJson(totals));
    for (uint64_t i = 5; i <= 10; ++i) {
      batch.Delete(Family::kSalt, SequenceKey(i));
    }
  });
  EXPECT_THAT(Differences(), ElementsAre());
}

TEST_F(LedgerFiles, WithoutOneRecordAreFound) {
  Make(5);
  Tamper([](const Store&, Batch& batch) {
    batch.Delete(Family::kExchange, SequenceKey(3));
  });
  EXPECT_THAT(Differences(),
              ElementsAre(HasSubstr("exchange 3 is missing, and no purge")));
}

TEST_F(LedgerFiles, WithAnotherByteInARecordAreFound) {
  Make(5);
  Tamper([](const Store& store, Batch& batch) {
    std::string record = **store.Get(Family::kExchange, SequenceKey(2));
    record[record.find("claude-x-1")] ^= 1;
    batch.Put(Family::kExchange, SequenceKey(2), record);
  });
  EXPECT_THAT(Differences(),
              ElementsAre(HasSubstr("exchange 2: the record is not the one")));
}

TEST_F(LedgerFiles, WithAnotherTextOrNoneAreFound) {
  Make(5);
  Tamper([](const Store&, Batch& batch) {
    batch.Put(Family::kText, PartKey(1, 0), RawText("tixt 1"));
    batch.Delete(Family::kText, PartKey(4, 0));
  });
  EXPECT_THAT(Differences(), ElementsAre(HasSubstr("exchange 1 part 0"),
                                         HasSubstr("exchange 4 part 0")));
  const auto without_texts =
      OpenLedger(folder_.path())
          ->VerifyLog({.texts = LogQuestion::Texts::kSkip});
  EXPECT_TRUE(without_texts->ok());
}

TEST_F(LedgerFiles, WithoutALeafOrASaltAreFound) {
  Make(6);
  Tamper([](const Store&, Batch& batch) {
    batch.Delete(Family::kLog, NodeKey(0, 1));
    batch.Delete(Family::kSalt, SequenceKey(4));
  });
  EXPECT_THAT(Differences(),
              ElementsAre("leaf 1 of 6 is missing",
                          HasSubstr("exchange 2: its leaf 1 is missing"),
                          HasSubstr("exchange 4: its salt is missing")));
}

TEST_F(LedgerFiles, WithAnotherLeafAreFound) {
  Make(6);
  Tamper([](const Store& store, Batch& batch) {
    LogLeaf leaf = *LeafAt(store, 2);
    leaf.commitment[0] ^= 1;
    batch.Put(Family::kLog, NodeKey(0, 2), LeafEntry(leaf));
  });
  EXPECT_THAT(Differences(),
              ElementsAre(HasSubstr("do not give the root"),
                          HasSubstr("exchange 3: the record is not the one")));
}

TEST_F(LedgerFiles, WithAnOldVersionOfARecordAreFound) {
  std::string old_record;
  std::string old_salt;
  Make(3);
  Tamper([&](const Store& store, Batch&) {
    old_record = **store.Get(Family::kExchange, SequenceKey(2));
    old_salt = **store.Get(Family::kSalt, SequenceKey(2));
  });
  {
    ExchangeDraft again = TestDraft(2, "text 2");
    again.exchange.origin.purpose = "research";
    Append(*OpenLedger(folder_.path()), again);
  }
  EXPECT_THAT(Differences(), ElementsAre());
  Tamper([&](const Store&, Batch& batch) {
    batch.Put(Family::kExchange, SequenceKey(2), old_record);
    batch.Put(Family::kSalt, SequenceKey(2), old_salt);
  });
  EXPECT_THAT(Differences(),
              ElementsAre(HasSubstr("exchange 2: the record is an old version, "
                                    "that of leaf 1")));
}

TEST_F(LedgerFiles, WhoseLogWasCutOffAreRefused) {
  Make(4);
  Tamper([](const Store&, Batch& batch) {
    batch.Delete(Family::kLog, NodeKey(2, 0));
  });
  const auto ledger =
      Ledger::Open(folder_.path(), {}, SystemClock(), QuietLogger());
  ASSERT_FALSE(ledger.ok());
  EXPECT_EQ(ledger.error().code(), Code::kCorrupt);
  EXPECT_THAT(ledger.error().message(), HasSubstr("ends before leaf 4"));
}

// Whoever takes everything away so that it fits together is found by a
// checkpoint alone.
TEST_F(LedgerFiles, CutOffSoThatAllFitsHaveAnotherRoot) {
  Make(6);
  const seal::TreeHead head = *OpenLedger(folder_.path())->LogHead();
  TestFolder shorter;
  auto ledger = OpenLedger(shorter.path());
  for (uint64_t i = 1; i <= 5; ++i) Append(*ledger, TestDraft(i, "text"));
  LogReport report = Verify(*ledger, {head.size});
  EXPECT_TRUE(report.ok());
  EXPECT_FALSE(report.roots.contains(head.size));
  Append(*ledger, TestDraft(7, "text"));
  report = Verify(*ledger, {head.size});
  EXPECT_NE(report.roots.at(head.size), head.root);
}

TEST_F(LedgerFiles, ManyDifferencesAreCountedAndTheFirstNamed) {
  Make(40);
  Tamper([](const Store&, Batch& batch) {
    for (uint64_t i = 1; i < 40; ++i) {
      batch.Delete(Family::kExchange, SequenceKey(i));
    }
  });
  const LogReport report = Verify(*OpenLedger(folder_.path()));
  EXPECT_EQ(report.differences_count, 39u);
  EXPECT_EQ(report.differences.size(), LogReport::kDifferencesMax);
}

TEST(LedgerLog, IsVerifiedWhileItGrows) {
  TestFolder folder;
  auto ledger = OpenLedger(folder.path());
  for (uint64_t i = 1; i <= 300; ++i) Append(*ledger, TestDraft(i, "text"));
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (uint64_t round = 0; !stop; ++round) {
      for (uint64_t i = 1; i <= 300; i += 7) {
        ExchangeDraft draft = TestDraft(i, "text");
        draft.exchange.notes = {"round " + std::to_string(round % 50)};
        Append(*ledger, draft);
        Append(*ledger, TestDraft(1000 + round * 1000 + i, "more"));
      }
    }
  });
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(Verify(*ledger).differences, ElementsAre());
  }
  stop = true;
  writer.join();
  const LogReport report = Verify(*ledger);
  EXPECT_THAT(report.differences, ElementsAre());
  EXPECT_GT(report.replaced, 0u);
}

}  // namespace
}  // namespace cofferdam::ledger
