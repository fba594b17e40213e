#include "agent/message.h"

#include <gtest/gtest.h>

namespace cofferdam::agent {
namespace {

TEST(MessageTest, ANoteIsSentBeforeTheWordsOfTheUser) {
  Message message;
  message.text = "Go on.";
  EXPECT_EQ(SentText(message), "Go on.");
  message.note = "[mode: plan]";
  EXPECT_EQ(SentText(message), "[mode: plan]\n\nGo on.");
  message.text.clear();
  EXPECT_EQ(SentText(message), "[mode: plan]");
}

}  // namespace
}  // namespace cofferdam::agent
