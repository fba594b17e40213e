#include "fingerprint/index.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "fingerprint/segment_testing.h"

namespace cofferdam::fingerprint {
namespace {

namespace fs = std::filesystem;

class IndexFolder : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = testing::TempDir() + "index_" + info->name() + "_" +
              std::to_string(getpid());
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // One output per segment, of about `tokens` tokens.
  static SegmentWriter Sealed(uint64_t sequence, uint32_t tokens = 100) {
    SegmentWriter writer({.first = sequence, .last = sequence});
    AddTo(&writer, MakeOutput(sequence, tokens));
    return writer;
  }

  static std::vector<Index::Hit> Hits(const Index& index, uint64_t hash) {
    std::vector<Index::Hit> hits;
    index.Find(hash, [&](const Index::Hit& hit) { hits.push_back(hit); });
    return hits;
  }

  // Every output of 1..last is found at its place.
  static void ExpectAll(const Index& index, uint64_t last) {
    for (uint64_t sequence = 1; sequence <= last; ++sequence) {
      const MadeOutput made = MakeOutput(sequence, 100);
      for (const OutputFingerprint& f : made.fingerprints) {
        ASSERT_TRUE(index.MayContain(f.hash));
        const auto hits = Hits(index, f.hash);
        ASSERT_EQ(hits.size(), 1u);
        EXPECT_EQ(hits[0].posting.token, f.token);
        EXPECT_EQ(index.segment(hits[0].segment)
                      .output(hits[0].posting.output)
                      ->descriptor,
                  made.descriptor);
      }
    }
  }

  size_t SegmentFiles() const {
    size_t count = 0;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      count += entry.path().extension() == ".cfds";
    }
    return count;
  }

  std::string folder_;
};

using IndexTest = IndexFolder;

TEST_F(IndexTest, IsEmptyWithoutAFolder) {
  const auto index = Index::Open(folder_);
  ASSERT_TRUE(index.ok()) << index.error().message();
  EXPECT_EQ(index->covered(), 0u);
  EXPECT_EQ(index->segment_count(), 0u);
  EXPECT_FALSE(index->MayContain(5));
  EXPECT_TRUE(Hits(*index, 5).empty());
}

TEST_F(IndexTest, FindsInAllSegmentsAfterReopening) {
  auto writer = IndexWriter::Open(folder_);
  ASSERT_TRUE(writer.ok()) << writer.error().message();
  for (uint64_t i = 1; i <= 3; ++i) {
    ASSERT_TRUE(writer->AddSegment(Sealed(i)).ok());
  }
  const auto index = Index::Open(folder_, Segment::Verify::kContents);
  ASSERT_TRUE(index.ok()) << index.error().message();
  EXPECT_EQ(index->covered(), 3u);
  EXPECT_EQ(index->segment_count(), 3u);
  EXPECT_EQ(index->counts().outputs, 3u);
  ExpectAll(*index, 3);
  EXPECT_EQ(IndexWriter::Open(folder_)->covered(), 3u);
}

TEST_F(IndexTest, TakesSegmentsOnlyInSequence) {
  auto writer = IndexWriter::Open(folder_);
  ASSERT_TRUE(writer->AddSegment(Sealed(1)).ok());
  for (const uint64_t wrong : {1, 3}) {
    const Status added = writer->AddSegment(Sealed(wrong));
    ASSERT_FALSE(added.ok());
    EXPECT_EQ(added.error().code(), Code::kConflict);
  }
  EXPECT_EQ(writer->covered(), 1u);
  EXPECT_EQ(SegmentFiles(), 1u);
}

TEST_F(IndexTest, MergesMoreThanEightSimilarSegments) {
  auto writer = IndexWriter::Open(folder_);
  for (uint64_t i = 1; i <= kMergeSegments; ++i) {
    ASSERT_TRUE(writer->AddSegment(Sealed(i)).ok());
  }
  EXPECT_EQ(*writer->MergeSmall(), 0u);
  ASSERT_TRUE(writer->AddSegment(Sealed(kMergeSegments + 1)).ok());
  EXPECT_EQ(*writer->MergeSmall(), kMergeSegments);
  EXPECT_EQ(writer->manifest().segments.size(), 1u);
  EXPECT_EQ(SegmentFiles(), 1u);
  const auto index = Index::Open(folder_, Segment::Verify::kContents);
  ASSERT_TRUE(index.ok()) << index.error().message();
  ExpectAll(*index, kMergeSegments + 1);
}

