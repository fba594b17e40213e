#include "agent/terminal/prompt_history.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "base/file.h"

namespace cofferdam::agent {
namespace {

class PromptHistoryTest : public testing::Test {
 protected:
  PromptHistoryTest() {
    std::filesystem::remove_all(folder_);
    path_ = folder_ + "/state/code-prompts";
  }
  std::string folder_ =
      testing::TempDir() + "/prompts_" +
      testing::UnitTest::GetInstance()->current_test_info()->name();
  std::string path_;
};

TEST_F(PromptHistoryTest, PromptsAreThereInTheNextSession) {
  PromptHistory first(path_);
  first.Add("one");
  first.Add("two\nlines \"quoted\"");
  first.Add("two\nlines \"quoted\"");  // the same again
  first.Add("");
  PromptHistory second(path_);
  EXPECT_EQ(second.entries(),
            (std::vector<std::string>{"one", "two\nlines \"quoted\""}));
  struct stat facts{};
  ASSERT_EQ(::stat(path_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0600u);
}

TEST_F(PromptHistoryTest, WalkingComesBackToTheDraft) {
  PromptHistory history("");
  history.Add("one");
  history.Add("two");
  EXPECT_EQ(history.Older("draft"), "two");
  EXPECT_EQ(history.Older("two"), "one");
  EXPECT_EQ(history.Older("one"), std::nullopt);
  EXPECT_EQ(history.Newer(), "two");
  EXPECT_EQ(history.Newer(), "draft");
  EXPECT_EQ(history.Newer(), std::nullopt);
}

TEST_F(PromptHistoryTest, FindsFromTheNewestWhateverTheCase) {
  PromptHistory history("");
  history.Add("Fix the parser");
  history.Add("run tests");
  history.Add("fix the lexer");
  EXPECT_EQ(history.Find("FIX", 3), 2u);
  EXPECT_EQ(history.Find("fix", 2), 0u);
  EXPECT_EQ(history.Find("nothing", 3), std::nullopt);
}

TEST_F(PromptHistoryTest, HoldsNoMoreThanItsLimits) {
  PromptHistory history(path_);
  history.Add(std::string(kKeptPromptBytesMax, 'x'));
  history.Add(std::string(kKeptPromptBytesMax + 1, 'y'));
  EXPECT_EQ(history.entries().size(), 1u);
  for (size_t i = 0; i < kPromptsMax; ++i) history.Add(std::to_string(i));
  EXPECT_EQ(history.entries().size(), kPromptsMax);
  EXPECT_EQ(history.entries().front(), "0");
}

TEST_F(PromptHistoryTest, AFileThatHasGrownTooLongIsCut) {
  ASSERT_TRUE(MakeFolder(folder_ + "/state", 0700).ok());
  std::string lines;
  while (lines.size() <= kPromptFileBytesMax) {
    lines +=
        WritePromptLine(std::string(4000, 'x') + std::to_string(lines.size()));
  }
  ASSERT_TRUE(WriteFileAtomically(path_, lines + "[\"torn", 0600).ok());
  PromptHistory history(path_);
  const std::string last = history.entries().back();
  const auto kept = ReadFile(path_, size_t{16} << 20);
  ASSERT_TRUE(kept.ok());
  EXPECT_LE(kept->size(), kPromptFileBytesMax / 2);
  PromptHistory again(path_);
  EXPECT_EQ(again.entries().back(), last);
}

TEST_F(PromptHistoryTest, TheExampleOfItsPageIsRead) {
  const auto page =
      ReadFile(std::string(COFFERDAM_FORMATS) + "/code-prompts.md", 1 << 20);
  ASSERT_TRUE(page.ok());
  const size_t begin = page->find("```json\n") + 8;
  std::string_view lines(*page);
  lines = lines.substr(begin, page->find("```", begin) - begin);
  std::vector<std::string> prompts;
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    const auto prompt = ReadPromptLine(lines.substr(0, end));
    ASSERT_TRUE(prompt);
    EXPECT_EQ(WritePromptLine(*prompt), lines.substr(0, end + 1));
    prompts.push_back(*prompt);
    lines.remove_prefix(end + 1);
  }
  EXPECT_EQ(prompts, (std::vector<std::string>{"fix the failing test",
                                               "first line\nsecond line"}));
}

}  // namespace
}  // namespace cofferdam::agent
