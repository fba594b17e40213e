#include "scan/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cofferdam::scan {
namespace {

using evidence::Finding;
using evidence::FoundOrigin;
using testing::HasSubstr;
using testing::Not;

Finding MakeFinding() {
  Finding finding;
  finding.place.path = "src/a.py";
  finding.lines = {3, 4};
  finding.verdict = policy::Verdict::kForbidden;
  finding.why = "because";
  finding.tokens = 50;
  finding.tokens_matched = 40;
  finding.text = "ours = 1\nours += 2\n";
  FoundOrigin found;
  found.origin.exchange = "01J0000000000000000000000A";
  found.origin.part = 2;
  found.origin.model = "claude-sample";
  found.origin.provider = "anthropic";
  found.origin.contract = "anthropic";
  found.origin.terms_class = policy::TermsClass::kForbidCompete;
  found.origin.person = "p_1";
  found.origin.team = "applied-ai";
  found.origin.repo = "example.com/team/app";
  found.output_lines = {2, 3};
  found.content.tokens = 40;
  found.content.echoed_tokens = 10;
  found.content.token_bits = 300;
  finding.origins = {found};
  return finding;
}

ScanReport MakeReport() {
  ScanReport report;
  report.covered_sequence = 42;
  report.files = 1;
  report.bytes = 12'345;
  report.forbidden = {1, 2};
  return report;
}

Result<std::string> OutputText(std::string_view exchange, uint32_t part) {
  EXPECT_EQ(exchange, "01J0000000000000000000000A");
  EXPECT_EQ(part, 2u);
  return std::string("first\ntheirs = 1\ntheirs += 2\nlast\n");
}

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

std::string Json(const JsonReport::Options& options,
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
      People({.person_name =
                  [](std::string_view id) {
                    EXPECT_EQ(id, "p_1");
                    return std::string("engineer@example.com");
                  }},
             {MakeFinding()}, MakeReport()),
      "src/a.py:3-4: forbidden\n"
      "  because\n"
      "  claude-sample (anthropic, contract anthropic: forbid_compete) · "
      "engineer@example.com, applied-ai · example.com/team/app · exchange "
      "01J0000000000000000000000A part 2, lines 2-3 · 300 bits · 25 % echoed\n"
      "\n"
      "1 file, 12 kB read: 1 forbidden (2 lines), 0 ambiguous (0 lines), "
      "0 allowed (0 lines)\n"
      "The index covers the ledger up to sequence 42.\n");
}

TEST(PeopleReport, ShowsBothTextsSideBySide) {
  std::string text = People({.width = 60, .fetch_text = OutputText},
                            {MakeFinding()}, MakeReport());
  EXPECT_THAT(text,
              HasSubstr("    3 ours = 1               |     2 theirs = 1\n"
                        "    4 ours += 2              |     3 theirs += 2\n"));
}

TEST(PeopleReport, SaysWhyAnOutputCannotBeShown) {
  std::string text = People(
      {.fetch_text = [](std::string_view, uint32_t) -> Result<std::string> {
        return Error(Code::kDenied, "needs the role reader");
      }},
      {MakeFinding()}, MakeReport());
  EXPECT_THAT(text, HasSubstr("text of the output: needs the role reader"));
}

TEST(PeopleReport, NeverPassesOnWhatSteersATerminal) {
  Finding finding = MakeFinding();
  finding.place.path = "a\x1b]0;b";
  finding.origins[0].origin.model = "m\x1b[2J";
  finding.text = "\x1b[31m\n";
  std::string text = People({.fetch_text = OutputText}, {finding}, MakeReport(),
                            {{"c\x1b[1m", corpus::Reason::kBinary, ""}});
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
  EXPECT_THAT(People({.colour = Colour::kAlways}, {finding}, MakeReport()),
              HasSubstr("\x1b[31mforbidden\x1b[0m"));
}

TEST(PeopleReport, CountsWhatItDoesNotName) {
  Finding finding = MakeFinding();
  finding.origins.resize(kOriginsShownMax + 1, finding.origins[0]);
  finding.origins_left_out = 5;
  std::vector<corpus::PassedOver> passed(
      kPassedOverShownMax + 2, {"link", corpus::Reason::kSymlink, ""});
  ScanReport scanned = MakeReport();
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
  ScanReport scanned = MakeReport();
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
  auto json =
      JsonDocument::Parse(Json({.fetch_text = OutputText},
                               {MakeFinding(), MakeFinding()}, MakeReport()));
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

  json = JsonDocument::Parse(Json({}, {MakeFinding()}, MakeReport()));
  ASSERT_TRUE(json.ok());
  EXPECT_FALSE((*json)["findings"].At(0)["text"].present());
}

}  // namespace
}  // namespace cofferdam::scan
