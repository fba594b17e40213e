#include "cli/config_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file.h"

namespace cofferdam::cli {
namespace {

class ConfigWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "config_watch_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    config_.file = folder + "/cofferdam.toml";
    config_.gate.tls.key = folder + "/key.pem";
    Write("one");
  }
  void Write(std::string_view text) {
    ASSERT_TRUE(WriteFileAtomically(config_.file, text, 0600).ok());
  }
  Config config_;
};

TEST_F(ConfigWatchTest, AFileThatIsReplacedCountsOnceItHasSettled) {
  ConfigWatch watch(config_);
  EXPECT_FALSE(watch.Changed());
  Write("two");
  EXPECT_FALSE(watch.Changed());  // may still be written to
  EXPECT_TRUE(watch.Changed());
  EXPECT_FALSE(watch.Changed());
}

TEST_F(ConfigWatchTest, AFileThatKeepsChangingIsLeftAlone) {
  ConfigWatch watch(config_);
  std::string text = "x";
  for (int i = 0; i < 5; ++i) {
    text += "x";
    Write(text);
    EXPECT_FALSE(watch.Changed());
  }
  EXPECT_TRUE(watch.Changed());
}

TEST_F(ConfigWatchTest, FilesThatComeAndGoCount) {
  ConfigWatch watch(config_);
  ASSERT_TRUE(WriteFileAtomically(config_.gate.tls.key, "key", 0600).ok());
  EXPECT_FALSE(watch.Changed());
  EXPECT_TRUE(watch.Changed());
  ASSERT_EQ(unlink(config_.gate.tls.key.c_str()), 0);
  EXPECT_FALSE(watch.Changed());
  EXPECT_TRUE(watch.Changed());
}

TEST_F(ConfigWatchTest, WhatChangesAndChangesBackIsNoChange) {
  ConfigWatch watch(config_);
  std::string aside = config_.file + ".aside";
  ASSERT_EQ(rename(config_.file.c_str(), aside.c_str()), 0);
  EXPECT_FALSE(watch.Changed());
  ASSERT_EQ(rename(aside.c_str(), config_.file.c_str()), 0);
  EXPECT_FALSE(watch.Changed());
  EXPECT_FALSE(watch.Changed());
}

}  // namespace
}  // namespace cofferdam::cli
