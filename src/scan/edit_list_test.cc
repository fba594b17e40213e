#include "scan/edit_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "corpus/folder_testing.h"
#include "scan/finding_testing.h"

namespace cofferdam::scan {
namespace {

using corpus::Cut;
using testing::ElementsAre;

evidence::Finding Of(std::string path, uint64_t record, policy::Verdict verdict,
                     uint64_t begin, uint64_t end) {
  evidence::Finding finding = SampleFinding();
  finding.place.path = std::move(path);
  finding.place.record = record;
  finding.place.record_begin = record * 100;
  finding.place.record_end = record * 100 + 90;
  finding.place.field = "text";
  finding.verdict = verdict;
  finding.byte_begin = begin;
  finding.byte_end = end;
  return finding;
}

constexpr auto kForbidden = policy::Verdict::kForbidden;
constexpr auto kAmbiguous = policy::Verdict::kAmbiguous;
constexpr auto kAllowed = policy::Verdict::kAllowed;

TEST(EditList, HasOneEditForEachRecordThatMayNotBeUsed) {
  EditList list({.action = WriteAction::kExcise});
  list.OnFinding(Of("a.jsonl", 1, kForbidden, 10, 20));
  list.OnFinding(Of("a.jsonl", 1, kAmbiguous, 20, 30));
  list.OnFinding(Of("a.jsonl", 1, kForbidden, 30, 40));
  list.OnFinding(Of("a.jsonl", 2, kAllowed, 10, 20));
  list.OnFinding(Of("b.jsonl", 2, kForbidden, 10, 20));
  auto edits = list.Take();
  ASSERT_EQ(edits.size(), 2u);
  EXPECT_EQ(edits[0].path, "a.jsonl");
  EXPECT_EQ(edits[0].outer, "a.jsonl");
  EXPECT_EQ(edits[0].number, 1u);
  EXPECT_EQ(edits[0].begin, 100u);
  EXPECT_EQ(edits[0].end, 190u);
  EXPECT_FALSE(edits[0].drop);
  EXPECT_THAT(edits[0].cuts,
              ElementsAre(Cut{"text", 10, 20}, Cut{"text", 30, 40}));
  EXPECT_EQ(edits[1].path, "b.jsonl");
}

TEST(EditList, TakesWhatIsAmbiguousOnlyIfAsked) {
  EditList list({.action = WriteAction::kDrop, .ambiguous = true});
  list.OnFinding(Of("a.jsonl", 1, kAmbiguous, 10, 20));
  list.OnFinding(Of("a.jsonl", 2, kAllowed, 10, 20));
  auto edits = list.Take();
  ASSERT_EQ(edits.size(), 1u);
  EXPECT_TRUE(edits[0].drop);
  EXPECT_TRUE(edits[0].cuts.empty());
}

TEST(EditList, DropsARecordThatAFindingIsAllAbout) {
  EditList list({.action = WriteAction::kMask});
  list.OnFinding(Of("a.jsonl", 1, kForbidden, 10, 20));
  list.OnFinding(Of("a.jsonl", 1, kForbidden, 0, 0));
  list.OnFinding(Of("a.jsonl", 1, kForbidden, 30, 40));
  auto edits = list.Take();
  ASSERT_EQ(edits.size(), 1u);
  EXPECT_TRUE(edits[0].drop);
  EXPECT_TRUE(edits[0].cuts.empty());
}

TEST(OuterPath, IsTheFileThatIsThere) {
  corpus::TestFolder folder;
  const std::string tar = folder.Write("odd!name/data.tar", "");
  EXPECT_EQ(OuterPath(tar), tar);
  EXPECT_EQ(OuterPath(tar + "!dir/a.jsonl.gz!a.jsonl"), tar);
  EXPECT_EQ(OuterPath("nowhere!a"), "nowhere!a");
}

}  // namespace
}  // namespace cofferdam::scan
