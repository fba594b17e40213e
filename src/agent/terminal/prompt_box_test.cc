#include "agent/terminal/prompt_box.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/file.h"

namespace cofferdam::agent {
namespace {

using Outcome = PromptBox::Outcome;

class PromptBoxTest : public testing::Test {
 protected:
  PromptBoxTest() {
    std::filesystem::remove_all(folder_);
    EXPECT_TRUE(MakeFolder(folder_ + "/src", 0700).ok());
    for (const char* name : {"/src/main.cc", "/src/map.cc", "/my notes.md"}) {
      EXPECT_TRUE(WriteFileAtomically(folder_ + name, "x", 0600).ok());
    }
  }

  Outcome Type(std::string_view bytes) {
    KeyReader reader;
    std::vector<Key> keys;
    reader.Feed(bytes, &keys);
    reader.Flush(&keys);
    Outcome last = Outcome::kUsed;
    for (const Key& key : keys) last = box_.Press(key);
    return last;
  }

  std::string Below(size_t row) {
    const auto view = box_.Look(60, 5);
    return row < view.below.size() ? PlainText(view.below[row]) : "";
  }

  void WaitForFiles() {
    pollfd ready{files_.wake_fd(), POLLIN, 0};
    ASSERT_GT(::poll(&ready, 1, 20'000), 0);
    files_.TakeWake();
    box_.Refresh();
  }

  std::string folder_ =
      testing::TempDir() + "/box_" +
      testing::UnitTest::GetInstance()->current_test_info()->name();
  PromptHistory history_{""};
  FileFinder files_{folder_, SystemClock()};
  PromptBox box_{history_, files_};
};

TEST_F(PromptBoxTest, CommandsAreSuggestedAndSentByEnter) {
  Type("/mo");
  EXPECT_NE(Below(0).find("/mode"), std::string::npos);
  EXPECT_NE(Below(1).find("/model"), std::string::npos);
  EXPECT_EQ(Type("\x1b[B\t"), Outcome::kUsed);
  EXPECT_EQ(box_.editor().text(), "/model ");
  EXPECT_EQ(Below(0), "");
  Type("x");
  EXPECT_EQ(Type("\r"), Outcome::kSend);
  EXPECT_EQ(box_.Take(), "/model x");
  Type("/qu");
  EXPECT_EQ(Type("\r"), Outcome::kSend);
  EXPECT_EQ(box_.Take(), "/quit");
}

TEST_F(PromptBoxTest, FilesAreSuggestedOnceTheyAreListed) {
  Type("see @ma");
  EXPECT_EQ(Below(0), "");  // never waits
  WaitForFiles();
  EXPECT_NE(Below(0).find("@src/map.cc"), std::string::npos);
  Type("i\r");
  EXPECT_EQ(box_.editor().text(), "see @src/main.cc ");
  Type("and @notes\t");
  EXPECT_EQ(box_.editor().text(), "see @src/main.cc and @\"my notes.md\" ");
  Type("mail@ma");
  EXPECT_EQ(Below(0), "");  // no mention
}

TEST_F(PromptBoxTest, MoreFilesLeaveWhatWasChosenAndWhatWasClosed) {
  Type("@ma");
  WaitForFiles();
  Type("\x1b[B");
  EXPECT_NE(Below(1).find("▸ @src/main.cc"), std::string::npos) << Below(1);
  box_.Refresh();
  EXPECT_NE(Below(1).find("▸ @src/main.cc"), std::string::npos) << Below(1);
  Type("\x1b");
  box_.Refresh();
  EXPECT_EQ(Below(0), "");
}

TEST_F(PromptBoxTest, EscClosesSuggestionsBeforeItMeansAnythingElse) {
  Type("/he");
  EXPECT_NE(Below(0), "");
  EXPECT_EQ(Type("\x1b"), Outcome::kUsed);
  EXPECT_EQ(Below(0), "");
  EXPECT_EQ(Type("\x1b"), Outcome::kUnused);
}

TEST_F(PromptBoxTest, UpAndDownGoThroughWhatWasTyped) {
  history_.Add("older");
  history_.Add("newer");
  Type("draft\x1b[A");
  EXPECT_EQ(box_.editor().text(), "newer");
  Type("\x1b[A\x1b[A");
  EXPECT_EQ(box_.editor().text(), "older");
  Type("\x1b[B\x1b[B");
  EXPECT_EQ(box_.editor().text(), "draft");
}

TEST_F(PromptBoxTest, CtrlRSearchesBackwards) {
  history_.Add("make test");
  history_.Add("git log");
  history_.Add("make all");
  Type("draft\x12make");
  EXPECT_EQ(box_.editor().text(), "make all");
  Type("\x12");
  EXPECT_EQ(box_.editor().text(), "make test");
  EXPECT_EQ(Type("\r"), Outcome::kUsed);  // seen before it is sent
  EXPECT_EQ(Type("\r"), Outcome::kSend);
  EXPECT_EQ(box_.Take(), "make test");
  Type("draft\x12nothing");
  EXPECT_NE(Below(0).find("not found"), std::string::npos);
  Type("\x1b");
  EXPECT_EQ(box_.editor().text(), "draft");
}

TEST_F(PromptBoxTest, AListIsShownInPartsAsItGrows) {
  // Three files: parts at one and at two, then the whole.
  FileFinder files(folder_, SystemClock(), /*first_part=*/1);
  files.Begin();
  uint64_t shown = 0;
  while (shown < 3) {
    pollfd ready{files.wake_fd(), POLLIN, 0};
    ASSERT_GT(::poll(&ready, 1, 20'000), 0) << shown;
    ASSERT_NE(files.list(), nullptr);
    uint64_t more = 0;
    ASSERT_EQ(::read(files.wake_fd(), &more, sizeof more),
              static_cast<ssize_t>(sizeof more));
    shown += more;
  }
  EXPECT_EQ(shown, 3u);
  EXPECT_EQ(files.list()->size(), 3u);
}

TEST(PathList, BestFitsComeFirst) {
  PathList list;
  for (const char* path :
       {"docs/terminal.md", "src/agent/terminal/terminal.cc",
        "src/agent/terminal/tty.cc", "test/needle_unique.txt", "README.md"}) {
    list.Add(path);
  }
  EXPECT_EQ(list.Best("needle_uni", 5),
            (std::vector<std::string>{"test/needle_unique.txt"}));
  EXPECT_EQ(list.Best("TTY", 5).front(), "src/agent/terminal/tty.cc");
  EXPECT_EQ(list.Best("readme", 5).front(), "README.md");
  EXPECT_EQ(list.Best("", 2).size(), 2u);
  EXPECT_TRUE(list.Best("zzz", 5).empty());
}

}  // namespace
}  // namespace cofferdam::agent
