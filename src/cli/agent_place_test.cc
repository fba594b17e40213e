#include "cli/agent_place.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "base/file.h"

namespace cofferdam::cli {
namespace {

namespace fs = std::filesystem;

using testing::ElementsAre;
using testing::IsEmpty;

class AgentPlaceTest : public testing::Test {
 protected:
  AgentPlaceTest() {
    fs::create_directories(own_ + "/history");
    Write(own_ + "/settings.json", "own");
    Write(own_ + "/state.json", "before");
    launch_.mirror = {own_, folder_ + "/.agent"};
    launch_.files = {{folder_ + "/.agent/settings.json", "ours"}};
  }
  ~AgentPlaceTest() override { fs::remove_all(root_); }

  static void Write(const std::string& path, std::string_view text) {
    std::ofstream(path) << text;
  }
  static std::string Read(const std::string& path) {
    auto text = ReadFile(path, 1 << 20);
    return text.ok() ? *text : "(none)";
  }
  static fs::perms Mode(const std::string& path) {
    return fs::status(path).permissions();
  }
  void Start() {
    auto place = AgentPlace::Make(folder_, launch_);
    ASSERT_TRUE(place.ok()) << place.error().message();
    place_.emplace(*std::move(place));
  }

  std::string root_ =
      testing::TempDir() + "agent_place_test." +
      testing::UnitTest::GetInstance()->current_test_info()->name();
  std::string own_ = root_ + "/home/.agent";
  std::string folder_ = root_ + "/launches/one";
  std::string mirror_ = folder_ + "/.agent";
  AgentLaunch launch_;
  std::optional<AgentPlace> place_;
};

TEST_F(AgentPlaceTest, TheAgentSeesItsFilesAndOurSettings) {
  Start();
  EXPECT_EQ(Read(mirror_ + "/settings.json"), "ours");
  EXPECT_EQ(Read(mirror_ + "/state.json"), "before");
  EXPECT_TRUE(fs::is_directory(mirror_ + "/history"));
  EXPECT_EQ(Mode(mirror_ + "/settings.json"),
            fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(Mode(folder_), fs::perms::owner_all);
  EXPECT_EQ(Mode(mirror_), fs::perms::owner_all);
}

TEST_F(AgentPlaceTest, NothingOfItIsLeftAndTheUsersSettingsAreUntouched) {
  Start();
  place_.reset();
  EXPECT_FALSE(fs::exists(folder_));
  EXPECT_EQ(Read(own_ + "/settings.json"), "own");
  EXPECT_EQ(Read(own_ + "/state.json"), "before");
  EXPECT_TRUE(fs::is_directory(own_ + "/history"));
}

TEST_F(AgentPlaceTest, WhatTheAgentWritesIsKept) {
  Start();
  Write(mirror_ + "/history/a", "through a link");
  Write(mirror_ + "/new.json", "a new file");
  fs::create_directories(mirror_ + "/tmp/chats");
  Write(mirror_ + "/tmp/chats/b", "in a new folder");
  fs::remove(mirror_ + "/state.json");
  Write(mirror_ + "/state.json", "in place of a link");
  place_.reset();
  EXPECT_EQ(Read(own_ + "/history/a"), "through a link");
  EXPECT_EQ(Read(own_ + "/new.json"), "a new file");
  EXPECT_EQ(Read(own_ + "/tmp/chats/b"), "in a new folder");
  EXPECT_EQ(Read(own_ + "/state.json"), "in place of a link");
}

TEST_F(AgentPlaceTest, AFolderThatTwoRunsMakeHoldsWhatBothWrote) {
  Start();
  fs::create_directories(mirror_ + "/tmp");
  Write(mirror_ + "/tmp/mine", "mine");
  fs::create_directories(own_ + "/tmp");
  Write(own_ + "/tmp/other", "other");
  place_.reset();
  EXPECT_EQ(Read(own_ + "/tmp/mine"), "mine");
  EXPECT_EQ(Read(own_ + "/tmp/other"), "other");
}

TEST_F(AgentPlaceTest, ALinkThatTheAgentTakesAwayTakesNothingWithIt) {
  Start();
  fs::remove(mirror_ + "/history");
  place_.reset();
  EXPECT_TRUE(fs::is_directory(own_ + "/history"));
}

TEST_F(AgentPlaceTest, ChangedSettingsAreNamedAndNotKept) {
  Start();
  EXPECT_THAT(place_->ChangedFiles(), IsEmpty());
  Write(mirror_ + "/settings.json", "changed");
  EXPECT_THAT(place_->ChangedFiles(), ElementsAre("settings.json"));
  place_.reset();
  EXPECT_EQ(Read(own_ + "/settings.json"), "own");
}

TEST_F(AgentPlaceTest, AnAgentThatNeverRanHasNoFolderYet) {
  fs::remove_all(own_);
  Start();
  place_.reset();
  EXPECT_FALSE(fs::exists(own_));
  Start();
  Write(mirror_ + "/state.json", "first");
  place_.reset();
  EXPECT_EQ(Read(own_ + "/state.json"), "first");
}

TEST_F(AgentPlaceTest, LinksToWhatIsNotThereAreLeftOut) {
  Write(root_ + "/there", "x");
  launch_.links = {{folder_ + "/a", root_ + "/there"},
                   {folder_ + "/b", root_ + "/not_there"}};
  Start();
  EXPECT_EQ(Read(folder_ + "/a"), "x");
  EXPECT_FALSE(fs::is_symlink(folder_ + "/b"));
  place_.reset();
  EXPECT_EQ(Read(root_ + "/there"), "x");
}

TEST_F(AgentPlaceTest, ALaunchThatNeedsNothingMakesNothing) {
  launch_ = AgentLaunch();
  Start();
  EXPECT_FALSE(fs::exists(folder_));
}

TEST_F(AgentPlaceTest, AFolderThatCannotBeMadeIsNamed) {
  Write(root_ + "/launches", "a file");
  auto place = AgentPlace::Make(folder_, launch_);
  ASSERT_FALSE(place.ok());
  EXPECT_THAT(place.error().message(), testing::HasSubstr("launches"));
}

TEST(NewAgentFolder, IsBelowTheRuntimeFolderOrTheCache) {
  auto with = [](const std::string& runtime, const std::string& home) {
    return NewAgentFolder(
        [&](const char* name) {
          return std::string(name) == "HOME" ? home : runtime;
        },
        "run-1");
  };
  EXPECT_EQ(*with("/run/user/7", "/home/a"), "/run/user/7/cofferdam/run-1");
  EXPECT_EQ(*with("", "/home/a"), "/home/a/.cache/cofferdam/run-1");
  EXPECT_EQ(*with("relative", "/home/a"), "/home/a/.cache/cofferdam/run-1");
  EXPECT_FALSE(with("", "").ok());
}

}  // namespace
}  // namespace cofferdam::cli
