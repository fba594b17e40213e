#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "console/api.h"
#include "console/stores_testing.h"

namespace cofferdam::console {

// The admin API of the stores of a test, called as "tester".
class ApiTest : public StoresTest {
 protected:
  Result<std::string> Call(const std::string& method, const std::string& path,
                           const std::string& body = "",
                           const std::string& query = "") {
    return Api(*stores_).Handle(
        {method, path, query, body, "tester", std::nullopt});
  }
  Result<std::string> CallAs(const std::string& actor, const std::string& path,
                             const std::string& body) {
    return Api(*stores_).Handle({"POST", path, "", body, actor, std::nullopt});
  }
  // A call that must succeed.
  JsonDocument Get(const std::string& path, const std::string& query = "") {
    auto answer = Call("GET", path, "", query);
    EXPECT_TRUE(answer.ok()) << answer.error().message();
    return Parsed(answer.ok() ? *answer : "{}");
  }
  JsonDocument Post(const std::string& path, const std::string& body = "") {
    auto answer = Call("POST", path, body);
    EXPECT_TRUE(answer.ok()) << answer.error().message();
    return Parsed(answer.ok() ? *answer : "{}");
  }
  JsonDocument PostAs(const std::string& actor, const std::string& path,
                      const std::string& body) {
    auto answer = CallAs(actor, path, body);
    EXPECT_TRUE(answer.ok()) << answer.error().message();
    return Parsed(answer.ok() ? *answer : "{}");
  }
  void ExpectError(Code code, const std::string& words,
                   const Result<std::string>& answer) {
    ASSERT_FALSE(answer.ok()) << *answer;
    EXPECT_EQ(answer.error().code(), code) << answer.error().message();
    EXPECT_THAT(answer.error().message(), ::testing::HasSubstr(words));
  }
};

}  // namespace cofferdam::console
