#include "policy/oidc_address.h"

#include <gtest/gtest.h>

#include <string>

namespace cofferdam::policy {
namespace {

std::string Parsed(std::string_view url) {
  auto address = OidcAddress::Parse(url);
  if (!address.ok()) return "no";
  return address->server + " " + address->target;
}

TEST(OidcAddress, KeepsPathAndQueryAsTheyAre) {
  EXPECT_EQ(Parsed("https://a.example.com/o/token/?p=1&q=/x"),
            "https://a.example.com /o/token/?p=1&q=/x");
  EXPECT_EQ(Parsed("https://a.example.com:8443"),
            "https://a.example.com:8443 /");
  EXPECT_EQ(Parsed("https://a?x=1"), "https://a /?x=1");
}

TEST(OidcAddress, IsPlainOnLoopbackOnly) {
  EXPECT_EQ(Parsed("http://127.0.0.1:80/a"), "http://127.0.0.1 /a");
  EXPECT_EQ(Parsed("http://[::1]:3000/a"), "http://[::1]:3000 /a");
  EXPECT_EQ(Parsed("http://localhost:3000/a"), "http://localhost:3000 /a");
  for (const char* url :
       {"http://example.com/", "http://127.0.0.1.example.com/", "http://127.a/",
        "http://128.0.0.1/", "http://localhost.example.com/",
        "http://10.0.0.1/"}) {
    EXPECT_EQ(Parsed(url), "no") << url;
  }
}

TEST(OidcAddress, RefusesWhatIsNoAddress) {
  for (const char* url :
       {"", "example.com/a", "ftp://a/", "javascript:alert(1)",
        "https://user@a/", "https://a/#x", "https://a/ b", "https://a/\nb",
        "https://a/\"", "https://", "https://a:0/"}) {
    EXPECT_EQ(Parsed(url), "no") << url;
  }
  const std::string longest = "https://a/" + std::string(2038, 'p');
  EXPECT_NE(Parsed(longest), "no");
  EXPECT_EQ(Parsed(longest + "p"), "no");
}

TEST(FormEncoded, LeavesOnlyWhatNeedsNone) {
  EXPECT_EQ(FormEncoded("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(FormEncoded("a b+c/d=&\xff"), "a%20b%2Bc%2Fd%3D%26%FF");
}

TEST(FetchOverHttp, AProviderThatIsNotThereIsUnavailable) {
  http::RequestHead head;
  head.method = "GET";
  head.target = "/";
  auto response = FetchOverHttp("")({"http://127.0.0.1:9", "/"}, head, "");
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code(), Code::kUnavailable);
}

}  // namespace
}  // namespace cofferdam::policy
