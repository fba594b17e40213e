#include "policy/moment.h"

#include <gtest/gtest.h>

namespace cofferdam::policy {
namespace {

TEST(Moment, NamesTheMinute) {
  EXPECT_EQ(Moment(0), "1970-01-01 00:00 UTC");
  EXPECT_EQ(Moment(1'795'247'159'999'999), "2026-11-21 07:45 UTC");
}

}  // namespace
}  // namespace cofferdam::policy
