#include "policy/approvals.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "policy/store_testing.h"

namespace cofferdam::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::string_view kRule = "ask-first";

class ApprovalsTest : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    AddPeople();
  }
  void AddPeople() {
    asker_ = Authenticated("ada@b.c", Role::kApprover);
    first_ = Authenticated("bob@b.c", Role::kApprover);
    second_ = Authenticated("eve@b.c", Role::kOwner);
  }
  // The person's principal, with a key of that role.
  Principal Authenticated(const std::string& email, Role role) {
    EXPECT_TRUE(store_->AddPerson(email, "red", "local").ok());
    auto key = store_->CreateKey(email, role, std::nullopt, "local");
    EXPECT_TRUE(key.ok());
    return *Authenticate(key->secret);
  }

  Approvals& approvals() { return store_->approvals(); }
  // What the asker asks with `tool`.
  Question Asked(std::string_view tool = "codex") {
    Question question;
    question.person_id = asker_.person_id;
    question.team = "red";
    question.tool = tool;
    question.provider = "openai";
    question.model = "gpt-5.5";
    question.contract = "openai-api";
    question.repo = "github.com/acme/engine";
    question.purpose = "training-code";
    question.now_micros = clock_.WallMicros();
    return question;
  }
  Result<Approval> TryOpen(const Question& question,
                           FourEyes four_eyes = FourEyes::kNo) {
    return approvals().Ask(question,
                           {.rule = kRule,
                            .four_eyes = four_eyes,
                            .expires_at_micros = question.now_micros + kDay},
                           asker_.key_id);
  }
  Approval Request(FourEyes four_eyes = FourEyes::kNo,
                   std::string_view tool = "codex") {
    auto opened = TryOpen(Asked(tool), four_eyes);
    EXPECT_TRUE(opened.ok());
    return opened.ok() ? *opened : Approval();
  }
  GrantTerms Terms() { return {.reason = "reviewed"}; }
  bool Granted(const Question& question) {
    return approvals().current()->Find(question, kRule) != nullptr;
  }
  std::string GrantError(const std::string& id, const GrantTerms& terms,
                         std::string_view actor) {
    auto granted = approvals().Grant(id, terms, actor);
    return granted.ok() ? "" : granted.error().message();
  }

  Principal asker_, first_, second_;
};

TEST_F(ApprovalsTest, ARequestOpensOneAndTryingAgainOpensNoOther) {
  Approval opened = Request();
  EXPECT_EQ(opened.state, ApprovalState::kOpen);
  EXPECT_EQ(opened.team, "red");
  EXPECT_EQ(opened.model, "gpt-5.5");
  EXPECT_EQ(opened.expires_at_micros, kStart + kDay);
  const int64_t steps = faults_.steps();
  EXPECT_EQ(Request().id, opened.id);
  // Another model of the same provider is the same request.
  Question other_model = Asked();
  other_model.model = "gpt-5.5-mini";
  EXPECT_EQ(TryOpen(other_model)->id, opened.id);
  EXPECT_EQ(faults_.steps(), steps);  // nothing was written
  EXPECT_NE(Request(FourEyes::kNo, "claude-code").id, opened.id);
  Open();
  EXPECT_EQ(Request().id, opened.id);
  EXPECT_EQ(Count("approval"), 2);
  EXPECT_EQ(Count("audit WHERE action = 'approval.open'"), 2);
  EXPECT_FALSE(Granted(Asked()));
}

TEST_F(ApprovalsTest, EachOfItsSixNamesMakesAnother) {
  Request();
  int others = 1;
  for (std::string_view Question::* member :
       {&Question::tool, &Question::provider, &Question::contract,
        &Question::repo, &Question::purpose}) {
    Question question = Asked();
    question.*member = "another";
    ASSERT_TRUE(TryOpen(question).ok());
    EXPECT_EQ(Count("approval"), ++others);
  }
  ASSERT_TRUE(approvals()
                  .Ask(Asked(),
                       {.rule = "another", .expires_at_micros = kStart + kDay},
                       asker_.key_id)
                  .ok());
  Question question = Asked();
  question.person_id = first_.person_id;
  ASSERT_TRUE(TryOpen(question).ok());
  EXPECT_EQ(Count("approval"), others + 2);
}

