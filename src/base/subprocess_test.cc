#include "base/subprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cofferdam {
namespace {

using testing::HasSubstr;
using testing::Not;

Result<std::string> Shell(const std::string& script,
                          SubprocessLimits limits = {}) {
  return ReadFromCommand({"sh", "-c", script}, limits);
}

TEST(ReadFromCommand, ReturnsWhatWasWritten) {
  auto output = Shell("printf 'one\\ntwo'");
  ASSERT_TRUE(output.ok()) << output.error().message();
  EXPECT_EQ(*output, "one\ntwo");
}

TEST(ReadFromCommand, GivesAnEmptyStdin) {
  auto output = Shell("cat; echo end");
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(*output, "end\n");
}

TEST(ReadFromCommand, SaysThatTheProgramIsMissing) {
  auto output = ReadFromCommand({"no-such-program-anywhere"}, {});
  ASSERT_FALSE(output.ok());
  EXPECT_EQ(output.error().code(), Code::kNotFound);
  EXPECT_THAT(output.error().message(), HasSubstr("no-such-program-anywhere"));
}

TEST(ReadFromCommand, TakesAnotherExitCodeThanZeroForAFailureWithoutOutput) {
  auto output = Shell("echo secret; exit 3");
  ASSERT_FALSE(output.ok());
  EXPECT_EQ(output.error().code(), Code::kUnavailable);
  EXPECT_THAT(output.error().message(), HasSubstr("exited with code 3"));
  EXPECT_THAT(output.error().message(), Not(HasSubstr("secret")));
}

TEST(ReadFromCommand, NamesTheSignalThatEndedIt) {
  auto output = Shell("kill -9 $$");
  ASSERT_FALSE(output.ok());
  EXPECT_THAT(output.error().message(), HasSubstr("signal 9"));
}

TEST(ReadFromCommand, KillsWhatTakesTooLongWithWhatItStarted) {
  SubprocessLimits limits;
  limits.timeout_ms = 50;
  auto output = Shell("sleep 1000 & sleep 1000", limits);
  ASSERT_FALSE(output.ok());
  EXPECT_EQ(output.error().code(), Code::kDeadline);
}

TEST(ReadFromCommand, BoundsItsOutput) {
  SubprocessLimits limits;
  limits.output_bytes_max = 5;
  auto whole = Shell("printf 12345", limits);
  ASSERT_TRUE(whole.ok());
  EXPECT_EQ(*whole, "12345");
  auto more = Shell("printf 123456", limits);
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().code(), Code::kTooLarge);
}

}  // namespace
}  // namespace cofferdam
