#include "http/date_internal.h"

#include <gtest/gtest.h>

namespace cofferdam::http {
namespace {

TEST(DateField, WritesTheFormThatEverybodyMustRead) {
  DateField date;
  EXPECT_EQ(date.At(784'111'777'000'000),
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  EXPECT_EQ(date.At(784'111'777'999'999),
            "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
  EXPECT_EQ(date.At(784'111'778'000'000),
            "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
  EXPECT_EQ(date.At(0), "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n");
  EXPECT_EQ(date.At(253'402'300'799'000'000),
            "Date: Fri, 31 Dec 9999 23:59:59 GMT\r\n");
}

}  // namespace
}  // namespace cofferdam::http
