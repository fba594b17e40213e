#include "gate/headers.h"

#include <gtest/gtest.h>

namespace cofferdam::gate {
namespace {

std::string Joined(const http::Headers& headers) {
  std::string text;
  for (http::Headers::Field field : headers) {
    text.append(field.name).append("=").append(field.value).append("\n");
  }
  return text;
}

TEST(UpstreamHeaders, KeepWhatTheProtocolNeedsInItsOrderAndSpelling) {
  http::Headers client = {{"Anthropic-Beta", "a,b"},
                          {"anthropic-version", "2023-06-01"},
                          {"User-Agent", "claude-cli/2.1.329"},
                          {"x-unheard-of", "kept"},
                          {"Anthropic-Beta", "c"}};
  EXPECT_EQ(Joined(UpstreamHeaders(client, UpstreamAuth::kXApiKey, "secret")),
            "Anthropic-Beta=a,b\nanthropic-version=2023-06-01\n"
            "User-Agent=claude-cli/2.1.329\nx-unheard-of=kept\n"
            "Anthropic-Beta=c\naccept-encoding=identity\nx-api-key=secret\n");
}

TEST(UpstreamHeaders, DropCredentialsAddressesAndWhatConcernsTheConnection) {
  http::Headers client = {{"Authorization", "Bearer cfs_x"},
                          {"X-Api-Key", "cfs_x"},
                          {"x-goog-api-key", "cfs_x"},
                          {"Cookie", "a=b"},
                          {"X-Forwarded-For", "10.0.0.1"},
                          {"Connection", "close, X-Hop"},
                          {"X-Hop", "1"},
                          {"Accept-Encoding", "br"},
                          {"x-cofferdam-purpose", "product"},
                          {"x-codex-turn-metadata", "{}"},
                          {"Sec-Fetch-Mode", "cors"},
                          {"Expect", "100-continue"},
                          {"Host", "gate"}};
  EXPECT_EQ(Joined(UpstreamHeaders(client, UpstreamAuth::kBearer, "secret")),
            "accept-encoding=identity\nauthorization=Bearer secret\n");
}

TEST(UpstreamHeaders, WithoutACredentialNoneIsSent) {
  EXPECT_EQ(Joined(UpstreamHeaders({}, UpstreamAuth::kBearer, "")),
            "accept-encoding=identity\n");
}

TEST(ClientHeaders, KeepWhatAgentsReadAndNameTheExchange) {
  http::Headers upstream = {{"request-id", "req_1"},
                            {"Retry-After", "2"},
                            {"Set-Cookie", "a=b"},
                            {"Alt-Svc", "h3"},
                            {"Transfer-Encoding", "chunked"},
                            {"x-cofferdam-exchange", "forged"}};
  EXPECT_EQ(Joined(ClientHeaders(upstream, "01ID")),
            "request-id=req_1\nRetry-After=2\nx-cofferdam-exchange=01ID\n");
}

TEST(UpstreamTarget, PutsTheBaseFirstAndTakesTheKeyOut) {
  EXPECT_EQ(UpstreamTarget("", "/v1/messages?beta=true"),
            "/v1/messages?beta=true");
  EXPECT_EQ(UpstreamTarget("/base", "/v1/messages"), "/base/v1/messages");
  EXPECT_EQ(UpstreamTarget("", "/v1/x?key=cfs_x&a=1&b=2"), "/v1/x?a=1&b=2");
  EXPECT_EQ(UpstreamTarget("", "/v1/x?key=cfs_x"), "/v1/x");
  EXPECT_EQ(UpstreamTarget("", "/v1/x?monkey=1"), "/v1/x?monkey=1");
}

}  // namespace
}  // namespace cofferdam::gate
