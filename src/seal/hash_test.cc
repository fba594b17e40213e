#include "seal/hash.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace cofferdam::seal {
namespace {

TEST(Sha256, MatchesTheStandardsExample) {
  EXPECT_EQ(ToHex(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(ConstantTimeEqual, TellsEqualFromUnequalAndFromShorter) {
  Digest a = Sha256("a");
  Digest b = Sha256("b");
  EXPECT_TRUE(ConstantTimeEqual(a, a));
  EXPECT_FALSE(ConstantTimeEqual(a, b));
  EXPECT_FALSE(ConstantTimeEqual(a, std::span(a).first(31)));
}

}  // namespace
}  // namespace cofferdam::seal
