#include "base/ulid.h"

#include <gtest/gtest.h>

namespace cofferdam {
namespace {

TEST(Ulid, PrintsAndParsesBack) {
  SeededRandom random(1);
  for (int i = 0; i < 200; ++i) {
    Ulid id;
    random.Fill(id.bytes);
    EXPECT_EQ(*Ulid::Parse(id.ToString()), id);
  }
}

TEST(Ulid, PrintsTheLargestValueAsTheSpecificationSays) {
  Ulid id;
  id.bytes.fill(0xff);
  EXPECT_EQ(id.ToString(), "7ZZZZZZZZZZZZZZZZZZZZZZZZZ");
}

TEST(Ulid, RefusesWrongLengthDigitsAndOverflow) {
  EXPECT_FALSE(Ulid::Parse("01ARZ3NDEKTSV4RRFFQ69G5FA").ok());
  EXPECT_FALSE(Ulid::Parse("01ARZ3NDEKTSV4RRFFQ69G5FAU").ok());
  EXPECT_FALSE(Ulid::Parse("8ZZZZZZZZZZZZZZZZZZZZZZZZZ").ok());
  EXPECT_TRUE(Ulid::Parse("01arz3ndektsv4rrffq69g5fav").ok());
}

TEST(UlidGenerator, GrowsWithinAMillisecondAndWhenTheClockGoesBack) {
  FixedClock clock(1'700'000'000'000'000);
  SeededRandom random(7);
  UlidGenerator generator(clock, random);
  Ulid last = generator.Next();
  EXPECT_EQ(last.milliseconds(), 1'700'000'000'000);
  for (int i = 0; i < 1000; ++i) {
    if (i == 500) clock.Advance(-5'000'000);
    Ulid next = generator.Next();
    EXPECT_LT(last, next);
    last = next;
  }
}

}  // namespace
}  // namespace cofferdam
