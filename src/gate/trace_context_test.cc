#include "gate/trace_context.h"

#include <gtest/gtest.h>

namespace cofferdam::gate {
namespace {

constexpr char kTrace[] = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr char kParent[] = "00f067aa0ba902b7";

std::string Parent(std::string version = "00", std::string flags = "01") {
  return version + "-" + kTrace + "-" + kParent + "-" + flags;
}

TEST(TraceContext, KeepsTheTraceAndTakesASpanOfItsOwn) {
  auto context = ReadTraceContext(Parent(), SystemRandom());
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(context->trace_id, kTrace);
  EXPECT_EQ(context->parent_id, kParent);
  EXPECT_EQ(context->span_id.size(), 16u);
  EXPECT_NE(context->span_id, kParent);
  EXPECT_EQ(context->Header(),
            std::string("00-") + kTrace + "-" + context->span_id + "-01");
}

TEST(TraceContext, ReadsLaterVersionsAsThisOne) {
  auto context = ReadTraceContext(Parent("cc", "0b") + "-more", SystemRandom());
  ASSERT_TRUE(context.has_value());
  EXPECT_EQ(context->flags, "01");
  EXPECT_TRUE(ReadTraceContext(Parent("cc"), SystemRandom()).has_value());
  EXPECT_FALSE(
      ReadTraceContext(Parent("cc") + "more", SystemRandom()).has_value());
}

TEST(TraceContext, PassesOverWhatBreaksTheRules) {
  for (std::string bad :
       {std::string(), std::string("00"), Parent("ff"), Parent("00", "0G"),
        Parent() + "-x", Parent("0Z"),
        std::string("00-00000000000000000000000000000000-") + kParent + "-01",
        std::string("00-") + kTrace + "-0000000000000000-01",
        std::string("00-4BF92F3577B34DA6A3CE929D0E0E4736-") + kParent + "-01",
        std::string("00_") + kTrace + "-" + kParent + "-01"}) {
    EXPECT_FALSE(ReadTraceContext(bad, SystemRandom()).has_value()) << bad;
  }
}

}  // namespace
}  // namespace cofferdam::gate
