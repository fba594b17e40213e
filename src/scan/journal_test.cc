#include "scan/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/encoding.h"
#include "base/json.h"
#include "corpus/folder_testing.h"
#include "scan/finding_codec.h"
#include "scan/finding_testing.h"

namespace cofferdam::scan {
namespace {

using corpus::TestFolder;
using testing::HasSubstr;

std::string Json(const evidence::Finding& finding) {
  JsonWriter writer;
  BeginFindingJson(finding, nullptr, &writer);
  writer.EndObject();
  return std::move(writer).Take();
}

ChunkResult Chunk(uint64_t records, bool finding) {
  ChunkResult result;
  result.sums.counts.files = 1;
  result.sums.counts.records = records;
  result.sums.counts.work.seeds = 3;
  result.sums.first_file = result.sums.last_file = "a.jsonl";
  if (finding) result.steps.emplace_back(SampleFinding());
  return result;
}

// What a journal hands out, as one.
struct Held {
  std::vector<ChunkResult::Step> steps;
  ChunkSums sums;
  Journal::OnChunk Taker() {
    return [this](ChunkResult result) {
      for (auto& step : result.steps) steps.push_back(std::move(step));
      sums.Append(result.sums);
    };
  }
};

class JournalTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Journal>> Open(std::string_view key = "key") {
    held_ = {};
    return Journal::Open(path_, key, clock_, held_.Taker());
  }
  std::string Bytes() { return *ReadFile(path_, size_t{1} << 30); }

  TestFolder folder_;
  std::string path_ = folder_.Path("journal");
  FixedClock clock_{0};
  Held held_;
};

TEST(FindingCodec, GivesBackAllThatItWasGiven) {
  for (evidence::Finding finding : {SampleFinding(), SampleMarked()}) {
    finding.origins_left_out = 7;
    finding.byte_end = 1 << 20;
    finding.place.commit = "abc";
    std::string bytes;
    AppendFinding(finding, &bytes);
    AppendFinding(finding, &bytes);
    std::string_view rest = bytes;
    for (int i = 0; i < 2; ++i) {
      auto read = ReadFinding(&rest);
      ASSERT_TRUE(read.ok());
      EXPECT_EQ(Json(*read), Json(finding));
      EXPECT_EQ(read->text, finding.text);
      EXPECT_EQ(read->origins.size(), finding.origins.size());
    }
    EXPECT_TRUE(rest.empty());
  }
}

TEST(FindingCodec, RefusesAFindingThatIsCutAnywhere) {
  std::string bytes;
  AppendFinding(SampleFinding(), &bytes);
  for (size_t size = 0; size < bytes.size(); ++size) {
    std::string_view cut = std::string_view(bytes).substr(0, size);
    EXPECT_FALSE(ReadFinding(&cut).ok()) << size;
  }
}

TEST_F(JournalTest, GivesBackInOrderWhatWasDone) {
  {
    auto journal = Open();
    ASSERT_TRUE(journal.ok());
    EXPECT_EQ((*journal)->chunks(), 0u);
    ASSERT_TRUE((*journal)->Add(Chunk(5, true), 100).ok());
    clock_.Advance(Journal::kWriteEveryMs * 1000);
    ChunkResult second = Chunk(6, false);
    second.steps.emplace_back(
        corpus::PassedOver{"b", corpus::Reason::kBroken, "why", 3, 2});
    ASSERT_TRUE((*journal)->Add(second, 200).ok());
    ASSERT_TRUE((*journal)->Add(Chunk(7, true), 300).ok());
    ASSERT_TRUE((*journal)->Close().ok());
  }
  auto journal = Open();
  ASSERT_TRUE(journal.ok());
  EXPECT_EQ((*journal)->chunks(), 3u);
  uint64_t shape = 0;
  for (uint64_t one : {100, 200, 300}) shape = Journal::MixShape(shape, one);
  EXPECT_EQ((*journal)->shape(), shape);
  // One file, in three chunks.
  EXPECT_EQ(held_.sums.counts.files, 1u);
  EXPECT_EQ(held_.sums.counts.records, 18u);
  EXPECT_EQ(held_.sums.counts.work.seeds, 9u);
  ASSERT_EQ(held_.steps.size(), 3u);
  EXPECT_EQ(Json(std::get<evidence::Finding>(held_.steps[0])),
            Json(SampleFinding()));
  EXPECT_EQ(std::get<corpus::PassedOver>(held_.steps[1]),
            (corpus::PassedOver{"b", corpus::Reason::kBroken, "why", 3, 2}));
}

TEST_F(JournalTest, DropsATornEndWhereverItIsTornAndGoesOn) {
  uint64_t first_end = 0;
  {
    auto journal = Open();
    ASSERT_TRUE((*journal)->Add(Chunk(5, true), 1).ok());
    ASSERT_TRUE((*journal)->Close().ok());
    first_end = Bytes().size();
    ASSERT_TRUE((*journal)->Add(Chunk(6, true), 2).ok());
  }
  const std::string whole = Bytes();
  ASSERT_GT(whole.size(), first_end);
  for (size_t size = 0; size < whole.size(); size += 11) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc)
        << whole.substr(0, size);
    auto journal = Open();
    ASSERT_TRUE(journal.ok()) << size << " " << journal.error().message();
    EXPECT_EQ((*journal)->chunks(), size < first_end ? 0u : 1u) << size;
    const uint64_t before = (*journal)->chunks();
    ASSERT_TRUE((*journal)->Add(Chunk(9, false), 3).ok());
    journal->reset();
    EXPECT_EQ((*Open())->chunks(), before + 1);
  }
}