TEST_F(ApprovalsTest, AGrantLetsThroughWhatWasAskedAtOnceAndAfterAReopen) {
  Approval opened = Request();
  std::vector<ApprovalState> heard;
  approvals().SetListener(
      [&](const Approval& approval) { heard.push_back(approval.state); });
  Approval granted = *approvals().Grant(opened.id, Terms(), first_.key_id);
  EXPECT_THAT(heard, ElementsAre(ApprovalState::kGranted));
  EXPECT_EQ(granted.state, ApprovalState::kGranted);
  EXPECT_EQ(granted.until_micros, kStart + Approvals::kGrantDefaultMicros);
  EXPECT_EQ(granted.votes[0].person_id, first_.person_id);
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(Granted(Asked()));
    EXPECT_FALSE(Granted(Asked("claude-code")));
    EXPECT_EQ(approvals().FindLive(Asked(), kRule)->id, opened.id);
    EXPECT_EQ(approvals().Get(opened.id)->votes.size(), 1u);
    Open();
  }
  clock_.Advance(Approvals::kGrantDefaultMicros);
  EXPECT_FALSE(Granted(Asked()));
  EXPECT_NE(Request().id, opened.id);
  EXPECT_EQ(approvals().Get(opened.id)->StateAt(clock_.WallMicros()),
            ApprovalState::kExpired);
}

TEST_F(ApprovalsTest, NobodyGrantsHisOwnRequest) {
  Approval opened = Request();
  EXPECT_THAT(GrantError(opened.id, Terms(), asker_.key_id),
              HasSubstr("nobody grants his own"));
  EXPECT_FALSE(Granted(Asked()));
  EXPECT_EQ(Count("approval_vote"), 0);
  // With another key of the same person neither.
  auto key = store_->CreateKey("ada@b.c", Role::kOwner, {}, "local");
  EXPECT_THAT(GrantError(opened.id, Terms(), key->key.id),
              HasSubstr("nobody grants his own"));
  EXPECT_THAT(GrantError(opened.id, Terms(), "no-key"),
              HasSubstr("only a person's key"));
  EXPECT_TRUE(approvals().Grant(opened.id, Terms(), "local").ok());
}

TEST_F(ApprovalsTest, FourEyesTakeTwoPeopleOfWhomNeitherAsked) {
  Approval opened = Request(FourEyes::kYes);
  EXPECT_THAT(GrantError(opened.id, Terms(), "local"),
              HasSubstr("does not say who you are"));
  EXPECT_THAT(GrantError(opened.id, Terms(), asker_.key_id),
              HasSubstr("nobody grants his own"));
  Approval half = *approvals().Grant(opened.id, Terms(), first_.key_id);
  EXPECT_EQ(half.state, ApprovalState::kOpen);
  EXPECT_FALSE(Granted(Asked()));
  EXPECT_THAT(GrantError(opened.id, Terms(), first_.key_id),
              HasSubstr("somebody else"));
  auto key = store_->CreateKey("bob@b.c", Role::kOwner, {}, "local");
  EXPECT_THAT(GrantError(opened.id, Terms(), key->key.id),
              HasSubstr("somebody else"));
  Open();
  EXPECT_EQ(approvals().List(Approvals::Which::kOpen)->at(0).votes.size(), 1u);
  Approval whole = *approvals().Grant(opened.id, Terms(), second_.key_id);
  EXPECT_EQ(whole.state, ApprovalState::kGranted);
  EXPECT_TRUE(Granted(Asked()));
  EXPECT_THAT(GrantError(opened.id, Terms(), second_.key_id),
              HasSubstr("is granted already"));
}

TEST_F(ApprovalsTest, AnApproverMayWidenEachDimension) {
  const struct {
    GrantTerms terms;
    std::string_view Question::* member;
    std::string_view value;
    bool covered;
  } rows[] = {
      {{.to = GrantTo::kTeam}, &Question::person_id, "01X", true},
      {{.tool = GrantTool::kAny}, &Question::tool, "x", true},
      {{.tool = GrantTool::kAny}, &Question::provider, "x", false},
      {{.provider = GrantProvider::kAny}, &Question::provider, "x", true},
      {{.provider = GrantProvider::kAny}, &Question::contract, "x", true},
      {{.provider = GrantProvider::kAny}, &Question::tool, "x", false},
      {{.repo = "github.com/acme/*"},
       &Question::repo,
       "github.com/acme/b",
       true},
      {{.repo = "github.com/acme/*"}, &Question::repo, "github.com/b/b", false},
      {{.repo = "*"}, &Question::repo, "", true},
      {{.repo = "*"}, &Question::purpose, "research", false},
  };
  for (const auto& row : rows) {
    Approval opened = Request();
    GrantTerms terms = row.terms;
    terms.reason = "r";
    ASSERT_TRUE(approvals().Grant(opened.id, terms, "local").ok());
    EXPECT_TRUE(Granted(Asked()));
    Question question = Asked();
    question.*row.member = row.value;
    EXPECT_EQ(Granted(question), row.covered) << row.value;
    ASSERT_TRUE(approvals().Deny(opened.id, "next", {}, "local").ok());
    clock_.Advance(2 * kDay);
  }
}