TEST_F(IndexTest, KeepsFewSegmentsAfterManySeals) {
  auto writer = IndexWriter::Open(folder_);
  constexpr uint64_t kSeals = 60;
  for (uint64_t i = 1; i <= kSeals; ++i) {
    ASSERT_TRUE(writer->AddSegment(Sealed(i)).ok());
    ASSERT_TRUE(writer->MergeSmall().ok());
  }
  EXPECT_LE(writer->manifest().segments.size(), 3 * kMergeSegments);
  const auto index = Index::Open(folder_);
  ASSERT_TRUE(index.ok());
  ExpectAll(*index, kSeals);
}

TEST_F(IndexTest, OpensSegmentsWithoutOutputs) {
  auto writer = IndexWriter::Open(folder_);
  for (uint64_t i = 1; i <= 2; ++i) {
    SegmentWriter empty({.first = i, .last = i});
    const Status added = writer->AddSegment(std::move(empty));
    ASSERT_TRUE(added.ok()) << added.error().message();
  }
  EXPECT_TRUE(Index::Open(folder_, Segment::Verify::kContents).ok());
  const auto gone = writer->MergeAll();
  ASSERT_TRUE(gone.ok()) << gone.error().message();
  EXPECT_TRUE(Index::Open(folder_, Segment::Verify::kContents).ok());
}

TEST_F(IndexTest, MergesAllIntoOne) {
  auto writer = IndexWriter::Open(folder_);
  EXPECT_EQ(*writer->MergeAll(), 0u);
  for (uint64_t i = 1; i <= 5; ++i) {
    ASSERT_TRUE(writer->AddSegment(Sealed(i)).ok());
  }
  EXPECT_EQ(*writer->MergeAll(), 4u);
  EXPECT_EQ(*writer->MergeAll(), 0u);
  EXPECT_EQ(SegmentFiles(), 1u);
  EXPECT_EQ(*IndexWriter::Open(folder_)->MergeAll(), 0u);
  ASSERT_TRUE(writer->AddSegment(Sealed(6)).ok());
  const auto index = Index::Open(folder_, Segment::Verify::kContents);
  ASSERT_TRUE(index.ok()) << index.error().message();
  EXPECT_EQ(index->segment_count(), 2u);
  ExpectAll(*index, 6);
}

TEST_F(IndexTest, AMergeThatFailsLeavesTheIndexAsItWas) {
  auto writer = IndexWriter::Open(folder_);
  for (uint64_t i = 1; i <= 2; ++i) {
    ASSERT_TRUE(writer->AddSegment(Sealed(i)).ok());
  }
  const std::string damaged =
      folder_ + "/" + writer->manifest().segments[1].file;
  std::string bytes = *ReadFile(damaged, 1 << 20);
  bytes[bytes.size() / 2] ^= 1;
  ASSERT_TRUE(WriteFileAtomically(damaged, bytes, 0600).ok());
  const auto merged = writer->MergeAll();
  ASSERT_FALSE(merged.ok());
  EXPECT_EQ(merged.error().code(), Code::kCorrupt);
  EXPECT_EQ(writer->manifest().segments.size(), 2u);
  EXPECT_EQ(Index::Open(folder_)->segment_count(), 2u);
  EXPECT_EQ(SegmentFiles(), 2u);
}

TEST_F(IndexTest, OpenIndexesOutliveAMerge) {
  auto writer = IndexWriter::Open(folder_);
  for (uint64_t i = 1; i <= kMergeSegments + 1; ++i) {
    ASSERT_TRUE(writer->AddSegment(Sealed(i)).ok());
  }
  const auto index = Index::Open(folder_);
  ASSERT_TRUE(index.ok());
  ASSERT_GT(*writer->MergeSmall(), 0u);
  ExpectAll(*index, kMergeSegments + 1);
}

TEST_F(IndexTest, RemovesFilesThatACrashLeft) {
  {
    ASSERT_TRUE(IndexWriter::Open(folder_)->AddSegment(Sealed(1)).ok());
  }
  std::ofstream(folder_ + "/segment-2-2-0.cfds") << "half a segment";
  std::ofstream(folder_ + "/notes.txt") << "not ours";
  ASSERT_TRUE(IndexWriter::Open(folder_).ok());
  EXPECT_EQ(SegmentFiles(), 1u);
  EXPECT_TRUE(fs::exists(folder_ + "/notes.txt"));
}

