#include "base/error_json.h"

#include <gtest/gtest.h>

namespace cofferdam {
namespace {

TEST(ErrorJson, EveryCodeSurvivesJson) {
  for (int i = 0; i <= static_cast<int>(Code::kInternal); ++i) {
    const Error error(static_cast<Code>(i), "a \"b\"\n\\ c");
    const Error read = ErrorFromJson(ErrorToJson(error));
    EXPECT_EQ(read.code(), error.code());
    EXPECT_EQ(read.message(), error.message());
  }
}

TEST(ErrorJson, HasTheFormThatClientsRead) {
  EXPECT_EQ(ErrorToJson(Error(Code::kNotFound, "no")),
            R"({"error":{"code":"not_found","message":"no"}})");
}

TEST(ErrorJson, WhatIsNoErrorIsInternal) {
  for (const char* text :
       {"", "<html>", "{}", R"({"error":"x"})", R"({"error":{"code":"odd"}})",
        R"({"error":{"code":"denied"}})",
        R"({"error":{"code":"denied","message":7}})"}) {
    EXPECT_EQ(ErrorFromJson(text).code(), Code::kInternal) << text;
  }
}

}  // namespace
}  // namespace cofferdam
