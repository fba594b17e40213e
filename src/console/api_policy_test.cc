#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/clock.h"
#include "console/api_testing.h"

namespace cofferdam::console {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ApiPolicyTest : public ApiTest {
 protected:
  void SetUp() override {
    ApiTest::SetUp();
    ada_ = AddPerson("ada@example.com");
  }
  // Opens an approval as the gate does; its id.
  std::string Ask(const std::string& tool,
                  policy::FourEyes four_eyes = policy::FourEyes::kNo) {
    policy::Question question;
    question.person_id = ada_;
    question.team = "red";
    question.tool = tool;
    question.provider = "openai";
    question.model = "gpt-5.5";
    question.contract = "openai-api";
    question.repo = "github.com/acme/engine";
    question.purpose = "training-code";
    question.now_micros = SystemClock().WallMicros();
    auto asked = stores_->policy().approvals().Ask(
        question,
        {.rule = "ask-first",
         .four_eyes = four_eyes,
         .expires_at_micros = question.now_micros + 3'600'000'000},
        "key");
    EXPECT_TRUE(asked.ok());
    return asked.ok() ? asked->id : "";
  }
  std::vector<std::string> Ids(const std::string& path, const char* member,
                               const std::string& query = "") {
    JsonDocument list = Get(path, query);
    std::vector<std::string> ids;
    for (const JsonValue& row : list[member].Elements()) {
      ids.emplace_back(row["id"].StringOrEmpty());
    }
    return ids;
  }

  std::string ada_;
};

TEST_F(ApiPolicyTest, TeamsFormATree) {
  EXPECT_EQ(Post("team", R"({"name":"lab"})")["name"].String(), "lab");
  EXPECT_EQ(
      Post("team/move", R"({"name":"red","parent":"lab"})")["parent"].String(),
      "lab");
  JsonDocument list = Get("team");
  ASSERT_EQ(list["teams"].Elements().size(), 2u);
  EXPECT_EQ(list["teams"].At(1)["name"].String(), "red");
  EXPECT_EQ(list["teams"].At(1)["parent"].String(), "lab");
  ExpectError(Code::kConflict, "lab < red < lab",
              Call("POST", "team/move", R"({"name":"lab","parent":"red"})"));
  EXPECT_FALSE(Post("team/move", R"({"name":"red"})")["parent"].present());
  EXPECT_EQ(LastAudit().actor, "tester");
}

TEST_F(ApiPolicyTest, APersonMovesAndIsErased) {
  EXPECT_EQ(Post("person/move",
                 R"({"person":"ada@example.com","team":"blue"})")["team"]
                .String(),
            "blue");
  JsonDocument erased = Post("person/erase", R"({"person":"ada@example.com"})");
  EXPECT_EQ(erased["id"].String(), ada_);
  EXPECT_EQ(erased["email"].String(), "");
  EXPECT_TRUE(erased["erased_at"].is_string());
  ExpectError(Code::kNotFound, "ada@example.com",
              Call("POST", "person/erase", R"({"person":"ada@example.com"})"));
}

TEST_F(ApiPolicyTest, APauseIsListedUntilItIsResumed) {
  JsonDocument paused =
      Post("pause", R"({"person":"ADA@example.com","tool":"codex",)"
                    R"("reason":"why","for_seconds":60})");
  EXPECT_EQ(paused["kind"].String(), "pause");
  EXPECT_EQ(paused["scope"]["person"].String(), "ada@example.com");
  EXPECT_EQ(paused["scope"]["tool"].String(), "codex");
  EXPECT_FALSE(paused["scope"]["team"].present());
  EXPECT_EQ(paused["reason"].String(), "why");
  EXPECT_EQ(paused["by"].String(), "tester");
  EXPECT_TRUE(paused["until"].is_string());
  // By its id, not by the address, which may be erased.
  EXPECT_EQ(stores_->policy().measures().current()->at(0).scope.person, ada_);
  const std::string id(paused["id"].StringOrEmpty());
  EXPECT_THAT(Ids("measure", "measures"), ElementsAre(id));
  JsonDocument resumed =
      Post("resume", R"({"person":"ada@example.com","tool":"codex"})");
  EXPECT_EQ(resumed["measures"].At(0)["id"].String(), id);
  EXPECT_TRUE(resumed["measures"].At(0)["resumed_at"].is_string());
  EXPECT_TRUE(Ids("measure", "measures").empty());
  EXPECT_THAT(Ids("measure", "measures", "all=1"), ElementsAre(id));
}

TEST_F(ApiPolicyTest, AKillIsToldToItsListenerAndResumedById) {
  std::vector<std::string> heard;
  stores_->policy().measures().SetKillListener(
      [&](const policy::Measure& measure) {
        heard.push_back(measure.scope.team);
      });
  JsonDocument killed = Post("kill", R"({"team":"red","reason":"leak"})");
  EXPECT_THAT(heard, ElementsAre("red"));
  EXPECT_EQ(killed["kind"].String(), "kill");
  EXPECT_FALSE(killed["until"].present());
  Post("resume",
       R"({"id":")" + std::string(killed["id"].StringOrEmpty()) + "\"}");
  EXPECT_TRUE(Ids("measure", "measures").empty());
}

TEST_F(ApiPolicyTest, StopsNothingByASlipOfThePen) {
  const auto pause = [&](const std::string& body) {
    return Call("POST", "pause", body);
  };
  ExpectError(Code::kInvalid, "name what is meant", pause(R"({"reason":"r"})"));
  ExpectError(Code::kInvalid, "leaves no room",
              pause(R"({"everything":true,"team":"red","reason":"r"})"));
  ExpectError(Code::kInvalid, "everything: must be true or false",
              pause(R"({"everything":1,"reason":"r"})"));
  ExpectError(Code::kNotFound, "team rde",
              pause(R"({"team":"rde","reason":"r"})"));
  ExpectError(Code::kNotFound, "bob@example.com",
              pause(R"({"person":"bob@example.com","reason":"r"})"));
  ExpectError(Code::kInvalid, "reason", pause(R"({"team":"red"})"));
  ExpectError(Code::kInvalid, "tool: must be a string",
              pause(R"({"tool":["a"],"reason":"r"})"));
  for (const char* seconds : {"0", "-1", "31622401"}) {
    ExpectError(Code::kInvalid, "for_seconds",
                pause(std::string(R"({"team":"red","reason":"r",)") +
                      "\"for_seconds\":" + seconds + "}"));
  }
  EXPECT_TRUE(stores_->policy().measures().current()->empty());
  EXPECT_TRUE(
      pause(R"({"team":"red","reason":"r","for_seconds":31622400})").ok());
  EXPECT_TRUE(pause(R"({"everything":true,"reason":"r"})").ok());
}

TEST_F(ApiPolicyTest, AnApprovalIsListedShownAndGranted) {
  const std::string id = Ask("codex");
  JsonDocument list = Get("approval");
  ASSERT_EQ(list["approvals"].Elements().size(), 1u);
  const JsonValue open = list["approvals"].At(0);
  EXPECT_EQ(open["id"].String(), id);
  EXPECT_EQ(open["state"].String(), "open");
  EXPECT_EQ(open["person"].String(), "ada@example.com");
  EXPECT_EQ(open["tool"].String(), "codex");
  EXPECT_EQ(open["rule"].String(), "ask-first");
  EXPECT_EQ(open["four_eyes"].Bool(), false);
  EXPECT_FALSE(open["grant"].present());

  JsonDocument granted =
      PostAs("local", "approval/grant",
             R"({"id":")" + id +
                 R"(","reason":"fine","team":true,"any_tool":true,)"
                 R"("repo":"github.com/acme/*","for_seconds":7200})");
  EXPECT_EQ(granted["state"].String(), "granted");
  const JsonValue grant = granted["grant"];
  EXPECT_EQ(grant["team"].String(), "red");
  EXPECT_EQ(grant["person"].String(), "ada@example.com");
  EXPECT_FALSE(grant["tool"].present());
  EXPECT_EQ(grant["provider"].String(), "openai");
  EXPECT_EQ(grant["repo"].String(), "github.com/acme/*");
  EXPECT_EQ(granted["approvers"].At(0)["by"].String(), "local");
  EXPECT_EQ(granted["settled_by"].String(), "local");
  EXPECT_TRUE(Ids("approval", "approvals").empty());
  EXPECT_THAT(Ids("approval", "approvals", "all=1"), ElementsAre(id));
  EXPECT_EQ(Get("approval/" + id)["answer"].String(), "granted");
}

TEST_F(ApiPolicyTest, AnApproverIsNamedByTheAddressOfHisKey) {
  const std::string id = Ask("codex", policy::FourEyes::kYes);
  AddPerson("bob@example.com");
  const policy::CreatedKey key =
      AddKey("bob@example.com", policy::Role::kApprover);
  const std::string body = R"({"id":")" + id + R"(","reason":"fine"})";
  JsonDocument half = PostAs(key.key.id, "approval/grant", body);
  EXPECT_EQ(half["state"].String(), "open");
  EXPECT_EQ(half["approvers"].At(0)["by"].String(), "bob@example.com");
  EXPECT_EQ(half["grant"]["person"].String(), "ada@example.com");
  ExpectError(Code::kDenied, "somebody else",
              CallAs(key.key.id, "approval/grant", body));
  ExpectError(Code::kDenied, "takes two people",
              CallAs("local", "approval/grant", body));
}

TEST_F(ApiPolicyTest, ADenialIsShownWithItsReason) {
  const std::string id = Ask("codex");
  JsonDocument denied = PostAs("local", "approval/deny",
                               R"({"id":")" + id + R"(","reason":"no"})");
  EXPECT_EQ(denied["state"].String(), "denied");
  EXPECT_EQ(denied["reason"].String(), "no");
  ExpectError(Code::kConflict, "is denied already",
              CallAs("local", "approval/deny",
                     R"({"id":")" + id + R"(","reason":"no"})"));
  ExpectError(Code::kNotFound, "not known", Call("GET", "approval/01J"));
  ExpectError(Code::kInvalid, "reason",
              CallAs("local", "approval/grant", R"({"id":"01J"})"));
}

}  // namespace
}  // namespace cofferdam::console
