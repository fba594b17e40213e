#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "policy/approvals.h"
#include "policy/store_testing.h"

// Approvals against a model that is a list of answers, searched from front to
// back.
namespace cofferdam::policy {
namespace {

constexpr std::string_view kTools[] = {"", "codex", "claude-code"};
constexpr std::string_view kProviders[] = {"openai", "anthropic"};
constexpr std::string_view kRepos[] = {"", "a.b/c", "a.b/d"};
constexpr std::string_view kPurposes[] = {"product", "research"};
constexpr std::string_view kRules[] = {"one", "two"};

struct Answer {
  std::string id;
  Question question;  // its views are of the constants above, or of persons_
  std::string_view rule;
  GrantTerms terms;
  int64_t until = 0;
  bool granted = false;
};

bool Covers(const Answer& answer, const Question& question,
            std::string_view rule) {
  const Question& asked = answer.question;
  const GrantTerms& terms = answer.terms;
  const bool team = terms.to == GrantTo::kTeam && question.team == asked.team;
  const bool repo = terms.repo.empty() ? question.repo == asked.repo
                                       : terms.repo == "*" ||
                                             question.repo.starts_with("a.b/");
  return answer.granted && answer.rule == rule &&
         question.now_micros < answer.until &&
         (question.person_id == asked.person_id || team) && repo &&
         question.purpose == asked.purpose &&
         (terms.tool == GrantTool::kAny || question.tool == asked.tool) &&
         (terms.provider == GrantProvider::kAny ||
          question.provider == asked.provider);
}

class ApprovalsModelTest : public StoreTest {
 protected:
  Question Any() {
    Question question;
    const size_t person = random_.Below(persons_.size());
    question.person_id = persons_[person];
    question.team = person == 0 ? "red" : "blue";
    question.tool = kTools[random_.Below(3)];
    question.provider = kProviders[random_.Below(2)];
    question.contract = question.provider;
    question.repo = kRepos[random_.Below(3)];
    question.purpose = kPurposes[random_.Below(2)];
    question.now_micros = clock_.WallMicros();
    return question;
  }
  GrantTerms AnyTerms(const Question& asked) {
    GrantTerms terms;
    if (random_.Below(2)) terms.to = GrantTo::kTeam;
    if (random_.Below(2)) terms.tool = GrantTool::kAny;
    if (random_.Below(2)) terms.provider = GrantProvider::kAny;
    if (random_.Below(3) == 0) terms.repo = "*";
    if (random_.Below(3) == 0 && !asked.repo.empty()) terms.repo = "a.b/*";
    terms.until_micros =
        clock_.WallMicros() + 1 + static_cast<int64_t>(random_.Below(20));
    terms.reason = "r";
    return terms;
  }

  std::vector<std::string> persons_;
  std::vector<Answer> answers_;
};

TEST_F(ApprovalsModelTest, AgreeWithAListOfAnswers) {
  for (const char* email : {"a@b.c", "d@b.c", "e@b.c"}) {
    persons_.push_back(store_->AddPerson(email, "red", "local")->id);
  }
  int granted = 0;
  for (int step = 0; step < 1500; ++step) {
    SCOPED_TRACE(step);
    Approvals& approvals = store_->approvals();
    const Question question = Any();
    const std::string_view rule = kRules[random_.Below(2)];
    auto asked = approvals.Ask(
        question, {.rule = rule, .expires_at_micros = question.now_micros + 30},
        "local");
    ASSERT_TRUE(asked.ok());
    auto known = std::find_if(
        answers_.begin(), answers_.end(),
        [&](const Answer& answer) { return answer.id == asked->id; });
    if (known == answers_.end()) {
      answers_.push_back({.id = asked->id, .question = question, .rule = rule});
      known = answers_.end() - 1;
    }
    const uint64_t what = random_.Below(8);
    if (asked->state == ApprovalState::kOpen && what < 3) {
      known->terms = AnyTerms(known->question);
      known->until = *known->terms.until_micros;
      known->granted = true;
      ASSERT_TRUE(approvals.Grant(asked->id, known->terms, "local").ok());
    } else if (asked->state == ApprovalState::kGranted && what == 3) {
      ASSERT_TRUE(
          approvals.Deny(asked->id, "r", clock_.WallMicros() + 5, "local")
              .ok());
      known->granted = false;
    }
    if (random_.Below(3) == 0) {
      clock_.Advance(static_cast<int64_t>(random_.Below(10)));
    }
    if (random_.Below(100) == 0) ASSERT_NO_FATAL_FAILURE(Open());
    for (int i = 0; i < 5; ++i) {
      const Question other = Any();
      const std::string_view of = kRules[random_.Below(2)];
      const bool expected = std::any_of(
          answers_.begin(), answers_.end(),
          [&](const Answer& answer) { return Covers(answer, other, of); });
      ASSERT_EQ(store_->approvals().current()->Find(other, of) != nullptr,
                expected);
      granted += expected ? 1 : 0;
    }
  }
  // Both answers came often, or little was compared.
  EXPECT_GT(granted, 500);
  EXPECT_LT(granted, 7000);
}

}  // namespace
}  // namespace cofferdam::policy
