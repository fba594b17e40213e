#include "policy/purposes.h"

#include <gtest/gtest.h>

namespace cofferdam::policy {
namespace {

TEST(Purposes, KnowsWhatTheBuiltInOnesFeed) {
  const Purposes purposes;
  EXPECT_EQ(purposes.Of("unspecified"), Feeds::kNothing);
  EXPECT_EQ(purposes.Of("product"), Feeds::kNothing);
  EXPECT_EQ(purposes.Of("research"), Feeds::kNothing);
  EXPECT_EQ(purposes.Of("training-code"), Feeds::kTraining);
  EXPECT_EQ(purposes.Of("data-generation"), Feeds::kTraining);
  EXPECT_EQ(purposes.Of("eval-authoring"), Feeds::kEvaluation);
}

TEST(Purposes, AnUnknownOneFeedsTrainingAndNoneFeedsNothing) {
  const Purposes purposes;
  EXPECT_EQ(purposes.Of("anything"), Feeds::kTraining);
  EXPECT_EQ(purposes.Of(""), Feeds::kNothing);
}

TEST(Purposes, TakesFurtherOnesAndOtherMeanings) {
  Purposes purposes;
  EXPECT_TRUE(purposes.Add("kernels", Feeds::kTraining).ok());
  EXPECT_TRUE(purposes.Add("training-code", Feeds::kNothing).ok());
  EXPECT_EQ(purposes.Of("kernels"), Feeds::kTraining);
  EXPECT_EQ(purposes.Of("training-code"), Feeds::kNothing);
  EXPECT_FALSE(purposes.Add("eval-authoring", Feeds::kNothing).ok());
  EXPECT_FALSE(purposes.Add("Kernels", Feeds::kNothing).ok());
}

TEST(Purposes, ARepositoryAdmitsOnlyItsOwn) {
  Purposes purposes;
  purposes.AddRepository("host/evals*", {"research"});
  purposes.AddRepository("host/*", {"product", "research"});
  EXPECT_TRUE(purposes.Check("host/evals-1", "research").ok());
  const Status denied = purposes.Check("host/evals-1", "product");
  ASSERT_FALSE(denied.ok());
  EXPECT_EQ(denied.error().code(), Code::kDenied);
  EXPECT_EQ(denied.error().message(),
            "purpose: host/evals-1 admits only research, not \"product\"");
  EXPECT_TRUE(purposes.Check("host/app", "product").ok());
  EXPECT_TRUE(purposes.Check("other/app", "data-generation").ok());
  EXPECT_EQ(purposes.Check("host/app", "").error().code(), Code::kDenied);
  EXPECT_TRUE(purposes.Check("other/app", "").ok());
}

TEST(Purposes, WhoNamesNoneWorksWhereNothingIsRestricted) {
  Purposes purposes;
  purposes.AddRepository("host/*", {"product"});
  EXPECT_TRUE(purposes.Check("other/app", "unspecified").ok());
  EXPECT_EQ(purposes.Check("host/app", "unspecified").error().code(),
            Code::kDenied);
}

TEST(Purposes, RefusesAnUnknownOneWithTheKnownOnes) {
  const Status unknown = Purposes().Check("", "eval-authorng");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code(), Code::kInvalid);
  EXPECT_EQ(unknown.error().message(),
            "purpose: unknown \"eval-authorng\", must be one of "
            "data-generation, eval-authoring, product, research, "
            "training-code, unspecified");
}

}  // namespace
}  // namespace cofferdam::policy