TEST_F(IndexTest, RefusesASegmentThatIsNotTheOneNamed) {
  auto writer = IndexWriter::Open(folder_);
  ASSERT_TRUE(writer->AddSegment(Sealed(1)).ok());
  const std::string path = folder_ + "/" + writer->manifest().segments[0].file;
  SegmentWriter other({.first = 1, .last = 1});
  AddTo(&other, MakeOutput(77, 100));
  ASSERT_TRUE(std::move(other).Finish(path).ok());
  const auto index = Index::Open(folder_);
  ASSERT_FALSE(index.ok());
  EXPECT_EQ(index.error().code(), Code::kCorrupt);
  EXPECT_NE(index.error().message().find("segment-1-1"), std::string::npos);
}

TEST_F(IndexTest, SaysSoWhenASegmentIsMissing) {
  auto writer = IndexWriter::Open(folder_);
  ASSERT_TRUE(writer->AddSegment(Sealed(1)).ok());
  fs::remove(folder_ + "/" + writer->manifest().segments[0].file);
  const auto index = Index::Open(folder_);
  ASSERT_FALSE(index.ok());
  EXPECT_EQ(index.error().code(), Code::kNotFound);
}

TEST_F(IndexTest, LimitsThePostingsOfOneHash) {
  auto writer = IndexWriter::Open(folder_);
  for (uint64_t sequence = 1; sequence <= 5; ++sequence) {
    SegmentWriter segment({.first = sequence, .last = sequence});
    for (size_t i = 0; i < kPostingsPerKeyMax; ++i) {
      const std::vector<OutputFingerprint> one = {{42, 0, false}};
      ASSERT_TRUE(segment.AddOutput("", "", 12, one).ok());
    }
    ASSERT_TRUE(writer->AddSegment(std::move(segment)).ok());
    const auto index = Index::Open(folder_);
    ASSERT_TRUE(index.ok());
    size_t given = 0;
    const Found found = index->Find(42, [&](const Index::Hit&) { ++given; });
    const size_t all = sequence * kPostingsPerKeyMax;
    EXPECT_EQ(given, std::min(all, kIndexPostingsPerKeyMax));
    EXPECT_EQ(found.given, given);
    EXPECT_EQ(found.dropped, all - given);
  }
}

TEST(Manifest, ComesBackAsItWas) {
  Manifest manifest;
  manifest.segments.push_back({.file = "segment-1-5-00000000000000ff.cfds",
                               .bytes = 1000,
                               .digest = 0xff,
                               .covers = {1, 5},
                               .outputs = 2,
                               .fingerprints = 30,
                               .tokens = 70});
  manifest.segments.push_back(manifest.segments[0]);
  manifest.segments[1].covers = {6, 6};
  const auto parsed = ParseManifest(FormatManifest(manifest));
  ASSERT_TRUE(parsed.ok()) << parsed.error().message();
  EXPECT_EQ(*parsed, manifest);
  EXPECT_TRUE(ParseManifest(FormatManifest({})).ok());
}

TEST(Manifest, RefusesWhatIsNone) {
  const auto code = [](std::string_view text) {
    const auto parsed = ParseManifest(text);
    return parsed.ok() ? Code::kInternal : parsed.error().code();
  };
  const std::string tail =
      R"(","bytes":1,"digest":"00000000000000ff","first":1,"last":2,)"
      R"("outputs":1,"fingerprints":1,"tokens":1}]})";
  const auto named = [&](std::string_view file) {
    return R"({"v":1,"segments":[{"file":")" + std::string(file) + tail;
  };
  EXPECT_TRUE(ParseManifest(named("segment-1.cfds")).ok());
  EXPECT_EQ(code(named("segment-/../../x.cfds")), Code::kCorrupt);
  EXPECT_EQ(code(named("other.cfds")), Code::kCorrupt);
  EXPECT_EQ(code(""), Code::kCorrupt);
  EXPECT_EQ(code("{}"), Code::kCorrupt);
  EXPECT_EQ(code(R"({"v":2,"segments":[]})"), Code::kInvalid);
  EXPECT_EQ(code(R"({"v":1})"), Code::kCorrupt);
  EXPECT_EQ(code(R"({"v":1,"segments":[{}]})"), Code::kCorrupt);
  // A gap in the covered range.
  std::string gap = named("segment-1.cfds");
  gap.replace(gap.find("\"first\":1"), 9, "\"first\":2");
  EXPECT_EQ(code(gap), Code::kCorrupt);
}

}  // namespace
}  // namespace cofferdam::fingerprint
