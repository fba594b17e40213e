#include "agent/turn/system_prompt.h"

#include <gtest/gtest.h>

namespace cofferdam::agent {
namespace {

TEST(SystemPromptTest, ItIsShortAndTheSameEveryTime) {
  PromptFacts facts;
  facts.workspace = "/home/someone/projects/with-a-long-name";
  std::string prompt = SystemPrompt(facts);
  EXPECT_LE(prompt.size(), kSystemPromptBytesMax);
  EXPECT_EQ(prompt, SystemPrompt(facts));
}

TEST(SystemPromptTest, InstructionsAndTrailerStandAtItsEnd) {
  PromptFacts facts;
  facts.workspace = "/w";
  std::string plain = SystemPrompt(facts);
  facts.trailer = "Assisted-by: scripted";
  facts.instructions = "Use tabs.";
  std::string prompt = SystemPrompt(facts);
  EXPECT_TRUE(prompt.starts_with(plain));
  EXPECT_NE(prompt.find("Assisted-by: scripted"), std::string::npos);
  EXPECT_TRUE(prompt.ends_with("Use tabs.\n"));
}

}  // namespace
}  // namespace cofferdam::agent
