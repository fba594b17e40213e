#include "cli/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cofferdam::cli {
namespace {

using Takes = Flag::Takes;
using Count = Positional::Count;
using testing::ElementsAre;

// One table of commands whose runs note what they got.
class CommandLine : public testing::Test {
 protected:
  int Run(std::vector<std::string> arguments) {
    seen_.reset();
    auto note = [this](const Invocation& call) -> Result<int> {
      seen_ = call;
      return exit_code_;
    };
    return RunCommandLine(
        {{"key create",
          "make a key",
          {},
          {{"--person", Takes::kText, "who", true},
           {"--days", Takes::kNumber, "how long"},
           {"--json", Takes::kNothing, "JSON"}},
          false,
          note},
         {"scan", "scan", {{"PATH", Count::kMany, "paths"}}, {}, false, note},
         {"show", "show", {{"ID", Count::kOptional, "id"}}, {}, false, note},
         {"run", "run", {}, {{"--purpose", Takes::kText, "why"}}, true, note},
         {"fail",
          "fail",
          {},
          {},
          false,
          [](const Invocation&) -> Result<int> {
            return Error(Code::kNotFound, "it is not there");
          }}},
        arguments);
  }

  std::optional<Invocation> seen_;
  int exit_code_ = 0;
};

TEST_F(CommandLine, ReadsFlagsOfEachKind) {
  EXPECT_EQ(Run({"key", "create", "--person", "e@x", "--days", "7", "--json"}),
            0);
  ASSERT_TRUE(seen_.has_value());
  EXPECT_EQ(seen_->Text("--person"), "e@x");
  EXPECT_EQ(seen_->Number("--days"), 7);
  EXPECT_TRUE(seen_->json());
}

TEST_F(CommandLine, GlobalFlagsMayStandAnywhere) {
  EXPECT_EQ(Run({"--data", "d", "scan", "a", "b", "--config", "c"}), 0);
  EXPECT_EQ(seen_->Text("--data"), "d");
  EXPECT_EQ(seen_->Text("--config"), "c");
  EXPECT_THAT(seen_->positionals(), ElementsAre("a", "b"));
}

TEST_F(CommandLine, BadUsageIsTwo) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(Run({}), 2);
  EXPECT_EQ(Run({"no-such-command"}), 2);
  EXPECT_EQ(Run({"key", "create"}), 2);
  EXPECT_EQ(Run({"key", "create", "--person", "e", "--days", "soon"}), 2);
  EXPECT_EQ(Run({"scan"}), 2);
  EXPECT_EQ(Run({"show", "a", "b"}), 2);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::HasSubstr("--person is required"));
  EXPECT_FALSE(seen_.has_value());
}

TEST_F(CommandLine, EverythingBehindTwoDashesIsTheOtherProgramsOwn) {
  EXPECT_EQ(
      Run({"run", "--purpose", "p", "--", "claude", "--json", "-p", "--", "x"}),
      0);
  EXPECT_THAT(seen_->command(),
              ElementsAre("claude", "--json", "-p", "--", "x"));
  EXPECT_FALSE(seen_->json());
  testing::internal::CaptureStderr();
  EXPECT_EQ(Run({"run"}), 2);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::HasSubstr("behind --"));
}

TEST_F(CommandLine, AnOptionalPositionalMayBeLeftOut) {
  EXPECT_EQ(Run({"show"}), 0);
  EXPECT_EQ(seen_->positional(), "");
  EXPECT_EQ(Run({"show", "--", "id"}), 0);
  EXPECT_EQ(seen_->positional(), "id");
}

TEST_F(CommandLine, TheCommandsOwnCodeComesThroughAndErrorsAreTwo) {
  exit_code_ = 1;
  EXPECT_EQ(Run({"show"}), 1);
  testing::internal::CaptureStderr();
  EXPECT_EQ(Run({"fail"}), 2);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "cofferdam: it is not there\n");
}

}  // namespace
}  // namespace cofferdam::cli