// Else a person who moved could neither work nor ask again.
TEST_F(ApprovalsTest, WhoAskedForATeamKeepsTheGrantInAnother) {
  Approval opened = Request();
  ASSERT_TRUE(
      approvals()
          .Grant(opened.id, {.to = GrantTo::kTeam, .reason = "r"}, "local")
          .ok());
  Question moved = Asked();
  moved.team = "blue";
  EXPECT_TRUE(Granted(moved));
  moved.person_id = first_.person_id;
  EXPECT_FALSE(Granted(moved));
}

TEST_F(ApprovalsTest, TwoApproversAllowWhatBothDo) {
  Approval opened = Request(FourEyes::kYes);
  GrantTerms wide{.to = GrantTo::kTeam,
                  .tool = GrantTool::kAny,
                  .provider = GrantProvider::kAny,
                  .repo = "*",
                  .until_micros = kStart + 3 * kDay,
                  .reason = "wide"};
  GrantTerms narrow{.to = GrantTo::kTeam,
                    .repo = "github.com/acme/*",
                    .until_micros = kStart + 2 * kDay,
                    .reason = "narrow"};
  ASSERT_TRUE(approvals().Grant(opened.id, wide, first_.key_id).ok());
  Approval granted = *approvals().Grant(opened.id, narrow, second_.key_id);
  EXPECT_EQ(granted.until_micros, kStart + 2 * kDay);
  EXPECT_EQ(granted.Allowed(), (Grant{.id = opened.id,
                                      .rule = std::string(kRule),
                                      .person = asker_.person_id,
                                      .team = "red",
                                      .tool = "codex",
                                      .provider = "openai",
                                      .contract = "openai-api",
                                      .repo = "github.com/acme/engine",
                                      .repo_glob = "github.com/acme/*",
                                      .purpose = "training-code",
                                      .until_micros = kStart + 2 * kDay}));
}

TEST_F(ApprovalsTest, ADenialHoldsForAsLongAsTheRequestWouldHaveWaited) {
  Approval opened = Request();
  Approval denied =
      *approvals().Deny(opened.id, "not for training", {}, first_.key_id);
  EXPECT_EQ(denied.until_micros, kStart + kDay);
  for (int i = 0; i < 2; ++i) {
    Approval again = Request();
    EXPECT_EQ(again.id, opened.id);
    EXPECT_EQ(again.state, ApprovalState::kDenied);
    EXPECT_EQ(again.reason, "not for training");
    Open();
  }
  EXPECT_THAT(GrantError(opened.id, Terms(), "local"),
              HasSubstr("is denied already"));
  clock_.Advance(kDay);
  EXPECT_NE(Request().id, opened.id);
}

TEST_F(ApprovalsTest, ADenialTakesAGrantBack) {
  Approval opened = Request();
  ASSERT_TRUE(approvals().Grant(opened.id, Terms(), "local").ok());
  ASSERT_TRUE(
      approvals().Deny(opened.id, "on second thought", {}, "local").ok());
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(Granted(Asked()));
    EXPECT_EQ(Request().state, ApprovalState::kDenied);
    Open();
  }
  EXPECT_EQ(store_->ListAudit(10)->back().action, "approval.withdraw");
}

TEST_F(ApprovalsTest, NobodyAnswersOneThatHasExpired) {
  Approval opened = Request();
  EXPECT_THAT(*approvals().List(Approvals::Which::kOpen), SizeIs(1));
  clock_.Advance(kDay);
  EXPECT_THAT(*approvals().List(Approvals::Which::kOpen), IsEmpty());
  EXPECT_THAT(*approvals().List(Approvals::Which::kAll), SizeIs(1));
  EXPECT_THAT(GrantError(opened.id, Terms(), "local"),
              HasSubstr("is expired already"));
  auto denied = approvals().Deny(opened.id, "r", {}, "local");
  ASSERT_FALSE(denied.ok());
  EXPECT_EQ(denied.error().code(), Code::kConflict);
}

