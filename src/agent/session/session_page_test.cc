#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "agent/session/session_file.h"
#include "agent/session/state_journal.h"
#include "base/file.h"

namespace cofferdam::agent {
namespace {

TEST(SessionPageTest, ItsExampleIsASessionThatCanBeGoneOnWith) {
  const std::string page =
      *ReadFile(COFFERDAM_FORMATS "/code-session.md", 1 << 20);
  size_t at = page.find("```jsonl\n");
  ASSERT_NE(at, std::string::npos);
  at += 9;
  // The last line has no end: what follows it is the page's.
  const std::string example = page.substr(at, page.find("\n```", at) - at);
  const std::string path = testing::TempDir() + "/session_page.jsonl";
  ASSERT_TRUE(WriteFileAtomically(path, example, 0600).ok());
  FixedClock clock(1);
  SessionState state;
  auto file = SessionFile::Open(path, clock, &state);
  ASSERT_TRUE(file.ok()) << file.error().message();
  EXPECT_EQ(state.begin.title, "Mend the tide");
  ASSERT_EQ(state.messages.size(), 2u);
  EXPECT_EQ(state.messages[1].text, "The tide is mended.");
  EXPECT_EQ(state.plan.size(), 1u);
  EXPECT_EQ(state.turns, 1u);
  EXPECT_EQ((*file)->SnapshotBefore(1),
            "8f2c1d4e9a0b37c655d2f1e08b94a7c3d6e5f012");
  EXPECT_EQ(state.notes.size(), 1u);
  EXPECT_EQ(std::filesystem::file_size(path), example.rfind('\n') + 1);
  std::filesystem::remove(path);
}

TEST(SessionPageTest, TheExampleOfTurnsIsOneTurnThatCounts) {
  const std::string page =
      *ReadFile(COFFERDAM_FORMATS "/code-files.md", 1 << 20);
  size_t at = page.find("```jsonl\n");
  ASSERT_NE(at, std::string::npos);
  at += 9;
  const std::string path = testing::TempDir() + "/turns_page.jsonl";
  ASSERT_TRUE(WriteFileAtomically(
                  path, page.substr(at, page.find("\n```", at) - at + 1), 0600)
                  .ok());
  StateJournal journal(path);
  auto turns = journal.Read();
  ASSERT_TRUE(turns.ok());
  ASSERT_EQ(turns->size(), 1u);
  EXPECT_EQ(turns->at(0).before.size(), 2u);
  EXPECT_EQ(turns->at(0).after, "9a0b37c655d2f1e08b94a7c3d6e5f0128f2c1d4e");
  // Written anew, it says the same.
  ASSERT_TRUE(journal.Rewrite(*turns).ok());
  EXPECT_EQ(journal.Read()->at(0).before, turns->at(0).before);
  std::filesystem::remove(path);
}

TEST(SessionPageTest, ItListsEveryKind) {
  const std::string page =
      *ReadFile(COFFERDAM_FORMATS "/code-session.md", 1 << 20);
  for (int i = 0; i <= static_cast<int>(SessionEntry::kEnd); ++i) {
    const std::string name(SessionEntryName(static_cast<SessionEntry>(i)));
    EXPECT_NE(page.find("| `" + name + "` |"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace cofferdam::agent
