#include "seal/hash.h"

#include <gtest/gtest.h>

#include <string>

#include "base/encoding.h"

namespace cofferdam::seal {
namespace {

TEST(Sha256, MatchesTheStandardsExample) {
  EXPECT_EQ(ToHex(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256Stream, IsThatOfTheWholeHoweverItComes) {
  std::string data;
  for (int i = 0; i < 1000; ++i) data += std::to_string(i);
  for (size_t piece : {size_t{1}, size_t{63}, size_t{64}, data.size()}) {
    Sha256Stream stream;
    for (size_t at = 0; at < data.size(); at += piece)
      stream.Add(std::string_view(data).substr(at, piece));
    EXPECT_EQ(stream.Finish(), Sha256(data)) << piece;
  }
  EXPECT_EQ(Sha256Stream().Finish(), Sha256(""));
}

}  // namespace
}  // namespace cofferdam::seal