TEST_F(JournalTest, BeginsAsItsPageShows) {
  ASSERT_TRUE(Open(std::string(64, '0')).ok());
  std::string page = *ReadFile(COFFERDAM_FORMATS "/journal.md", 1 << 20);
  const size_t end = page.rfind("```");
  const size_t begin = page.rfind("```\n", end - 1) + 4;
  std::string shown = page.substr(begin, end - begin);
  std::erase(shown, '\n');
  EXPECT_EQ(shown, ToHex(AsBytes(Bytes())));
}

TEST_F(JournalTest, DropsAFrameWithAChangedByte) {
  {
    auto journal = Open();
    ASSERT_TRUE((*journal)->Add(Chunk(5, true), 1).ok());
  }
  std::string bytes = Bytes();
  bytes.back() ^= 1;
  std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  EXPECT_EQ((*Open())->chunks(), 0u);
}

TEST_F(JournalTest, WritesWhatIsOldOrLargeEnough) {
  auto journal = Open();
  const size_t head = Bytes().size();
  ASSERT_TRUE((*journal)->Add(Chunk(1, true), 1).ok());
  EXPECT_EQ(Bytes().size(), head);
  clock_.Advance(Journal::kWriteEveryMs * 1000 - 1);
  ASSERT_TRUE((*journal)->Add(Chunk(1, true), 1).ok());
  EXPECT_EQ(Bytes().size(), head);
  clock_.Advance(1);
  ASSERT_TRUE((*journal)->Add(Chunk(1, true), 1).ok());
  EXPECT_GT(Bytes().size(), head);
  const size_t before = Bytes().size();
  ChunkResult large = Chunk(1, true);
  std::get<evidence::Finding>(large.steps[0])
      .why.assign(Journal::kFrameBytes, 'x');
  ASSERT_TRUE((*journal)->Add(large, 1).ok());
  EXPECT_GT(Bytes().size(), before + Journal::kFrameBytes);
}

TEST_F(JournalTest, RefusesWhatIsNotItsScanOrNoJournal) {
  (*Open("key"))->Close().ok();
  auto other = Open("another key");
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code(), Code::kInvalid);
  EXPECT_THAT(other.error().message(), HasSubstr("of another scan"));
  for (const char* text :
       {"print('hello')\n", "{\"a\": 1}, and much more text"}) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << text;
    auto none = Open();
    ASSERT_FALSE(none.ok());
    EXPECT_EQ(none.error().code(), Code::kCorrupt);
    EXPECT_EQ(Bytes(), text);
  }
}

TEST_F(JournalTest, IsKeptByOneScanAtATime) {
  auto first = Open();
  ASSERT_TRUE(first.ok());
  auto second = Open();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), Code::kConflict);
  first->reset();
  EXPECT_TRUE(Open().ok());
}

}  // namespace
}  // namespace cofferdam::scan
