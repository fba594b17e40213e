#include "console/sealed_mark.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "base/check.h"
#include "console/admin.h"
#include "console/stores.h"

namespace cofferdam::console {
namespace {

class SealedMark : public testing::Test {
 protected:
  SealedMark() {
    std::string pattern = testing::TempDir() + "sealed_XXXXXX";
    CHECK(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    options_.folder = folder_;
  }
  ~SealedMark() override { std::filesystem::remove_all(folder_); }

  enum class Build { kNo, kYes };
  void Open(Build build) {
    auto admin = Admin::Open(options_, logger_);
    CHECK_OK(admin);
    EXPECT_FALSE(IsSealed(folder_));
    if (build == Build::kYes) {
      auto built = (*admin)->Call("POST", "index/build");
      CHECK_OK(built);
    }
    CHECK_OK((*admin)->Close());
  }
  Logger logger_{LogLevel::kError};
  StoresOptions options_;
  std::string folder_;
};

TEST_F(SealedMark, HoldsWhereThereIsNoLedger) {
  EXPECT_TRUE(IsSealed(folder_));
  EXPECT_TRUE(IsSealed(folder_ + "/none"));
}

TEST_F(SealedMark, HoldsFromACloseUntilTheNextOpening) {
  Open(Build::kNo);
  EXPECT_TRUE(IsSealed(folder_));
  Open(Build::kYes);
  EXPECT_TRUE(IsSealed(folder_));
}

TEST_F(SealedMark, AChangedOrLostFileEndsIt) {
  Open(Build::kYes);
  std::ofstream(folder_ + "/ledger/more") << "x";
  EXPECT_FALSE(IsSealed(folder_));
  std::filesystem::remove(folder_ + "/ledger/more");
  EXPECT_TRUE(IsSealed(folder_));
  std::filesystem::remove(folder_ + "/index/sealed");
  EXPECT_FALSE(IsSealed(folder_));
}

TEST_F(SealedMark, IsNotMadeWhereTheIndexLacksSomething) {
  Open(Build::kYes);
  EXPECT_TRUE(IsSealed(folder_));
  MarkSealed(folder_, 0);
  EXPECT_TRUE(IsSealed(folder_));
  std::filesystem::remove(folder_ + "/index/sealed");
  MarkSealed(folder_, 1);
  EXPECT_FALSE(IsSealed(folder_));
}

}  // namespace
}  // namespace cofferdam::console
