#include "evidence/fuse_map.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/check.h"

namespace cofferdam::evidence {
namespace {

struct Pairs {
  std::vector<uint64_t> keys;
  std::vector<uint32_t> values;
};

Pairs RandomPairs(size_t count, int value_bits, uint64_t seed) {
  std::mt19937_64 random(seed);
  Pairs pairs;
  for (size_t i = 0; i < count; ++i) {
    pairs.keys.push_back(random() << 20 | i);
    pairs.values.push_back(static_cast<uint32_t>(random()) &
                           ((1u << value_bits) - 1));
  }
  return pairs;
}

BuiltFuseMap Build(const Pairs& pairs, int fingerprint_bits, int value_bits) {
  auto built =
      BuildFuseMap(pairs.keys, pairs.values, fingerprint_bits, value_bits);
  CHECK_OK(built);
  return std::move(*built);
}

TEST(FuseMapTest, FindsEveryKeyWithItsValueWhateverTheCount) {
  for (const size_t count : {1, 2, 3, 7, 100, 1000, 5003, 40000}) {
    const Pairs pairs = RandomPairs(count, 11, count);
    const BuiltFuseMap built = Build(pairs, 9, 11);
    const auto map = FuseMap::Over(built.shape, built.bytes);
    ASSERT_TRUE(map.ok()) << map.error().message();
    for (size_t i = 0; i < count; ++i) {
      ASSERT_EQ(map->Find(pairs.keys[i]), pairs.values[i]) << count;
    }
  }
}

TEST(FuseMapTest, AbsentKeysAreFoundAsOftenAsTheFingerprintsAllow) {
  const Pairs pairs = RandomPairs(20000, 0, 1);
  const BuiltFuseMap built = Build(pairs, 8, 0);
  const auto map = FuseMap::Over(built.shape, built.bytes);
  ASSERT_TRUE(map.ok());
  std::mt19937_64 random(2);
  size_t found = 0;
  for (int i = 0; i < 256000; ++i) found += map->Contains(random());
  EXPECT_GT(found, 800u);  // 1000 are expected
  EXPECT_LT(found, 1200u);
}

TEST(FuseMapTest, ALargeMapTakesAbout113SlotsForAHundredKeys) {
  const Pairs pairs = RandomPairs(500000, 0, 3);
  const BuiltFuseMap built = Build(pairs, 8, 0);
  EXPECT_LT(static_cast<double>(built.bytes.size()), 1.16 * 500000);
}

TEST(FuseMapTest, AnEmptyMapHasNoBytesAndFindsNothing) {
  const BuiltFuseMap built = Build({}, 8, 4);
  EXPECT_EQ(built.bytes, "");
  const auto map = FuseMap::Over(built.shape, built.bytes);
  ASSERT_TRUE(map.ok());
  EXPECT_FALSE(map->Contains(0));
}

TEST(FuseMapTest, TheSameKeysGiveTheSameBytes) {
  const Pairs pairs = RandomPairs(3000, 5, 4);
  const BuiltFuseMap one = Build(pairs, 8, 5);
  const BuiltFuseMap two = Build(pairs, 8, 5);
  EXPECT_EQ(one.shape, two.shape);
  EXPECT_EQ(one.bytes, two.bytes);
}

TEST(FuseMapTest, AShapeThatDoesNotFitItsBytesIsCorrupt) {
  const BuiltFuseMap built = Build(RandomPairs(100, 3, 5), 8, 3);
  const std::string_view bytes = built.bytes;
  EXPECT_FALSE(FuseMap::Over(built.shape, bytes.substr(1)).ok());
  EXPECT_FALSE(FuseMap::Over(built.shape, built.bytes + "x").ok());
  FuseShape shape = built.shape;
  shape.segments = 0;
  EXPECT_FALSE(FuseMap::Over(shape, bytes).ok());
  shape = built.shape;
  shape.value_bits = 17;
  EXPECT_FALSE(FuseMap::Over(shape, bytes).ok());
}

TEST(FuseShapeTest, ASlotHasAtMost24Bits) {
  FuseShape shape = Build(RandomPairs(10, 0, 6), 8, 0).shape;
  shape.value_bits = 16;
  EXPECT_TRUE(shape.Check().ok());
  shape.value_bits = 17;
  EXPECT_FALSE(shape.Check().ok());
}

TEST(FuseShapeTest, AMapHasAtMostSoManyKeys) {
  FuseShape shape{.keys = kFuseKeysMax,
                  .segments = 1,
                  .segment_bits = 18,
                  .fingerprint_bits = 8};
  EXPECT_TRUE(shape.Check().ok());
  ++shape.keys;
  EXPECT_FALSE(shape.Check().ok());
}

}  // namespace
}  // namespace cofferdam::evidence
