#include "fingerprint/segment_lookup.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "fingerprint/filter_probe.h"
#include "fingerprint/segment_format.h"
#include "fingerprint/segment_testing.h"

namespace cofferdam::fingerprint {
namespace {

std::string Outputs(uint64_t count, uint32_t tokens) {
  SegmentWriter writer({.first = 1, .last = count + 1});
  for (uint64_t i = 0; i < count; ++i) {
    // Every third says again what the first said, so that keys have many
    // postings.
    AddTo(&writer, MakeOutput(i % 3 == 0 ? 0 : i, tokens));
  }
  return std::move(writer).Finish();
}

std::vector<uint64_t> Hashes(uint64_t count, uint32_t tokens) {
  std::vector<uint64_t> hashes;
  for (uint64_t i = 0; i < count; ++i) {
    for (const OutputFingerprint& f : MakeOutput(i, tokens).fingerprints) {
      hashes.push_back(f.hash);
      hashes.push_back(~f.hash);
    }
  }
  return hashes;
}

TEST(SegmentLookup, FindsForManyHashesWhatFindFindsForEach) {
  for (const uint64_t outputs : {0, 1, 5, 60}) {
    const std::string bytes = Outputs(outputs, 90);
    const Segment segment = *Segment::OverBytes(bytes);
    const SegmentLookup lookup(segment);
    const std::vector<uint64_t> hashes = Hashes(outputs + 2, 90);
    for (const size_t most : {size_t{1}, size_t{8}, kPostingsPerKeyMax}) {
      std::vector<uint32_t> kept;
      lookup.Filter(hashes, &kept);
      std::vector<ListedKey> keys;
      lookup.Keys(hashes, kept, &keys);
      std::vector<ListedPlace> places;
      const uint64_t left_out = lookup.Places(keys, most, &places);
      uint64_t dropped = 0;
      size_t at = 0;
      for (size_t i = 0; i < hashes.size(); ++i) {
        size_t given = 0;
        const Found found =
            segment.FindListed(hashes[i], [&](const Posting& posting) {
              if (given == most) {
                ++dropped;
                return;
              }
              ++given;
              ASSERT_LT(at, places.size());
              EXPECT_EQ(keys[places[at].query].query, i);
              const auto owner = lookup.OwnerOf(places[at].token);
              ASSERT_TRUE(owner.ok());
              EXPECT_EQ(owner->output, posting.output);
              EXPECT_EQ(places[at].token - owner->begin, posting.token);
              EXPECT_EQ(owner->end - owner->begin, 90u);
              ++at;
            });
        dropped += found.dropped;
      }
      EXPECT_EQ(at, places.size());
      EXPECT_EQ(left_out, dropped);
    }
  }
}

TEST(SegmentLookup, FiltersManyHashesAsOne) {
  const std::string bytes = Outputs(40, 200);
  const Segment segment = *Segment::OverBytes(bytes);
  const std::vector<uint64_t> hashes = Hashes(60, 200);
  std::vector<uint32_t> expected = {77};
  std::vector<uint32_t> kept = expected;
  for (size_t i = 0; i < hashes.size(); ++i) {
    if (segment.MayContain(hashes[i])) {
      expected.push_back(static_cast<uint32_t>(i));
    }
  }
  SegmentLookup(segment).Filter(hashes, &kept);
  EXPECT_EQ(kept, expected);
  EXPECT_LT(kept.size(), hashes.size());
}

TEST(SegmentLookup, FindsKeysOfSomeQueries) {
  const std::string bytes = Outputs(40, 200);
  const Segment segment = *Segment::OverBytes(bytes);
  const SegmentLookup lookup(segment);
  const std::vector<uint64_t> hashes = Hashes(60, 200);
  // Every third, whether the filter would keep it or not.
  std::vector<uint32_t> queries;
  std::vector<uint32_t> expected;
  for (uint32_t i = 0; i < hashes.size(); i += 3) {
    queries.push_back(i);
    bool held = false;
    segment.Find(hashes[i], [&](const Posting&) { held = true; });
    if (held) expected.push_back(i);
  }
  std::vector<ListedKey> keys;
  lookup.Keys(hashes, queries, &keys);
  std::vector<uint32_t> found;
  for (const ListedKey& key : keys) found.push_back(key.query);
  EXPECT_EQ(found, expected);
  EXPECT_GT(found.size(), 100u);
}

TEST(SegmentLookup, ProbesAlikeWithAnyUnit) {
  std::mt19937_64 random(5);
  std::vector<VectorUnit> units = {VectorUnit::kNone};
  if (BestVectorUnit() == VectorUnit::kAvx512) {
    units.push_back(VectorUnit::kAvx512);
  }
  for (const size_t words : {1, 3, 1000}) {
    std::string filter;
    for (size_t i = 0; i < words; ++i) Append64(random() | random(), &filter);
    std::vector<uint64_t> hashes(300);
    for (uint64_t& hash : hashes) hash = random();
    for (size_t count = 0; count <= hashes.size(); ++count) {
      const std::span<const uint64_t> some = std::span(hashes).first(count);
      std::vector<uint32_t> expected;
      for (size_t i = 0; i < count; ++i) {
        const FilterProbe probe = ProbeFilter(SegmentKey(hashes[i]), words);
        const uint64_t word = Load64(filter.data() + probe.word * 8);
        if ((word & probe.bits) == probe.bits) {
          expected.push_back(static_cast<uint32_t>(7 + i));
        }
      }
      for (const VectorUnit unit : units) {
        std::vector<uint32_t> kept(count + kProbesBehind);
        kept.resize(
            ProbeMany({filter.data(), words}, some, 7, kept.data(), unit));
        ASSERT_EQ(kept, expected);
      }
    }
  }
}

TEST(SegmentLookup, KnowsNoOwnerBehindTheLastToken) {
  const std::string bytes = Outputs(3, 50);
  const Segment segment = *Segment::OverBytes(bytes);
  const SegmentLookup lookup(segment);
  EXPECT_EQ(lookup.OwnerOf(149)->output, 2u);
  EXPECT_EQ(lookup.OwnerOf(150).error().code(), Code::kCorrupt);
}

TEST(SegmentLookup, StaysInBoundsWhateverTheContents) {
  const std::string sound = Outputs(10, 120);
  const std::vector<uint64_t> hashes = Hashes(12, 120);
  std::mt19937_64 random(9);
  for (int round = 0; round < 300; ++round) {
    std::string bytes = sound;
    for (int i = 0; i < 30; ++i) {
      bytes[256 + random() % (bytes.size() - 256)] =
          static_cast<char>(random());
    }
    const auto segment = Segment::OverBytes(bytes, Segment::Verify::kHeader);
    ASSERT_TRUE(segment.ok());
    const SegmentLookup lookup(*segment);
    std::vector<uint32_t> kept;
    lookup.Filter(hashes, &kept);
    std::vector<ListedKey> keys;
    lookup.Keys(hashes, kept, &keys);
    std::vector<ListedPlace> places;
    lookup.Places(keys, kPostingsPerKeyMax, &places);
    for (const ListedPlace& place : places) {
      const auto owner = lookup.OwnerOf(place.token);
      EXPECT_TRUE(!owner.ok() || owner->output < segment->counts().outputs);
    }
  }
}

}  // namespace
}  // namespace cofferdam::fingerprint
