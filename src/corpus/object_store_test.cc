#include <gtest/gtest.h>

#include "corpus/object_store_internal.h"
#include "corpus/source.h"

namespace cofferdam::corpus {
namespace {

TEST(ObjectPath, IsABucketAndTheBeginOfNames) {
  EXPECT_EQ(ParseObjectPath("s3://bucket/a/b.jsonl")->bucket, "bucket");
  EXPECT_EQ(ParseObjectPath("s3://bucket/a/b.jsonl")->name, "a/b.jsonl");
  EXPECT_EQ(ParseObjectPath("s3://bucket")->name, "");
  EXPECT_EQ(ParseObjectPath("s3://bucket/")->name, "");
  for (const char* path : {"s3://", "s3:///name", "bucket/name", ""})
    EXPECT_EQ(ParseObjectPath(path).error().code(), Code::kInvalid) << path;
}

TEST(ObjectPath, StandsNotBesidePathsOfThisMachine) {
  auto source = OpenSource({"s3://bucket/a", "."}, {});
  ASSERT_FALSE(source.ok());
  EXPECT_EQ(source.error().message(), "s3:// paths are read alone");
}

}  // namespace
}  // namespace cofferdam::corpus
