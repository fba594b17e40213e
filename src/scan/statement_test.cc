#include "scan/statement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "corpus/folder_testing.h"
#include "scan/finding_testing.h"

namespace cofferdam::scan {
namespace {

using corpus::TestFolder;
using testing::ElementsAre;
using testing::HasSubstr;

Statement Sample() {
  Statement statement;
  statement.subjects = {{"clean", "dirHash", "ab"},
                        {"a.jsonl", "sha256", "cd"}};
  statement.made_from = {{"corpus", "dirHash", "ef"}};
  statement.verifier = "pkg:generic/cofferdam@1";
  statement.policies = {{"index", "01"}, {"terms", "02"}};
  statement.time = 1'700'000'000'123'456;
  statement.purpose = "training";
  statement.ledger_checkpoint = "note\n";
  TakeReport(SampleReport(), &statement);
  statement.properties =
      PropertiesOf(SampleReport(), policy::ScanPurpose::kTraining);
  return statement;
}

TEST(Statement, IsReadAsItWasWritten) {
  const std::string json = WriteStatement(Sample());
  auto read = ParseStatement(json);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(WriteStatement(*read), json);
  EXPECT_EQ(read->subjects, Sample().subjects);
  EXPECT_EQ(read->forbidden, 1u);
  EXPECT_EQ(read->time, Sample().time);
}

TEST(Statement, SaysOnlyWhatHolds) {
  ScanReport report;
  using policy::ScanPurpose;
  EXPECT_THAT(PropertiesOf(report, ScanPurpose::kEvaluation),
              ElementsAre(kScannedForEvaluation, kNoForbidden, kNoAmbiguous,
                          kNothingPassedOver));
  report.passed_over = 1;
  report.verdicts.Add(SampleMarked());  // ambiguous
  EXPECT_THAT(PropertiesOf(report, ScanPurpose::kTraining),
              ElementsAre(kScannedForTraining, kNoForbidden));
  report.verdicts.Add(SampleFinding());
  EXPECT_THAT(PropertiesOf(report, ScanPurpose::kTraining),
              ElementsAre(kScannedForTraining));
  report.written.emplace();
  EXPECT_THAT(PropertiesOf(report, ScanPurpose::kTraining),
              ElementsAre(kScannedForTraining, kForbiddenRemoved));
}

TEST(Statement, IsReadAsItsPageShows) {
  std::string page = *ReadFile(COFFERDAM_FORMATS "/statement.md", 1 << 20);
  const size_t begin = page.rfind("```json\n") + 8;
  const std::string shown = page.substr(begin, page.find('\n', begin) - begin);
  auto read = ParseStatement(shown);
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(WriteStatement(*read), shown);
  EXPECT_EQ(read->records, 1200u);
}

TEST(Statement, RefusesWhatIsNone) {
  const std::string good = WriteStatement(Sample());
  auto broken = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    auto read = ParseStatement(text);
    return read.ok() ? std::string() : read.error().message();
  };
  EXPECT_THAT(broken("Statement/v1", "Statement/v2"), HasSubstr("version 1"));
  EXPECT_THAT(broken("svr/v0.2", "svr/v0.1"), HasSubstr("Simple Verification"));
  EXPECT_THAT(broken("\"policies\"", "\"policy\""), HasSubstr("lacks"));
  EXPECT_THAT(broken("\"subject\"", "\"object\""), HasSubstr("no subject"));
  EXPECT_THAT(broken("{\"dirHash\":\"ab\"}", "{}"), HasSubstr("no digest"));
  EXPECT_THAT(broken("2023-", "20x3-"), HasSubstr("timeCreated"));
  EXPECT_FALSE(ParseStatement("").ok());
}

TEST(Statement, NamesAsManySubjectsAsTheLimit) {
  Statement statement = Sample();
  statement.subjects.assign(kStatementSubjectsMax, {"a", "sha256", "00"});
  EXPECT_TRUE(ParseStatement(WriteStatement(statement)).ok());
  statement.subjects.push_back(statement.subjects[0]);
  EXPECT_EQ(ParseStatement(WriteStatement(statement)).error().code(),
            Code::kTooLarge);
}

TEST(DigestPaths, AreThoseOfCommonTools) {
  TestFolder folder;
  folder.Write("c/b", "two\n");
  folder.Write("c/a-b", "one\n");
  folder.Write("c/a/x", "three\n");
  auto digests =
      DigestPaths({folder.Path("c"), folder.Path("c/b")}, {}, nullptr);
  ASSERT_TRUE(digests.ok());
  ASSERT_EQ(digests->size(), 2u);
  // printf 'one\n' … and find . -type f | cut -c3- | LC_ALL=C sort |
  // xargs sha256sum | sha256sum
  EXPECT_EQ(
      (*digests)[0],
      (PathDigest{
          folder.Path("c"), "dirHash",
          "7d691df17c891c5e0fa06c9e8b59915787544858e763f825ba3b5fbce94b57d5"}));
  EXPECT_EQ(
      (*digests)[1],
      (PathDigest{
          folder.Path("c/b"), "sha256",
          "27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a"}));
}

TEST(DigestPaths, ChangeWithAByteANameOrAFile) {
  TestFolder folder;
  folder.Write("c/a", "one");
  auto digest = [&] {
    return DigestPaths({folder.Path("c")}, {}, nullptr)->front().hex;
  };
  std::string stamp = *StampPaths({folder.Path("c")}, {});
  EXPECT_EQ(*StampPaths({folder.Path("c")}, {}), stamp);
  const std::string first = digest();
  folder.Write("c/a", "onf");
  EXPECT_NE(digest(), first);
  EXPECT_NE(*StampPaths({folder.Path("c")}, {}), stamp);
  folder.Write("c/a", "one");
  EXPECT_EQ(digest(), first);
  folder.Write("c/b", "");
  EXPECT_NE(digest(), first);
}

TEST(DigestPaths, StopsAndNamesWhatIsNotThere) {
  TestFolder folder;
  folder.Write("a", "one");
  std::atomic<bool> stop = true;
  EXPECT_EQ(DigestPaths({folder.Path("a")}, {}, &stop).error().code(),
            Code::kCancelled);
  auto none = DigestPaths({folder.Path("b")}, {}, nullptr);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), Code::kNotFound);
  EXPECT_THAT(none.error().message(), HasSubstr(folder.Path("b")));
}

}  // namespace
}  // namespace cofferdam::scan
