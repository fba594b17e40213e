#include "evidence/origin.h"

#include <gtest/gtest.h>

#include "evidence/sample_testing.h"

namespace cofferdam::evidence {
namespace {

TEST(ParseOrigin, ReadsADescriptor) {
  SampleOutput output;
  output.repo = "example.com/team/app";
  output.part = 3;
  Result<Origin> origin = ParseOrigin(SampleDescriptor(output));
  ASSERT_TRUE(origin.ok());
  EXPECT_EQ(origin->exchange, output.exchange);
  EXPECT_EQ(origin->sequence, 1u);
  EXPECT_EQ(origin->part, 3u);
  EXPECT_EQ(origin->kind, "file");
  EXPECT_EQ(origin->path, output.path);
  EXPECT_EQ(origin->provider, "anthropic");
  EXPECT_EQ(origin->model, output.model);
  EXPECT_EQ(origin->contract, "anthropic");
  EXPECT_EQ(origin->terms_class, policy::TermsClass::kForbidCompete);
  EXPECT_EQ(origin->tool, "claude-code");
  EXPECT_EQ(origin->person, "p_1");
  EXPECT_EQ(origin->team, "applied-ai");
  EXPECT_EQ(origin->repo, "example.com/team/app");
  EXPECT_EQ(origin->purpose, "product");
  EXPECT_EQ(origin->time, 1'795'000'000'000'000);
  EXPECT_FALSE(origin->claimed());
}

TEST(ParseOrigin, TakesAClassItDoesNotKnowForUnknown) {
  SampleOutput output;
  output.terms_class = "allow_on_sundays";
  EXPECT_EQ(ParseOrigin(SampleDescriptor(output))->terms_class,
            policy::TermsClass::kUnknown);
  output.terms_class = "";
  EXPECT_EQ(ParseOrigin(SampleDescriptor(output))->terms_class,
            policy::TermsClass::kUnknown);
}

TEST(ParseOrigin, RefusesWhatNamesNoOutput) {
  for (const char* text :
       {"", "[]", "{}", "{\"exchange\":\"x\"}", "{\"part\":1}",
        "{\"exchange\":\"x\",\"part\":-1}", "{\"exchange\":1,\"part\":1}"}) {
    Result<Origin> origin = ParseOrigin(text);
    ASSERT_FALSE(origin.ok()) << text;
    EXPECT_EQ(origin.error().code(), Code::kCorrupt);
  }
}

TEST(Origin, IsClaimedOnRouteContext) {
  SampleOutput output;
  output.route = "context";
  EXPECT_TRUE(ParseOrigin(SampleDescriptor(output))->claimed());
}

}  // namespace
}  // namespace cofferdam::evidence
