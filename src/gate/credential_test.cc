#include "gate/credential.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <future>

#include "base/file.h"
#include "http/run_task_testing.h"

namespace cofferdam::gate {
namespace {

using testing::HasSubstr;

// Time that a test moves.
class TestClock : public Clock {
 public:
  int64_t WallMicros() const override { return now_; }
  int64_t SteadyMicros() const override { return now_; }
  void Pass(int64_t ms) { now_ += ms * 1000; }

 private:
  std::atomic<int64_t> now_ = 1'000'000'000;
};

class CredentialTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "credential_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    file_ = folder + "/secret";
  }

  std::shared_ptr<Credential> Open(const CredentialOptions& options) {
    return Credential::Open(options, "up", clock_, workers_, logger_);
  }

  Result<std::string> Get(Credential& credential) {
    Result<Credential::Value> value =
        http::RunTask(loops_, credential.Get(loops_.at(0)));
    if (!value.ok()) return value.error();
    return **value;
  }

  void Write(std::string_view secret) {
    ASSERT_TRUE(WriteFileAtomically(file_, secret, 0600).ok());
  }
  std::string Value(Credential& credential) {
    auto value = Get(credential);
    return value.ok() ? *value : value.error().message();
  }
  // Returns once a fetch in the background has ended.
  void Settle() {
    std::promise<void> done;
    ASSERT_TRUE(workers_.Submit([&] { done.set_value(); }).ok());
    done.get_future().get();
  }

  TestClock clock_;
  Logger logger_{LogLevel::kError, [](std::string_view) {}};
  http::LoopPool loops_{1};
  Workers workers_{1, 8};
  std::string file_;
};

TEST_F(CredentialTest, WithoutASourceNothingIsShown) {
  auto credential = Open({});
  EXPECT_EQ(Value(*credential), "");
  EXPECT_TRUE(credential->state().ok());
}

TEST_F(CredentialTest, AVariableThatIsNotSetIsNamed) {
  CredentialOptions options;
  options.env = "COFFERDAM_TEST_NO_SUCH_VARIABLE";
  auto credential = Open(options);
  EXPECT_EQ(credential->state().error().code(), Code::kUnavailable);
  EXPECT_THAT(Value(*credential), HasSubstr(options.env));
  EXPECT_THAT(Value(*credential), HasSubstr("upstream \"up\""));
}

TEST_F(CredentialTest, AFileIsReadAgainAfterItsTimeWithoutHoldingAnyoneUp) {
  Write("one\n");
  CredentialOptions options;
  options.file = file_;
  auto credential = Open(options);
  Write("two");
  clock_.Pass(options.refresh_ms - 1);
  EXPECT_EQ(Value(*credential), "one");
  Settle();
  EXPECT_EQ(Value(*credential), "one");
  clock_.Pass(1);
  EXPECT_EQ(Value(*credential), "one");  // the new one is fetched beside
  Settle();
  EXPECT_EQ(Value(*credential), "two");
}

TEST_F(CredentialTest, ARefusedValueIsNotShownAgain) {
  Write("one");
  CredentialOptions options;
  options.file = file_;
  auto credential = Open(options);
  Write("two");
  credential->Refused();
  EXPECT_EQ(Value(*credential), "one");  // too young to have changed
  clock_.Pass(Credential::kRetryMs);
  credential->Refused();
  EXPECT_EQ(Value(*credential), "two");
}

TEST_F(CredentialTest, ACommandRunsForTheFirstRequest) {
  CredentialOptions options;
  options.command = {"sh", "-c", "printf ' token-1\\n'"};
  auto credential = Open(options);
  EXPECT_TRUE(credential->state().ok());
  EXPECT_EQ(Value(*credential), "token-1");
}

TEST_F(CredentialTest, ACommandThatFailsIsTriedAgainButNotAtOnce) {
  CredentialOptions options;
  options.command = {"sh", "-c", "cat " + file_};
  auto credential = Open(options);
  EXPECT_THAT(Value(*credential), HasSubstr("sh exited with code 1"));
  Write("late");
  EXPECT_THAT(Value(*credential), HasSubstr("sh exited with code 1"));
  EXPECT_FALSE(credential->state().ok());
  clock_.Pass(Credential::kRetryMs);
  EXPECT_EQ(Value(*credential), "late");
  EXPECT_TRUE(credential->state().ok());
}

TEST_F(CredentialTest, WhatCannotStandInAHeaderIsRefusedWithoutBeingShown) {
  for (std::string_view bad :
       {"", " \n", "two words", "line\nbreak", "t\x01"}) {
    Write(bad);
    CredentialOptions options;
    options.file = file_;
    auto credential = Open(options);
    auto value = Get(*credential);
    ASSERT_FALSE(value.ok()) << bad;
    EXPECT_EQ(value.error().code(), Code::kUnavailable);
    EXPECT_EQ(value.error().message().find("words"), std::string::npos);
  }
}

TEST_F(CredentialTest, ALastGoodValueOutlivesAFileThatGoes) {
  Write("one");
  CredentialOptions options;
  options.file = file_;
  auto credential = Open(options);
  ASSERT_EQ(unlink(file_.c_str()), 0);
  clock_.Pass(options.refresh_ms);
  EXPECT_EQ(Value(*credential), "one");
  Settle();
  EXPECT_EQ(Value(*credential), "one");
}

}  // namespace
}  // namespace cofferdam::gate
