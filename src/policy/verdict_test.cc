#include "policy/verdict.h"

#include <gtest/gtest.h>

namespace cofferdam::policy {
namespace {

struct Cell {
  TermsClass terms_class;
  Verdict training_by_trainer;
  Verdict training_otherwise;
  bool duty;
};

// DESIGN, "Terms and verdicts", row by row.
constexpr Cell kTable[] = {
    {TermsClass::kForbidAny, Verdict::kForbidden, Verdict::kForbidden, false},
    {TermsClass::kUnknown, Verdict::kForbidden, Verdict::kForbidden, false},
    {TermsClass::kForbidCompete, Verdict::kForbidden, Verdict::kAmbiguous,
     false},
    {TermsClass::kAllowLimited, Verdict::kAllowed, Verdict::kAllowed, true},
    {TermsClass::kAllowNaming, Verdict::kAllowed, Verdict::kAllowed, true},
    {TermsClass::kAllowViral, Verdict::kAllowed, Verdict::kAllowed, true},
    {TermsClass::kAllow, Verdict::kAllowed, Verdict::kAllowed, false},
};

TEST(Verdicts, FollowTheTableInEveryCell) {
  for (const Cell& cell : kTable) {
    SCOPED_TRACE(TermsClassName(cell.terms_class));
    TermsVerdict trainer =
        VerdictFor(cell.terms_class, ScanPurpose::kTraining, true);
    TermsVerdict otherwise =
        VerdictFor(cell.terms_class, ScanPurpose::kTraining, false);
    EXPECT_EQ(trainer.verdict, cell.training_by_trainer);
    EXPECT_EQ(otherwise.verdict, cell.training_otherwise);
    EXPECT_EQ(!trainer.duty.empty(), cell.duty);
    EXPECT_EQ(!otherwise.duty.empty(), cell.duty);
    EXPECT_FALSE(trainer.why.empty());
    EXPECT_FALSE(otherwise.why.empty());
    for (bool trains : {true, false}) {
      TermsVerdict evaluation =
          VerdictFor(cell.terms_class, ScanPurpose::kEvaluation, trains);
      EXPECT_EQ(evaluation.verdict, Verdict::kForbidden);
      EXPECT_TRUE(evaluation.duty.empty());
      EXPECT_FALSE(evaluation.why.empty());
    }
  }
}

TEST(Verdicts, NeverGetMilderForAStricterClass) {
  for (const Cell& a : kTable) {
    for (const Cell& b : kTable) {
      if (Stricter(a.terms_class, b.terms_class) != a.terms_class) continue;
      EXPECT_GE(a.training_by_trainer, b.training_by_trainer);
      EXPECT_GE(a.training_otherwise, b.training_otherwise);
    }
  }
}

TEST(Verdicts, AndTheirPurposesHaveStableNames) {
  EXPECT_EQ(VerdictName(Verdict::kClean), "clean");
  EXPECT_EQ(VerdictName(Verdict::kAllowed), "allowed");
  EXPECT_EQ(VerdictName(Verdict::kAmbiguous), "ambiguous");
  EXPECT_EQ(VerdictName(Verdict::kForbidden), "forbidden");
  EXPECT_EQ(ParseScanPurpose("training"), ScanPurpose::kTraining);
  EXPECT_EQ(ParseScanPurpose("evaluation"), ScanPurpose::kEvaluation);
  EXPECT_EQ(ParseScanPurpose("Training"), std::nullopt);
}

TEST(TermsClasses, ReadBackByTheirNames) {
  for (const Cell& cell : kTable) {
    EXPECT_EQ(ParseTermsClass(TermsClassName(cell.terms_class)),
              cell.terms_class);
  }
  EXPECT_EQ(ParseTermsClass("inherit"), std::nullopt);
  EXPECT_EQ(ParseTermsClass(""), std::nullopt);
}

TEST(TermsClasses, NameTheStricterOfTwo) {
  using enum TermsClass;
  EXPECT_EQ(Stricter(kAllow, kForbidCompete), kForbidCompete);
  EXPECT_EQ(Stricter(kUnknown, kForbidCompete), kUnknown);
  EXPECT_EQ(Stricter(kUnknown, kForbidAny), kForbidAny);
  EXPECT_EQ(Stricter(kAllowViral, kAllowNaming), kAllowViral);
}

}  // namespace
}  // namespace cofferdam::policy
