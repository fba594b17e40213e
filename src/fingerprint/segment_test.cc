#include "fingerprint/segment.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/hash.h"
#include "fingerprint/segment_format.h"
#include "fingerprint/segment_testing.h"

namespace cofferdam::fingerprint {
namespace {

std::string SmallSegment() {
  SegmentWriter writer({.first = 1, .last = 9});
  for (uint64_t i = 0; i < 5; ++i) AddTo(&writer, MakeOutput(i, 200));
  return std::move(writer).Finish();
}

// A header with a valid checksum over changed bytes.
void Reseal(std::string* bytes) {
  std::string header = bytes->substr(0, kHeaderChecksumAt);
  std::string sum;
  Append64(Hash64(header), &sum);
  bytes->replace(kHeaderChecksumAt, 8, sum);
}

Code OpenCode(std::string_view bytes) {
  const auto segment = Segment::OverBytes(bytes);
  return segment.ok() ? Code::kInternal : segment.error().code();
}

TEST(Segment, FindsWhatANaiveTableFinds) {
  std::map<uint64_t, std::vector<Posting>> naive;
  SegmentWriter writer({.first = 1, .last = 9});
  for (uint32_t output = 0; output < 60; ++output) {
    // Every second output is one that was there before.
    const MadeOutput made = MakeOutput(output % 30, 20 + output % 30 * 40);
    AddTo(&writer, made);
    for (const OutputFingerprint& f : made.fingerprints) {
      naive[f.hash].push_back(
          {.output = output, .token = f.token, .echo = f.echo});
    }
  }
  const std::string bytes = std::move(writer).Finish();
  const auto segment = Segment::OverBytes(bytes);
  ASSERT_TRUE(segment.ok()) << segment.error().message();
  EXPECT_EQ(segment->covers(), (SequenceRange{1, 9}));
  EXPECT_EQ(segment->counts().outputs, 60u);
  EXPECT_EQ(segment->counts().dropped, 0u);
  for (const auto& [hash, postings] : naive) {
    EXPECT_TRUE(segment->MayContain(hash));
    ASSERT_EQ(FindAll(*segment, hash), postings);
  }
}

TEST(Segment, SeldomFindsWhatIsNotThere) {
  SegmentWriter writer({.first = 1, .last = 1});
  AddTo(&writer, MakeOutput(1, 50'000));
  const std::string bytes = std::move(writer).Finish();
  const auto segment = Segment::OverBytes(bytes);
  ASSERT_TRUE(segment.ok());
  // As the scanner asks: with minimizers, which are small hashes.
  const MadeOutput other = MakeOutput(2, 50'000);
  size_t may = 0;
  size_t found = 0;
  for (const OutputFingerprint& f : other.fingerprints) {
    may += segment->MayContain(f.hash);
    found += !FindAll(*segment, f.hash).empty();
  }
  EXPECT_LT(static_cast<double>(may),
            0.12 * static_cast<double>(other.fingerprints.size()));
  EXPECT_EQ(found, 0u);
}

TEST(Segment, GivesDescriptorsAndEvidenceBack) {
  const std::string bytes = SmallSegment();
  const auto segment = Segment::OverBytes(bytes);
  ASSERT_TRUE(segment.ok());
  for (uint64_t i = 0; i < 5; ++i) {
    const MadeOutput made = MakeOutput(i, 200);
    const auto output = segment->output(i);
    ASSERT_TRUE(output.ok());
    EXPECT_EQ(output->descriptor, made.descriptor);
    EXPECT_EQ(output->evidence, made.evidence);
    EXPECT_EQ(output->tokens, 200u);
    EXPECT_EQ(*segment->Evidence(i), *DecodeEvidence(made.evidence));
  }
  EXPECT_EQ(segment->output(5).error().code(), Code::kNotFound);
  EXPECT_EQ(segment->Evidence(5).error().code(), Code::kNotFound);
}

TEST(Segment, MayBeEmpty) {
  SegmentWriter writer({.first = 4, .last = 7});
  const std::string bytes = std::move(writer).Finish();
  const auto segment = Segment::OverBytes(bytes);
  ASSERT_TRUE(segment.ok());
  EXPECT_EQ(segment->covers(), (SequenceRange{4, 7}));
  EXPECT_FALSE(segment->MayContain(1));
  EXPECT_TRUE(FindAll(*segment, 1).empty());
  EXPECT_TRUE(FindAll(*segment, 0).empty());
}

TEST(Segment, HoldsOutputsWithoutFingerprintsOrTokens) {
  SegmentWriter writer({.first = 1, .last = 3});
  AddTo(&writer, MakeOutput(1, 0));
  AddTo(&writer, MakeOutput(2, 5));
  AddTo(&writer, MakeOutput(3, 0));
  AddTo(&writer, MakeOutput(4, 60));
  AddTo(&writer, MakeOutput(5, 0));
  const std::string bytes = std::move(writer).Finish();
  const auto segment = Segment::OverBytes(bytes);
  ASSERT_TRUE(segment.ok());
  EXPECT_EQ(segment->output(2)->tokens, 0u);
  const MadeOutput made = MakeOutput(4, 60);
  for (const OutputFingerprint& f : made.fingerprints) {
    const auto found = FindAll(*segment, f.hash);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].output, 3u);
    EXPECT_EQ(found[0].token, f.token);
  }
}

TEST(Segment, TakesAtMostSixAndAHalfBytesPerFingerprint) {
  // Both ends of the range of bucket loads: 2^20 and just below 2^21.
  for (const size_t wanted : {size_t{1} << 20, (size_t{1} << 21) - 4096}) {
    SegmentWriter writer({.first = 1, .last = 1});
    for (uint64_t seed = 0; writer.fingerprints() < wanted; ++seed) {
      MadeOutput made = MakeOutput(seed, 5000);
      made.fingerprints.resize(std::min<size_t>(
          made.fingerprints.size(), wanted - writer.fingerprints()));
      AddTo(&writer, made);
    }
    const std::string bytes = std::move(writer).Finish();
    const auto segment = Segment::OverBytes(bytes);
    ASSERT_TRUE(segment.ok());
    ASSERT_EQ(segment->counts().fingerprints, wanted);
    EXPECT_LE(static_cast<double>(segment->counts().lookup_bytes) /
                  static_cast<double>(wanted),
              6.5);
  }
}

TEST(Segment, KeepsSixteenPostingsOfAKeyAndOutput) {
  for (const size_t count :
       {kPostingsPerKeyAndOutputMax, kPostingsPerKeyAndOutputMax + 1}) {
    SegmentWriter writer({.first = 1, .last = 1});
    std::vector<OutputFingerprint> same;
    for (uint32_t i = 0; i < count; ++i) same.push_back({42, i * 2, false});
    const auto tokens = static_cast<uint32_t>(count * 2);
    ASSERT_TRUE(writer.AddOutput("a", "", tokens, same).ok());
    ASSERT_TRUE(writer.AddOutput("b", "", tokens, same).ok());
    const std::string bytes = std::move(writer).Finish();
    const auto segment = Segment::OverBytes(bytes);
    ASSERT_TRUE(segment.ok());
    EXPECT_EQ(segment->counts().dropped,
              2 * (count - kPostingsPerKeyAndOutputMax));
    const auto found = FindAll(*segment, 42);
    ASSERT_EQ(found.size(), 2 * kPostingsPerKeyAndOutputMax);
    EXPECT_EQ(found[kPostingsPerKeyAndOutputMax],
              (Posting{.output = 1, .token = 0}));
  }
}

TEST(Segment, GivesSixtyFourPostingsOfAKeyAndCountsTheOthers) {
  for (const size_t count : {kPostingsPerKeyMax, kPostingsPerKeyMax + 1}) {
    SegmentWriter writer({.first = 1, .last = 1});
    for (size_t i = 0; i < count; ++i) {
      const std::vector<OutputFingerprint> one = {{42, 3, true}};
      ASSERT_TRUE(writer.AddOutput("", "", 20, one).ok());
    }
    const std::string bytes = std::move(writer).Finish();
    const auto segment = Segment::OverBytes(bytes);
    ASSERT_TRUE(segment.ok());
    std::vector<Posting> given;
    const Found found =
        segment->Find(42, [&](const Posting& p) { given.push_back(p); });
    EXPECT_EQ(given.size(), kPostingsPerKeyMax);
    EXPECT_EQ(found.given, kPostingsPerKeyMax);
    EXPECT_EQ(found.dropped, count - kPostingsPerKeyMax);
    EXPECT_EQ(
        given.back(),
        (Posting{.output = kPostingsPerKeyMax - 1, .token = 3, .echo = true}));
  }
}

TEST(Segment, FindsKeysBehindAVeryFrequentOne) {
  // One bucket with a thousand postings of one key, so that it is searched by
  // halves.
  SegmentWriter writer({.first = 1, .last = 1});
  std::map<uint64_t, size_t> expected;
  for (uint32_t i = 0; i < 1000; ++i) {
    const std::vector<OutputFingerprint> fingerprints = {
        {7, 1, false}, {7 + i % 90, 2, false}};
    ASSERT_TRUE(writer.AddOutput("", "", 20, fingerprints).ok());
  }
  const std::string bytes = std::move(writer).Finish();
  const auto segment = Segment::OverBytes(bytes);
  ASSERT_TRUE(segment.ok());
  for (uint64_t hash = 8; hash < 97; ++hash) {
    EXPECT_EQ(FindAll(*segment, hash).size(), hash < 17 ? 12u : 11u) << hash;
  }
}

TEST(Segment, LimitsDescriptors) {
  SegmentWriter writer({.first = 1, .last = 1});
  const std::string most(kDescriptorBytesMax, 'x');
  EXPECT_TRUE(writer.AddOutput(most, "", 0, {}).ok());
  const Status beyond = writer.AddOutput(most + "x", "", 0, {});
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(beyond.error().code(), Code::kTooLarge);
  EXPECT_EQ(writer.outputs(), 1u);
}

Result<std::string> Merged(std::span<const Segment* const> segments) {
  std::string file;
  TRY(MergeSegments(segments, [&](uint64_t offset, std::string_view bytes) {
    if (file.size() < offset + bytes.size())
      file.resize(offset + bytes.size(), '\0');
    file.replace(offset, bytes.size(), bytes);
    return Status();
  }));
  return file;
}

TEST(Segment, MergesToWhatOneWriterWouldHaveWritten) {
  SegmentWriter whole({.first = 1, .last = 30});
  std::vector<std::string> files;
  for (uint64_t part = 0; part < 3; ++part) {
    SegmentWriter writer({.first = part * 10 + 1, .last = part * 10 + 10});
    for (uint64_t i = 0; i < 4 + part * 50; ++i) {
      const MadeOutput made = MakeOutput(part * 7 + i, 150);
      AddTo(&writer, made);
      AddTo(&whole, made);
    }
    files.push_back(std::move(writer).Finish());
  }
  std::vector<Segment> segments;
  std::vector<const Segment*> pointers;
  for (const std::string& file : files) {
    segments.push_back(*Segment::OverBytes(file));
  }
  for (const Segment& segment : segments) pointers.push_back(&segment);
  const auto merged = Merged(pointers);
  ASSERT_TRUE(merged.ok()) << merged.error().message();
  EXPECT_EQ(*merged, std::move(whole).Finish());
}

TEST(Segment, StaysReadableWhenItsFileIsUnlinked) {
  const std::string path =
      testing::TempDir() + "segment_test_" + std::to_string(getpid());
  SegmentWriter writer({.first = 1, .last = 9});
  const MadeOutput made = MakeOutput(3, 100);
  AddTo(&writer, made);
  ASSERT_TRUE(std::move(writer).Finish(path).ok());
  const auto segment = Segment::Open(path);
  ASSERT_TRUE(segment.ok()) << segment.error().message();
  std::filesystem::remove(path);
  EXPECT_FALSE(FindAll(*segment, made.fingerprints[0].hash).empty());
  EXPECT_EQ(Segment::Open(path).error().code(), Code::kNotFound);
}

TEST(Segment, RefusesOtherFilesAndOtherVersions) {
  const std::string bytes = SmallSegment();
  EXPECT_EQ(OpenCode(""), Code::kCorrupt);
  EXPECT_EQ(OpenCode(std::string(4096, '\0')), Code::kCorrupt);
  std::string other = bytes;
  other[8] = 2;
  EXPECT_EQ(OpenCode(other), Code::kInvalid);
}

TEST(Segment, SeesEveryChangedByte) {
  std::string bytes = SmallSegment();
  const SegmentHeader header = *DecodeHeader(bytes, bytes.size());
  std::vector<bool> covered(bytes.size());
  std::fill_n(covered.begin(), kHeaderBytes, true);
  for (const SectionPlace& place : header.sections) {
    std::fill_n(covered.begin() + static_cast<ptrdiff_t>(place.offset),
                place.size, true);
  }
  for (size_t at = 0; at < bytes.size(); ++at) {
    if (!covered[at]) continue;  // alignment
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    EXPECT_NE(OpenCode(bytes), Code::kInternal) << at;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
  }
}

TEST(Segment, RefusesEveryTruncation) {
  const std::string bytes = SmallSegment();
  for (size_t size = 0; size < bytes.size(); size += 13) {
    EXPECT_EQ(OpenCode(std::string_view(bytes).substr(0, size)),
              Code::kCorrupt);
  }
}

// With the contents unchecked, as for a large index, wrong contents may give
// wrong answers but never a read outside.
TEST(Segment, StaysInBoundsWhateverTheContents) {
  const std::string sound = SmallSegment();
  std::mt19937_64 random(5);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = sound;
    for (int i = 0; i < 30; ++i) {
      bytes[kHeaderBytes + random() % (bytes.size() - kHeaderBytes)] =
          static_cast<char>(random());
    }
    const auto segment = Segment::OverBytes(bytes, Segment::Verify::kHeader);
    ASSERT_TRUE(segment.ok());
    for (uint64_t i = 0; i < 5; ++i) {
      for (const OutputFingerprint& f : MakeOutput(i, 200).fingerprints) {
        segment->FindListed(f.hash, [&](const Posting& p) {
          ASSERT_LT(p.output, segment->counts().outputs);
        });
      }
      const auto output = segment->output(i);
      if (output.ok()) {
        ASSERT_LE(output->descriptor.size(), bytes.size());
      }
      EXPECT_TRUE(segment->Evidence(i).ok() ||
                  segment->Evidence(i).error().code() != Code::kInternal);
    }
    const Segment* const one[] = {&*segment};
    if (const auto merged = Merged(one); merged.ok()) {
      EXPECT_TRUE(Segment::OverBytes(*merged).ok());
    }
  }
}

TEST(Segment, StaysInBoundsWhateverTheHeaderSays) {
  const std::string sound = SmallSegment();
  std::mt19937_64 random(6);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = sound;
    for (uint64_t i = random() % 4 + 1; i > 0; --i) {
      bytes[12 + random() % (kHeaderChecksumAt - 12)] =
          static_cast<char>(random() % 3 == 0 ? random() : random() % 4);
    }
    Reseal(&bytes);
    const auto segment = Segment::OverBytes(bytes, Segment::Verify::kHeader);
    if (!segment.ok()) continue;
    for (uint64_t hash = 0; hash < 50; ++hash) {
      segment->FindListed(hash * 0x123456789abcdef, [](const Posting&) {});
    }
    for (uint64_t i = 0; i < std::min<uint64_t>(segment->counts().outputs, 20);
         ++i) {
      const auto evidence = segment->Evidence(i);
      EXPECT_TRUE(evidence.ok() || evidence.error().code() != Code::kInternal);
    }
  }
}

TEST(InspectSegment, SaysWhatIsSoundAndWhatIsNot) {
  std::string bytes = SmallSegment();
  const std::string text = InspectSegment(*Segment::OverBytes(bytes));
  EXPECT_NE(text.find("outputs       5\n"), std::string::npos) << text;
  EXPECT_NE(text.find("exchanges     1..9\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("DIFFERS"), std::string::npos) << text;
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  EXPECT_NE(InspectSegment(*Segment::OverBytes(bytes, Segment::Verify::kHeader))
                .find("DIFFERS"),
            std::string::npos);
}

}  // namespace
}  // namespace cofferdam::fingerprint
