#include "gate/identity.h"

#include <gtest/gtest.h>

namespace cofferdam::gate {
namespace {

http::RequestHead RequestWith(http::Headers headers, std::string target = "/") {
  http::RequestHead head;
  head.method = "POST";
  head.target = std::move(target);
  head.headers = std::move(headers);
  return head;
}

policy::Principal SessionPrincipal() {
  policy::Principal principal;
  principal.kind = policy::KeyKind::kSession;
  principal.grade = policy::Grade::kSession;
  principal.repo = "git.example.com/a/b";
  principal.purpose = "product";
  principal.tool = "claude-code";
  return principal;
}

constexpr char kCodexMetadata[] =
    R"({"workspaces":{"/home/e/w":{"associated_remote_urls":)"
    R"({"origin":"https://u:p@git.example.com/x/y.git"},)"
    R"("latest_git_commit_hash":"0123456789abcdef0123456789abcdef01234567"}}})";

TEST(ReadCredential, TakesAnyCarrier) {
  for (const http::Headers& headers :
       {http::Headers{{"Authorization", "Bearer k"}},
        http::Headers{{"authorization", "bearer k"}},
        http::Headers{{"x-api-key", "k"}}, http::Headers{{"api-key", "k"}},
        http::Headers{{"x-goog-api-key", "k"}}}) {
    EXPECT_EQ(*ReadCredential(RequestWith(headers)), "k");
  }
  EXPECT_EQ(*ReadCredential(RequestWith({}, "/v1/x?a=1&key=k")), "k");
}

TEST(ReadCredential, SeveralMustAgree) {
  EXPECT_EQ(*ReadCredential(RequestWith(
                {{"authorization", "Bearer k"}, {"x-api-key", "k"}})),
            "k");
  auto differ = ReadCredential(
      RequestWith({{"authorization", "Bearer k"}, {"x-api-key", "other"}}));
  ASSERT_FALSE(differ.ok());
  EXPECT_EQ(differ.error().code(), Code::kInvalid);
  EXPECT_EQ(differ.error().message().find("other"), std::string::npos);
}

TEST(ReadCredential, NoneSaysWhatToDo) {
  for (const http::Headers& headers :
       {http::Headers{}, http::Headers{{"authorization", "Basic abc"}},
        http::Headers{{"authorization", "Bearer "}}}) {
    auto none = ReadCredential(RequestWith(headers));
    ASSERT_FALSE(none.ok());
    EXPECT_EQ(none.error().code(), Code::kUnauthenticated);
  }
}

TEST(ReadIdentity, WhatASessionKeyBindsStands) {
  Identity identity = ReadIdentity(
      SessionPrincipal(), {{"User-Agent", "claude-cli/2.1.329 (external, cli)"},
                           {"X-Claude-Code-Session-Id", "s-1"},
                           {"x-cofferdam-repo", "git.example.com/other/repo"},
                           {"x-cofferdam-purpose", "research"}});
  EXPECT_EQ(identity.tool, "claude-code");
  EXPECT_EQ(identity.tool_version, "2.1.329");
  EXPECT_EQ(identity.session, "s-1");
  EXPECT_EQ(identity.repo, "git.example.com/a/b");
  EXPECT_EQ(identity.purpose, "product");
  EXPECT_EQ(identity.grade, policy::Grade::kSession);
}

TEST(ReadIdentity, AnotherToolsVersionIsNotTheBoundOnes) {
  Identity identity =
      ReadIdentity(SessionPrincipal(), {{"User-Agent", "curl/8.0"}});
  EXPECT_EQ(identity.tool, "claude-code");
  EXPECT_EQ(identity.tool_version, "");
}

TEST(ReadIdentity, CodexNamesItsRepositoryWithoutCredentials) {
  Identity identity =
      ReadIdentity(policy::Principal(),
                   {{"user-agent", "codex_exec/0.169.0 (Linux; x86_64) xterm"},
                    {"session-id", "s-2"},
                    {"x-codex-turn-metadata", kCodexMetadata}});
  EXPECT_EQ(identity.tool, "codex");
  EXPECT_EQ(identity.tool_version, "0.169.0");
  EXPECT_EQ(identity.repo, "git.example.com/x/y");
  EXPECT_EQ(identity.commit, "0123456789abcdef0123456789abcdef01234567");
  EXPECT_EQ(identity.grade, policy::Grade::kAgent);
}

TEST(ReadIdentity, ClaimsThatAreNoNamesArePassedOver) {
  Identity identity =
      ReadIdentity(policy::Principal(), {{"x-cofferdam-purpose", "Not A Name!"},
                                         {"x-codex-turn-metadata", "{broken"}});
  EXPECT_EQ(identity.purpose, "");
  EXPECT_EQ(identity.grade, policy::Grade::kNone);
}

}  // namespace
}  // namespace cofferdam::gate
