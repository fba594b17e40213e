#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace cofferdam {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) return Error(Code::kInvalid, "odd");
  return number / 2;
}

Result<int> Quarter(int number) {
  TRY_ASSIGN(int half, Half(number));
  return Half(half);
}

TEST(Result, CarriesTheValueOrTheError) {
  EXPECT_EQ(*Half(4), 2);
  EXPECT_EQ(Half(3).error().code(), Code::kInvalid);
}

TEST(Result, TryAssignReturnsTheInnerError) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).error().message(), "odd");
}

TEST(Error, ReadsFromOutsideIn) {
  Error error = Error(Code::kInvalid, "unknown \"antropic\"")
                    .Within("[rule.2] provider")
                    .Within("load config cofferdam.toml");
  EXPECT_EQ(error.message(),
            "load config cofferdam.toml: [rule.2] provider: unknown "
            "\"antropic\"");
  EXPECT_EQ(error.code(), Code::kInvalid);
}

TEST(Error, FromErrnoNamesTheThingAndTheReason) {
  Error error = Error::FromErrno(ENOSPC, "write ledger");
  EXPECT_EQ(error.code(), Code::kExhausted);
  EXPECT_EQ(error.message(), "write ledger: No space left on device");
}

TEST(Code, EveryCodeHasANameAndAStatus) {
  for (int i = 0; i <= static_cast<int>(Code::kInternal); ++i) {
    EXPECT_EQ(ParseCode(CodeName(static_cast<Code>(i))), static_cast<Code>(i));
    EXPECT_GE(HttpStatus(static_cast<Code>(i)), 400);
  }
  EXPECT_FALSE(ParseCode("no such code").has_value());
}

TEST(ResultDeathTest, ReadingAMissingValueEndsTheProcess) {
  EXPECT_DEATH(static_cast<void>(Half(3).value()), "CHECK failed");
}

}  // namespace
}  // namespace cofferdam
