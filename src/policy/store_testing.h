#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "base/sqlite.h"
#include "base/sqlite_testing.h"
#include "policy/store.h"

namespace cofferdam::policy {

inline constexpr int64_t kStart = int64_t{1'763'683'200} * 1'000'000;
inline constexpr int64_t kSecond = 1'000'000;
inline constexpr int64_t kHour = 3600 * kSecond;
inline constexpr int64_t kDay = 24 * kHour;

// A store in a folder of its own, with a clock, randomness and a disk that do
// what the test says.
class StoreTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "store_test.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    options_.vfs = faults_.name();
    Open();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  // Closes the store and opens it again.
  void Open() {
    store_.reset();
    Result<std::unique_ptr<Store>> opened =
        Store::Open(folder_, clock_, random_, options_);
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    store_ = *std::move(opened);
  }

  Result<Principal> Authenticate(const std::string& secret) {
    return store_->directory()->Authenticate(secret, clock_.WallMicros());
  }
  // A person of team "red" with an engineer key; its secret.
  std::string AddEngineer(const std::string& email) {
    EXPECT_TRUE(store_->AddPerson(email, "red", "local").ok());
    Result<CreatedKey> key =
        store_->CreateKey(email, Role::kEngineer, std::nullopt, "local");
    EXPECT_TRUE(key.ok());
    return key.ok() ? key->secret : "";
  }
  // The store's file, beside the store's own connections.
  Database File() {
    Database::Options options;
    options.mode = Database::Mode::kReadWrite;
    options.vfs = faults_.name();
    return *Database::Open(folder_ + "/policy.sqlite", options);
  }
  int64_t Count(const std::string& table) {
    Database file = File();
    return *file.QueryInt("SELECT count(*) FROM " + table);
  }

  SqliteFaults faults_;
  FixedClock clock_{kStart};
  SeededRandom random_{1};
  StoreOptions options_;
  std::string folder_;
  std::unique_ptr<Store> store_;
};

}  // namespace cofferdam::policy
