#include "http/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cofferdam::http {
namespace {

TEST(Url, ReadsItsParts) {
  auto url = Url::Parse("https://API.Example.com/base/path/");
  ASSERT_TRUE(url.ok()) << url.error().message();
  EXPECT_EQ(url->scheme, Url::Scheme::kHttps);
  EXPECT_EQ(url->host, "api.example.com");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->base_path, "/base/path");
  EXPECT_EQ(url->authority(), "api.example.com");
  EXPECT_EQ(url->ToString(), "https://api.example.com/base/path");
}

TEST(Url, ReadsPortsAndAddresses) {
  EXPECT_EQ(Url::Parse("http://127.0.0.1:8000")->port, 8000);
  EXPECT_EQ(Url::Parse("http://127.0.0.1:8000/")->base_path, "");
  EXPECT_EQ(Url::Parse("http://localhost")->port, 80);
  auto v6 = Url::Parse("http://[::1]:8000/x");
  ASSERT_TRUE(v6.ok());
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(v6->authority(), "[::1]:8000");
  EXPECT_EQ(Url::Parse("https://[::1]")->port, 443);
  EXPECT_TRUE(Url::Parse("http://a:65535").ok());
}

TEST(Url, SaysWhatIsWrong) {
  const std::pair<const char*, const char*> rows[] = {
      {"ftp://a", "must begin with http"},
      {"a.example", "must begin with http"},
      {"http:/a", "must begin with http"},
      {"http://", "host is missing"},
      {"http:///x", "host is missing"},
      {"http://a:0", "port must be"},
      {"http://a:65536", "port must be"},
      {"http://a:", "port must be"},
      {"http://a:8x", "port must be"},
      {"http://u:secret@a/", "user name"},
      {"http://a?b=c", "query"},
      {"http://a/#b", "fragment"},
      {"http://a b/", "not a host"},
      {"http://a/b c", "path holds a byte"},
      {"http://[::1", "']'"},
      {"http://[::1]x", "after ']'"},
      {"http://[a.example]", "not an address"},
      {"http://a\\b", "not a host"},
  };
  for (const auto& [text, why] : rows) {
    auto url = Url::Parse(text);
    ASSERT_FALSE(url.ok()) << text;
    EXPECT_EQ(url.error().code(), Code::kInvalid);
    EXPECT_THAT(url.error().message(), testing::HasSubstr(why)) << text;
  }
}

TEST(Url, KeepsPasswordsOutOfItsErrors) {
  EXPECT_THAT(Url::Parse("http://u:secret@a/").error().message(),
              testing::Not(testing::HasSubstr("secret")));
}

}  // namespace
}  // namespace cofferdam::http
