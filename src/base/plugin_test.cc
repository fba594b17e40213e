#include "base/plugin.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/file.h"

namespace cofferdam {
namespace {

class PluginTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "plugin_test.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    std::filesystem::create_directories(root_ + "/bin");
    std::filesystem::create_directories(root_ + "/lib/cofferdam");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::string Put(const std::string& name) {
    const std::string path = root_ + name;
    EXPECT_TRUE(WriteFileAtomically(path, "", 0600).ok());
    return path;
  }
  std::string Find() const {
    return InstalledPath(root_ + "/bin/program", "lib.so");
  }

  std::string root_;
};

TEST_F(PluginTest, AFileThatIsNowhereIsNamedBesideTheProgram) {
  EXPECT_EQ(Find(), root_ + "/bin/lib.so");
}

TEST_F(PluginTest, AFileIsFoundWhereDistributionsPutLibraries) {
  const std::string shared = Put("/lib/cofferdam/lib.so");
  EXPECT_EQ(Find(), shared);
}

TEST_F(PluginTest, WhatStandsBesideTheProgramComesFirst) {
  Put("/lib/cofferdam/lib.so");
  const std::string beside = Put("/bin/lib.so");
  EXPECT_EQ(Find(), beside);
}

TEST_F(PluginTest, ALibraryThatIsNotThereIsNamed) {
  const auto opened = OpenPlugin(Find(), "entry");
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), Code::kUnavailable);
  EXPECT_NE(opened.error().message().find(Find()), std::string::npos);
}

TEST_F(PluginTest, AFunctionIsTheLibrarysOwn) {
  // By its name alone the loader looks where all libraries are.
  const auto found = OpenPlugin("libm.so.6", "cos");
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_EQ(reinterpret_cast<double (*)(double)>(*found)(0), 1);
  EXPECT_EQ(OpenPlugin("libm.so.6", "no_such_name").error().code(),
            Code::kUnavailable);
}

TEST(ProgramPath, IsTheProgramThatRuns) {
  const auto path = ProgramPath();
  ASSERT_TRUE(path.ok());
  EXPECT_TRUE(path->ends_with("/base_test")) << *path;
}

}  // namespace
}  // namespace cofferdam