TEST_F(ApprovalsTest, RefusesTermsThatCannotBe) {
  Approval opened = Request();
  const int64_t longest = kStart + Approvals::kGrantMaxMicros;
  EXPECT_THAT(GrantError(opened.id, {}, "local"), HasSubstr("reason: "));
  EXPECT_THAT(
      GrantError(opened.id, {.repo = "github.com/b/*", .reason = "r"}, "local"),
      HasSubstr("does not cover"));
  EXPECT_THAT(
      GrantError(opened.id, {.until_micros = kStart, .reason = "r"}, "local"),
      HasSubstr("until: "));
  EXPECT_THAT(GrantError(opened.id,
                         {.until_micros = longest + 1, .reason = "r"}, "local"),
              HasSubstr("until: "));
  EXPECT_FALSE(approvals().Deny(opened.id, "", {}, "local").ok());
  EXPECT_FALSE(approvals().Deny(opened.id, "r", kStart, "local").ok());
  EXPECT_THAT(GrantError("01J", Terms(), "local"), HasSubstr("not known"));
  EXPECT_EQ(approvals().Get("01J").error().code(), Code::kNotFound);
  EXPECT_EQ(Count("approval_vote"), 0);
  EXPECT_EQ(
      GrantError(opened.id, {.until_micros = longest, .reason = "r"}, "local"),
      "");
}

TEST_F(ApprovalsTest, APersonHasAHundredThatWaitAndNotOneMore) {
  for (size_t i = 0; i < Approvals::kLivePerPersonMax; ++i) {
    ASSERT_TRUE(TryOpen(Asked("t" + std::to_string(i))).ok());
  }
  auto more = TryOpen(Asked("more"));
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().code(), Code::kExhausted);
  Question other = Asked("more");
  other.person_id = first_.person_id;
  EXPECT_TRUE(TryOpen(other).ok());
  EXPECT_TRUE(TryOpen(Asked("t0")).ok());
  // What is granted does not wait.
  ASSERT_TRUE(
      approvals()
          .Grant(approvals().FindLive(Asked("t0"), kRule)->id, Terms(), "local")
          .ok());
  EXPECT_TRUE(TryOpen(Asked("more")).ok());
}

TEST_F(ApprovalsTest, TheAuditNamesNobodysAddress) {
  Approval opened = Request();
  ASSERT_TRUE(approvals().Grant(opened.id, Terms(), first_.key_id).ok());
  std::vector<AuditRow> rows = *store_->ListAudit(2);
  EXPECT_EQ(rows[0].actor, asker_.key_id);
  EXPECT_EQ(rows[1].actor, first_.key_id);
  EXPECT_EQ(rows[1].action, "approval.grant");
  EXPECT_THAT(rows[1].detail, HasSubstr(R"("reason":"reviewed")"));
  for (const AuditRow& row : rows) {
    EXPECT_EQ(row.subject, opened.id);
    EXPECT_EQ(row.detail.find('@'), std::string::npos);
    EXPECT_THAT(row.detail, HasSubstr(asker_.person_id));
  }
}

TEST_F(ApprovalsTest, ManyThreadsThatAskTheSameOpenOne) {
  std::vector<std::thread> threads;
  std::vector<std::string> ids(8);
  for (size_t i = 0; i < ids.size(); ++i) {
    threads.emplace_back([&, i] { ids[i] = TryOpen(Asked())->id; });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& id : ids) EXPECT_EQ(id, ids[0]);
  EXPECT_EQ(Count("approval"), 1);
}

TEST_F(ApprovalsTest, WhereverTheDiskFailsItIsAllOrNothing) {
  bool survived = false;
  int64_t step = 0;
  for (; !survived; ++step) {
    ASSERT_LT(step, 400);
    SCOPED_TRACE(step);
    store_.reset();
    std::filesystem::remove_all(folder_);
    ASSERT_NO_FATAL_FAILURE(Open());
    AddPeople();
    faults_.FailAfter(step, step % 2 == 0 ? SqliteFaults::Fault::kIoError
                                          : SqliteFaults::Fault::kDiskFull);
    bool granted = false;
    survived = [&] {
      auto opened = TryOpen(Asked(), FourEyes::kYes);
      if (!opened.ok()) return false;
      for (const Principal& who : {first_, second_}) {
        if (!approvals().Grant(opened->id, Terms(), who.key_id).ok()) {
          return false;
        }
      }
      granted = true;
      if (!approvals().Deny(opened->id, "r", {}, "local").ok()) return false;
      granted = false;
      return true;
    }();
    EXPECT_EQ(Granted(Asked()), granted);
    store_.reset();
    faults_.Heal();
    ASSERT_NO_FATAL_FAILURE(Open());
    EXPECT_EQ(Granted(Asked()), Count("approval WHERE state = 'granted'") == 1);
    EXPECT_EQ(Count("audit WHERE action = 'approval.open'"), Count("approval"));
    EXPECT_EQ(Count("audit WHERE action = 'approval.grant'"),
              Count("approval_vote"));
    EXPECT_EQ(Count("audit WHERE action = 'approval.withdraw'"),
              Count("approval WHERE state = 'denied'"));
  }
  EXPECT_GT(step, 10);
}

}  // namespace
}  // namespace cofferdam::policy
