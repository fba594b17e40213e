#include "scan/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scan/finding_testing.h"

namespace cofferdam::scan {
namespace {

using evidence::Finding;
using testing::HasSubstr;
using testing::Not;

std::string People(const PeopleReport::Options& options,
                   const std::vector<Finding>& findings,
                   const ScanReport& scanned,
                   const std::vector<corpus::PassedOver>& passed = {}) {
  std::string text;
  PeopleReport report([&](std::string_view piece) { text += piece; }, options);
  for (const Finding& finding : findings) report.OnFinding(finding);
  for (const corpus::PassedOver& one : passed) report.OnPassedOver(one);
  report.Finish(scanned);
  return text;
}

std::string Json(const JsonOptions& options,
                 const std::vector<Finding>& findings,
                 const ScanReport& scanned,
                 const std::vector<corpus::PassedOver>& passed = {}) {
  std::string text;
  JsonReport report([&](std::string_view piece) { text += piece; }, options);
  for (const Finding& finding : findings) report.OnFinding(finding);
  for (const corpus::PassedOver& one : passed) report.OnPassedOver(one);
  report.Finish(scanned);
  EXPECT_TRUE(text.ends_with("}\n"));
  return text;
}

TEST(PeopleReport, SaysWhereWhatAndWhose) {
  EXPECT_EQ(
      People({.width = 70,
              .person_name =
                  [](std::string_view id) {
                    EXPECT_EQ(id, "p_1");
                    return std::string("engineer@example.com");
                  }},
             {SampleFinding()}, SampleReport()),
      "src/a.py:3-4: forbidden\n"
      "  because\n"
      "  claude-sample (anthropic, contract anthropic: forbid_compete) · "
      "engineer@example.com, applied-ai · example.com/team/app · exchange "
      "01J0000000000000000000000A part 2, lines 2-3 · 300 bits · 25 % echoed\n"
      "\n"
      "                                       forbidden  ambiguous    allowed\n"
      "claude-sample (anthropic)  ████████            1          0          0\n"
      "\n"
      "1 file, 12 kB read: 1 forbidden (2 lines), 0 ambiguous (0 lines), "
      "0 allowed (0 lines)\n"
      "The index covers the ledger up to sequence 42.\n");
}

TEST(PeopleReport, ShowsBothTextsSideBySide) {
  std::string text = People({.width = 60, .fetch_text = SampleOutputText},
                            {SampleFinding()}, SampleReport());
  EXPECT_THAT(text,
              HasSubstr("    3 ours = 1               |     2 theirs = 1\n"
                        "    4 ours += 2              |     3 theirs += 2\n"));
}

TEST(PeopleReport, SaysWhyAnOutputCannotBeShown) {
  std::string text = People(
      {.fetch_text = [](std::string_view, uint32_t) -> Result<std::string> {
        return Error(Code::kDenied, "needs the role reader");
      }},
      {SampleFinding()}, SampleReport());
  EXPECT_THAT(text, HasSubstr("text of the output: needs the role reader"));
}

TEST(PeopleReport, NeverPassesOnWhatSteersATerminal) {
  Finding finding = SampleFinding();
  finding.place.path = "a\x1b]0;b";
  finding.origins[0].origin.model = "m\x1b[2J";
  finding.text = "\x1b[31m\n";
  std::string text =
      People({.fetch_text = SampleOutputText}, {finding}, SampleReport(),
             {{"c\x1b[1m", corpus::Reason::kBinary, ""}});
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(People({.colour = Colour::kAlways}, {finding}, SampleReport()),
              HasSubstr("\x1b[31mforbidden\x1b[0m"));
}

TEST(PeopleReport, ShowsWhatIsForbiddenBehindManyOthers) {
  std::vector<Finding> findings(kFindingsShownMax + 1, SampleMarked());
  findings.resize(findings.size() + kForbiddenShownMore + 2, SampleFinding());
  const std::string text = People({}, findings, SampleReport());
  size_t forbidden = 0;
  for (size_t at = 0; (at = text.find(": forbidden\n", at)) != text.npos; ++at)
    ++forbidden;
  EXPECT_EQ(forbidden, kForbiddenShownMore);
  EXPECT_THAT(text, HasSubstr("and 3 findings more, not shown here\n"));
}

TEST(PeopleReport, NamesTheRecordsThatWerePassedOver) {
  using corpus::Reason;
  EXPECT_THAT(People({}, {}, SampleReport(),
                     {{"a.jsonl", Reason::kBroken, "why", 7, 1},
                      {"b\u202e.jsonl", Reason::kNotUtf8, "", 7, 3}}),
              HasSubstr("passed over a.jsonl record 7: broken (why)\n"
                        "passed over b·.jsonl records 7 to 9: not_utf8\n"));
}

TEST(PeopleReport, CountsWhatItDoesNotName) {
  Finding finding = SampleFinding();
  finding.origins.resize(kOriginsShownMax + 1, finding.origins[0]);
  finding.origins_left_out = 5;
  std::vector<corpus::PassedOver> passed(
      kPassedOverShownMax + 2, {"link", corpus::Reason::kSymlink, ""});
  ScanReport scanned = SampleReport();
  scanned.passed_over = passed.size();
  scanned.work.seeds_dropped = 7;
  std::string text = People({}, {finding}, scanned, passed);
  EXPECT_THAT(text, HasSubstr("and 6 origins more\n"));
  EXPECT_THAT(text, HasSubstr("passed over 22 in all: symlink 22\n"));
  EXPECT_THAT(text, HasSubstr("Limits left out 7 candidates"));
  finding.origins.resize(kOriginsShownMax);
  finding.origins_left_out = 0;
  passed.resize(kPassedOverShownMax);
  scanned.passed_over = passed.size();
  text = People({}, {finding}, scanned, passed);
  EXPECT_THAT(text, Not(HasSubstr(" more\n")));
  EXPECT_THAT(text, Not(HasSubstr("in all")));
}

TEST(PeopleReport, SaysThatTheIndexIsEmpty) {
  EXPECT_THAT(People({}, {}, ScanReport()),
              HasSubstr("nothing to compare with"));
}

TEST(JsonReport, IsOneObjectWithoutFindings) {
  ScanReport scanned = SampleReport();
  scanned.notices = {"a notice"};
  auto json = JsonDocument::Parse(
      Json({}, {}, scanned, {{"a.bin", corpus::Reason::kBinary, "why"}}));
  ASSERT_TRUE(json.ok());
  EXPECT_TRUE((*json)["findings"].is_array());
  EXPECT_EQ((*json)["findings"].Elements().size(), 0u);
  EXPECT_EQ((*json)["covered_sequence"].Int(), 42);
  EXPECT_EQ((*json)["files"].Int(), 1);
  EXPECT_EQ((*json)["bytes"].Int(), 12'345);
  EXPECT_EQ((*json)["lines"]["forbidden"].Int(), 2);
  EXPECT_EQ((*json)["notices"].At(0).String(), "a notice");
  JsonValue passed = (*json)["passed_over"].At(0);
  EXPECT_EQ(passed["path"].String(), "a.bin");
  EXPECT_EQ(passed["reason"].String(), "binary");
  EXPECT_EQ(passed["detail"].String(), "why");
}

TEST(JsonReport, GivesFindingsAndBothTextsIfAsked) {
  auto json = JsonDocument::Parse(Json({.fetch_text = SampleOutputText},
                                       {SampleFinding(), SampleFinding()},
                                       SampleReport()));
  ASSERT_TRUE(json.ok());
  ASSERT_EQ((*json)["findings"].Elements().size(), 2u);
  JsonValue finding = (*json)["findings"].At(1);
  EXPECT_EQ(finding["path"].String(), "src/a.py");
  EXPECT_EQ(finding["evidence"]["matched_share"].Double(), 0.8);
  EXPECT_EQ(finding["text"]["document"].String(), "ours = 1\nours += 2\n");
  JsonValue output = finding["text"]["outputs"].At(0);
  EXPECT_EQ(output["exchange"].String(), "01J0000000000000000000000A");
  EXPECT_EQ(output["part"].Int(), 2);
  EXPECT_EQ(output["text"].String(), "theirs = 1\ntheirs += 2\n");

  json = JsonDocument::Parse(Json({}, {SampleFinding()}, SampleReport()));
  ASSERT_TRUE(json.ok());
  EXPECT_FALSE((*json)["findings"].At(0)["text"].present());
}

TEST(PeopleReport, SaysWhereInARecordAndOfMarks) {
  std::string text = People({}, {SampleMarked()}, SampleReport());
  EXPECT_THAT(text,
              HasSubstr("data/chat.jsonl record 7 messages[1].content:1-2: "
                        "ambiguous\n  it says so itself\n"));
}

TEST(PeopleReport, ShowsAsManyFindingsAsTheLimit) {
  std::vector<Finding> findings(kFindingsShownMax, SampleMarked());
  EXPECT_THAT(People({}, findings, SampleReport()),
              Not(HasSubstr("not shown here")));
  findings.push_back(SampleMarked());
  EXPECT_THAT(People({}, findings, SampleReport()),
              HasSubstr("and 1 finding more, not shown here\n"));
}

TEST(JsonReport, NamesAsManyThingsPassedOverAsTheLimit) {
  std::vector<corpus::PassedOver> passed(
      JsonReport::kPassedOverMax, {"a.bin", corpus::Reason::kBinary, ""});
  EXPECT_THAT(Json({}, {}, SampleReport(), passed),
              Not(HasSubstr("passed_over_left_out")));
  passed.resize(passed.size() + 2, passed[0]);
  const std::string text = Json({}, {}, SampleReport(), passed);
  const auto json = JsonDocument::Parse(text);
  ASSERT_TRUE(json.ok());
  EXPECT_EQ((*json)["passed_over"].Elements().size(),
            JsonReport::kPassedOverMax);
  EXPECT_EQ((*json)["passed_over_left_out"].Int(), 2);
}

TEST(JsonlReport, GivesALineForEachThingAndTheSumsLast) {
  std::string text;
  JsonlReport report([&](std::string_view piece) { text += piece; }, {});
  report.OnFinding(SampleFinding());
  report.OnPassedOver({"a.bin", corpus::Reason::kBinary, ""});
  report.OnFinding(SampleMarked());
  report.Finish(SampleReport());
  std::vector<std::string> kinds;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find('\n', at);
    auto json = JsonDocument::Parse(text.substr(at, end - at));
    ASSERT_TRUE(json.ok()) << text.substr(at, end - at);
    kinds.emplace_back((*json)["kind"].StringOrEmpty());
    if (end + 1 == text.size()) {
      EXPECT_EQ((*json)["verdicts"]["forbidden"].Int(), 1);
      EXPECT_EQ((*json)["origins"].At(0)["origin"].String(),
                "claude-sample (anthropic)");
    }
    at = end + 1;
  }
  EXPECT_THAT(
      kinds, testing::ElementsAre("match", "passed_over", "marked", "summary"));
}

}  // namespace
}  // namespace cofferdam::scan
