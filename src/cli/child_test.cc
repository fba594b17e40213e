#include "cli/child.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>

namespace cofferdam::cli {
namespace {

int RunShell(const std::string& script) {
  auto child = Child::Start({"sh", "-c", script}, Environment({}, {}));
  return child.ok() ? child->Wait() : -1;
}

TEST(Child, ItsExitCodeComesThrough) {
  EXPECT_EQ(RunShell("exit 0"), 0);
  EXPECT_EQ(RunShell("exit 37"), 37);
}

TEST(Child, ASignalThatEndsItIs128AndItsNumber) {
  EXPECT_EQ(RunShell("kill -KILL $$"), 128 + SIGKILL);
}

TEST(Child, SigtermIsPassedOn) {
  // The child waits for the signal that its parent gets.
  EXPECT_EQ(RunShell("trap 'exit 5' TERM; kill -TERM $PPID; "
                     "for i in $(seq 500); do sleep 0.01; done; exit 6"),
            5);
}

TEST(Child, AProgramThatDoesNotExistIsNamed) {
  auto child = Child::Start({"no-such-program-x"}, {});
  ASSERT_FALSE(child.ok());
  EXPECT_EQ(child.error().code(), Code::kNotFound);
  EXPECT_THAT(child.error().message(), testing::HasSubstr("no-such-program-x"));
}

TEST(Environment, SetsAndUnsets) {
  setenv("CHILD_TEST_A", "1", 1);
  setenv("CHILD_TEST_B", "2", 1);
  std::vector<std::string> environment =
      Environment({"CHILD_TEST_A"}, {{"CHILD_TEST_B", "3"}});
  EXPECT_THAT(environment, testing::Contains("CHILD_TEST_B=3"));
  EXPECT_THAT(environment,
              testing::Not(testing::Contains(testing::HasSubstr("TEST_A"))));
  EXPECT_THAT(environment, testing::Not(testing::Contains("CHILD_TEST_B=2")));
}

}  // namespace
}  // namespace cofferdam::cli
