#include "agent/observer.h"

#include <gtest/gtest.h>

namespace cofferdam::agent {
namespace {

TEST(ModeTest, EveryNameIsReadBack) {
  for (Mode mode : {Mode::kPlan, Mode::kAsk, Mode::kEdit, Mode::kAuto})
    EXPECT_EQ(ParseMode(ModeName(mode)), mode);
}

TEST(ModeTest, OtherNamesAreNone) {
  EXPECT_FALSE(ParseMode(""));
  EXPECT_FALSE(ParseMode("Plan"));
  EXPECT_FALSE(ParseMode("yolo"));
}

}  // namespace
}  // namespace cofferdam::agent
