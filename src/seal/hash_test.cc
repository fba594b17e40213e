#include "seal/hash.h"

#include <gtest/gtest.h>

#include "base/encoding.h"

namespace cofferdam::seal {
namespace {

TEST(Sha256, MatchesTheStandardsExample) {
  EXPECT_EQ(ToHex(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace cofferdam::seal
