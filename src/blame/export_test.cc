#include "blame/export.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/json.h"
#include "corpus/agent_trace.h"
#include "corpus/git_ai_note.h"
#include "seal/sha1.h"

namespace cofferdam::blame {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kCommit(40, 'a');
const std::string kOther(40, 'b');

// Lines 1-2 and 4 a model's, 3 mixed, 5 a person's, 6 unknown, 7 claimed; of
// two commits, in one of which the file had another name.
RepositoryBlame Sample() {
  RepositoryBlame blame;
  blame.repository = "example.com/lab/tide";
  blame.history.repository.head_commit = kCommit;
  blame.history.commits.resize(3);
  blame.history.commits[0].id = kCommit;
  blame.history.commits[1].id = kOther;
  blame.history.paths = {"a.py", "old name.py"};
  corpus::FileLines lines;
  lines.path = "a.py";
  lines.text = "1\n22\n3\n4\n5\n6\n7";
  lines.lines = {{0, 0, 1}, {1, 1, 12}, {0, 0, 3}, {1, 1, 10},
                 {0, 0, 5}, {0, 0, 6},  {2, 0, 7}};
  blame.history.files.push_back(lines);
  BlamedFile file;
  file.path = "a.py";
  evidence::FoundOrigin origin;
  origin.origin.exchange = "01J0000000000000000000000A";
  origin.origin.provider = "anthropic";
  origin.origin.model = "claude-sample";
  origin.origin.contract = "claude";
  origin.origin.tool = "claude-code";
  origin.origin.terms_class = policy::TermsClass::kForbidAny;
  file.origins.push_back(origin);
  file.lines.resize(7);
  for (const size_t line : {0, 1, 3})
    file.lines[line] = {LineClass::kModel, Basis::kContent, 0, 1, 99};
  file.lines[2] = {LineClass::kMixed, Basis::kContent, 0, 0.5, 99};
  file.lines[4] = {LineClass::kHuman, Basis::kTime, kNone, 0, 0};
  file.lines[6] = {LineClass::kModel, Basis::kClaim, 0, 0, 0};
  blame.files.push_back(file);
  return blame;
}

ExportOptions Options() {
  ExportOptions options;
  options.now_micros = 1'770'091'506'000'000;
  options.version = "1.0";
  return options;
}

TEST(Export, NotesOfGitAiSayWhereLinesStoodInTheirCommits) {
  const std::vector<GitAiNote> notes = ExportGitAi(Sample(), Options());
  ASSERT_THAT(notes, SizeIs(2));
  EXPECT_EQ(notes[0].commit, kCommit);
  const corpus::ClaimsRead first = corpus::ReadGitAiNote(notes[0].text);
  EXPECT_THAT(first.notices, IsEmpty());
  ASSERT_THAT(first.claims, SizeIs(1));
  EXPECT_EQ(first.claims[0].path, "a.py");
  EXPECT_EQ(first.claims[0].line_end, 1u);
  EXPECT_EQ(first.claims[0].tool, "claude-code");
  EXPECT_EQ(first.claims[0].model, "claude-sample");
  const corpus::ClaimsRead second = corpus::ReadGitAiNote(notes[1].text);
  EXPECT_THAT(second.notices, IsEmpty());
  ASSERT_THAT(second.claims, SizeIs(2));
  EXPECT_EQ(second.claims[0].path, "old name.py");
  EXPECT_EQ(second.claims[0].line_begin, 10u);
  EXPECT_EQ(second.claims[1].line_begin, 12u);
}

TEST(Export, ARecordOfAgentTraceCanBeReadBack) {
  const std::string text = ExportAgentTrace(Sample(), Options());
  EXPECT_EQ(text, ExportAgentTrace(Sample(), Options()));
  const corpus::TracesRead read = corpus::ReadAgentTrace(text, "t");
  EXPECT_THAT(read.notices, IsEmpty());
  ASSERT_THAT(read.records, SizeIs(1));
  EXPECT_EQ(read.records[0].revision, kCommit);
  std::map<corpus::ClaimedAuthor, uint32_t> lines;
  for (const corpus::LineClaim& claim : read.records[0].claims)
    lines[claim.author] += claim.line_end - claim.line_begin + 1;
  EXPECT_EQ(lines[corpus::ClaimedAuthor::kModel], 4u);
  EXPECT_EQ(lines[corpus::ClaimedAuthor::kMixed], 1u);
  EXPECT_EQ(lines[corpus::ClaimedAuthor::kHuman], 1u);
  const auto json = JsonDocument::Parse(text);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ((*json)["version"].String(), "0.1.0");
  EXPECT_EQ((*json)["id"].StringOrEmpty().size(), 36u);
  EXPECT_EQ((*json)["timestamp"].String(), "2026-02-03T04:05:06Z");
  EXPECT_EQ((*json)["files"]
                .At(0)["conversations"]
                .At(0)["contributor"]["model_id"]
                .String(),
            "anthropic/claude-sample");
}

TEST(Export, AnSpdxDocumentHasASnippetForEachRunOfLines) {
  const auto json = JsonDocument::Parse(ExportSpdx(Sample(), Options()));
  ASSERT_TRUE(json.ok());
  EXPECT_EQ((*json)["spdxVersion"].String(), "SPDX-2.3");
  EXPECT_EQ((*json)["files"].At(0)["fileName"].String(), "./a.py");
  const auto snippets = (*json)["snippets"].Elements();
  ASSERT_THAT(snippets, SizeIs(5));
  // "22\n" ends at the fifth byte.
  const auto ranges = snippets[0]["ranges"].Elements();
  EXPECT_EQ(ranges[0]["startPointer"]["offset"].Int(), 1);
  EXPECT_EQ(ranges[0]["endPointer"]["offset"].Int(), 5);
  EXPECT_EQ(ranges[1]["endPointer"]["lineNumber"].Int(), 2);
  EXPECT_EQ(snippets[4]["ranges"].At(0)["endPointer"]["offset"].Int(), 14);
  EXPECT_NE(snippets[0]["annotations"].At(0)["comment"].StringOrEmpty().find(
                "anthropic/claude-sample"),
            std::string::npos);
}

TEST(Export, AMaskSaysOfEachBlobWhichLinesAreWhat) {
  const std::string text = ExportMask(Sample(), Options());
  std::vector<std::string> seen;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    const auto json = JsonDocument::Parse(text.substr(at, end - at));
    ASSERT_TRUE(json.ok());
    EXPECT_EQ((*json)["blob"].String(),
              seal::GitBlobId("1\n22\n3\n4\n5\n6\n7"));
    std::string line = std::string((*json)["class"].StringOrEmpty()) + " " +
                       std::string((*json)["verdict"].StringOrEmpty());
    for (const JsonValue& range : (*json)["ranges"].Elements())
      line += " " + std::to_string(*range.At(0).Int()) + "-" +
              std::to_string(*range.At(1).Int());
    seen.push_back(line);
    at = end + 1;
  }
  EXPECT_THAT(seen,
              ElementsAre("model forbidden 1-2 4-4", "model ambiguous 7-7",
                          "mixed forbidden 3-3", "human clean 5-5"));
}

TEST(Export, FormatsHaveNames) {
  EXPECT_EQ(ParseExportFormat("spdx"), ExportFormat::kSpdx);
  EXPECT_EQ(ParseExportFormat("SPDX"), std::nullopt);
}

}  // namespace
}  // namespace cofferdam::blame
