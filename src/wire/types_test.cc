#include "wire/types.h"

#include <gtest/gtest.h>

namespace cofferdam::wire {
namespace {

TEST(Protocol, HasTheNamesOfTheConfiguration) {
  EXPECT_EQ(ProtocolName(Protocol::kAnthropicMessages), "anthropic-messages");
  EXPECT_EQ(ParseProtocol("openai-responses"), Protocol::kOpenAiResponses);
  EXPECT_EQ(ParseProtocol("openai-chat"), Protocol::kOpenAiChat);
  EXPECT_EQ(ParseProtocol("gemini"), Protocol::kGemini);
  EXPECT_EQ(ParseProtocol("openai"), std::nullopt);
}

TEST(PartKind, IsReadBackFromItsName) {
  for (PartKind kind : {PartKind::kText, PartKind::kThinking,
                        PartKind::kToolInput, PartKind::kFile, PartKind::kEdit,
                        PartKind::kPatch, PartKind::kCommand}) {
    EXPECT_EQ(ParsePartKind(PartKindName(kind)), kind);
  }
  EXPECT_EQ(ParsePartKind("files"), std::nullopt);
}

TEST(UsageSource, HasNames) {
  EXPECT_EQ(UsageSourceName(UsageSource::kEstimated), "estimated");
  EXPECT_EQ(UsageSourceName(UsageSource::kReported), "reported");
  EXPECT_EQ(UsageSourceName(UsageSource::kNone), "none");
}

}  // namespace
}  // namespace cofferdam::wire
