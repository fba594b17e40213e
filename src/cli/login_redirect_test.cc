#include "cli/login_redirect.h"

#include <gtest/gtest.h>

#include <string>

#include "http/client.h"

namespace cofferdam::cli {
namespace {

constexpr char kIssuer[] = "https://login.example.com";

Result<std::string> Read(std::string_view query) {
  return ReadRedirect(query, "s1", kIssuer);
}

TEST(LoginRedirect, ReadsTheCodeOfItsOwnSignIn) {
  EXPECT_EQ(*Read("code=a%2Bb+c&state=s1"), "a+b c");
  EXPECT_EQ(*Read("state=s1&iss=https%3A%2F%2Flogin.example.com&code=x"), "x");
}

TEST(LoginRedirect, AnotherStateIsNoAnswerAtAll) {
  for (const char* query :
       {"", "code=x", "code=x&state=", "code=x&state=s2",
        "code=x&state=s1&state=s1", "error=denied", "code=x&state"}) {
    auto code = Read(query);
    ASSERT_FALSE(code.ok()) << query;
    EXPECT_EQ(code.error().code(), Code::kInvalid) << query;
  }
}

TEST(LoginRedirect, SaysWhyTheProviderGaveNoCode) {
  for (const char* query : {"state=s1&error=access_denied", "state=s1",
                            "state=s1&code=", "state=s1&code=a&code=b",
                            "state=s1&code=x&iss=https://evil"}) {
    auto code = Read(query);
    ASSERT_FALSE(code.ok()) << query;
    EXPECT_EQ(code.error().code(), Code::kDenied) << query;
  }
  EXPECT_NE(Read("state=s1&error=access_denied")
                .error()
                .message()
                .find("access_denied"),
            std::string::npos);
  // Nothing of theirs reaches the terminal unread.
  EXPECT_EQ(Read("state=s1&error=%1b%5b2J").error().message(),
            "the provider refused (an unnamed error)");
}

int Get(const LoginRedirect& redirect, const std::string& target) {
  const std::string uri = redirect.uri();
  http::RequestHead head;
  head.method = "GET";
  head.target = target;
  auto response = http::Fetch(uri.substr(0, uri.rfind('/')), head, "",
                              http::FetchOptions{});
  return response.ok() ? response->head.status : 0;
}

TEST(LoginRedirect, WaitsOnUntilItsOwnAnswerComes) {
  auto redirect = LoginRedirect::Listen("s1", kIssuer);
  ASSERT_TRUE(redirect.ok()) << redirect.error().message();
  EXPECT_TRUE((*redirect)->uri().starts_with("http://127.0.0.1:"));
  EXPECT_EQ(Get(**redirect, "/favicon.ico"), 404);
  EXPECT_EQ(Get(**redirect, "/?code=x&state=s1"), 404);
  EXPECT_EQ(Get(**redirect, "/callback?code=x&state=s2"), 400);
  EXPECT_EQ((*redirect)->Wait(1).error().code(), Code::kDeadline);
  EXPECT_EQ(Get(**redirect, "/callback?code=x&state=s1"), 200);
  EXPECT_EQ(*(*redirect)->Wait(10'000), "x");
  // The first one counts.
  EXPECT_EQ(Get(**redirect, "/callback?code=y&state=s1"), 200);
}

}  // namespace
}  // namespace cofferdam::cli
