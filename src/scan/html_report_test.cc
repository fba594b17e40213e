#include "scan/html_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "scan/finding_testing.h"
#include "scan/html_page.h"
#include "seal/hash.h"

namespace cofferdam::scan {
namespace {

using evidence::Finding;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string Html(const HtmlReport::Options& options,
                 const std::vector<Finding>& findings,
                 const ScanReport& scanned = SampleReport(),
                 const std::vector<corpus::PassedOver>& passed = {}) {
  std::string page;
  HtmlReport report([&](std::string_view piece) { page += piece; }, options);
  for (const Finding& finding : findings) report.OnFinding(finding);
  for (const corpus::PassedOver& one : passed) report.OnPassedOver(one);
  report.Finish(scanned);
  return page;
}

size_t Count(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

TEST(HtmlReport, SetsBothTextsBesideEachOther) {
  std::string page = Html({.corpus = "src", .fetch_text = SampleOutputText},
                          {SampleFinding()});
  EXPECT_THAT(page, HasSubstr("<tr class=\"renamed\"><td class=\"no\">3</td>"
                              "<td>ours = 1</td><td class=\"no\">2</td>"
                              "<td>theirs = 1</td></tr>"));
  EXPECT_THAT(page, HasSubstr("claude-sample (anthropic)"));
  EXPECT_THAT(page, HasSubstr("anthropic: forbid_compete"));
  EXPECT_THAT(page, HasSubstr("<b>1</b>forbidden"));
  EXPECT_THAT(page, HasSubstr("data-verdict=\"forbidden\""));
}

TEST(HtmlReport, ShowsTheDocumentAloneWhereTheOutputIsNotKnown) {
  std::string page = Html({}, {SampleFinding()});
  EXPECT_THAT(page, HasSubstr("<td>ours = 1</td></tr>"));
  EXPECT_THAT(page, Not(HasSubstr("theirs")));
  page = Html(
      {.fetch_text = [](std::string_view, uint32_t) -> Result<std::string> {
        return Error(Code::kDenied, "needs the role <reader>");
      }},
      {SampleFinding()});
  EXPECT_THAT(page, HasSubstr("needs the role &lt;reader&gt;"));
  EXPECT_THAT(page, HasSubstr("<td>ours = 1</td></tr>"));
}

TEST(HtmlReport, TellsOfMarks) {
  std::string page = Html({}, {SampleMarked()});
  EXPECT_THAT(page, AllOf(HasSubstr("says that a model wrote it"),
                          HasSubstr("(phrase, weak)"),
                          HasSubstr("record 7 · messages[1].content · lines")));
}

TEST(HtmlReport, LetsNothingOfOthersBecomeMarkup) {
  const std::string evil = "\"'><script>alert(1)</script>&\x1b\u202e\xff";
  Finding finding = SampleFinding();
  finding.place.path = evil;
  finding.place.field = evil;
  finding.why = evil;
  finding.text = evil;
  evidence::Origin& origin = finding.origins[0].origin;
  for (std::string* member :
       {&origin.exchange, &origin.model, &origin.provider, &origin.contract,
        &origin.person, &origin.repo, &origin.path}) {
    *member = evil;
  }
  evidence::FoundMark mark;
  mark.name = mark.kind = mark.words = mark.model = evil;
  finding.marks = {mark};
  ScanReport scanned;
  scanned.origins.Add(finding);
  scanned.notices = {evil};
  HtmlReport::Options options;
  options.corpus = options.purpose = options.version = evil;
  options.fetch_text = [&](std::string_view, uint32_t) -> Result<std::string> {
    return evil;
  };
  std::string page = Html(options, {finding}, scanned,
                          {{evil, corpus::Reason::kBinary, evil}});
  EXPECT_EQ(Count(page, "<script>"), 1u);
  EXPECT_EQ(Count(page, "</script>"), 1u);
  EXPECT_THAT(page, Not(HasSubstr("'>")));
  EXPECT_THAT(page, AllOf(Not(HasSubstr("\x1b")), Not(HasSubstr("\u202e")),
                          Not(HasSubstr("\xff"))));
}

TEST(HtmlReport, FetchesNothingAndAdmitsOnlyItsOwnScript) {
  std::string page = Html({.fetch_text = SampleOutputText}, {SampleFinding()});
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  for (std::string_view part : {HtmlStyle(), HtmlScript()}) {
    EXPECT_THAT(page, HasSubstr(">" + std::string(part) + "<"));
    EXPECT_THAT(
        page, HasSubstr("'sha256-" +
                        ToBase64(seal::Sha256(part), Base64::kStandard) + "'"));
  }
  for (const char* fetch : {"src=", "href=", "url(", "http:", "https:",
                            "@import", " style=", " on", "fetch("}) {
    // " on" as in onclick=; words of the page that begin so are not.
    if (std::string_view(fetch) == " on") {
      EXPECT_EQ(Count(page, " onclick"), 0u);
      continue;
    }
    EXPECT_THAT(page, Not(HasSubstr(fetch))) << fetch;
  }
}

TEST(HtmlReport, ShowsAsManyFindingsAsTheLimit) {
  std::vector<Finding> findings(HtmlReport::kFindingsMax, SampleMarked());
  std::string page = Html({}, findings);
  EXPECT_EQ(Count(page, "<article "), HtmlReport::kFindingsMax);
  EXPECT_THAT(page, Not(HasSubstr("findings are shown here")));
  findings.push_back(SampleMarked());
  page = Html({}, findings);
  EXPECT_EQ(Count(page, "<article "), HtmlReport::kFindingsMax);
  EXPECT_THAT(page, HasSubstr("5000 of 5001 findings are shown here"));
}

TEST(HtmlReport, ShowsWhatIsForbiddenBehindManyOthers) {
  std::vector<Finding> findings(HtmlReport::kFindingsMax + 1, SampleMarked());
  findings.resize(findings.size() + HtmlReport::kForbiddenMore + 1,
                  SampleFinding());
  std::string page = Html({}, findings);
  EXPECT_EQ(Count(page, "<article "),
            HtmlReport::kFindingsMax + HtmlReport::kForbiddenMore);
  EXPECT_EQ(Count(page, "<article class=\"forbidden\""),
            HtmlReport::kForbiddenMore);
}

TEST(HtmlReport, ShowsAsManyLinesAndBytesOfALineAsTheLimits) {
  Finding finding = SampleFinding();
  std::string line(HtmlReport::kLineBytesMax, 'x');
  finding.text = line + "\n";
  for (size_t i = 1; i < HtmlReport::kTextLinesMax; ++i) *finding.text += "y\n";
  std::string page = Html({}, {finding});
  EXPECT_THAT(page, HasSubstr(line + "</td>"));
  EXPECT_THAT(page, Not(HasSubstr("more line")));
  finding.text = line + "x\n";
  for (size_t i = 0; i < HtmlReport::kTextLinesMax; ++i) *finding.text += "y\n";
  page = Html({}, {finding});
  EXPECT_THAT(page, HasSubstr(line + "…</td>"));
  EXPECT_THAT(page, HasSubstr("and 1 more line<"));
}

TEST(HtmlText, KeepsTextAndReplacesTheRest) {
  EXPECT_EQ(HtmlText("a\tb é 漢 🙂"), "a\tb é 漢 🙂");
  EXPECT_EQ(HtmlText("<&>\"'"), "&lt;&amp;&gt;&quot;&#39;");
  // Cut, overlong and surrogate sequences.
  for (const char* bad : {"\xc3", "\xe2\x82", "\xc0\xaf", "\xed\xa0\x80",
                          "\xf5\x80\x80\x80", "\xf0\x80\x80\x80"}) {
    std::string text = HtmlText(bad);
    EXPECT_EQ(Count(text, "\ufffd") * 3, text.size()) << bad;
  }
  EXPECT_EQ(HtmlText("a\nb\x7f\xc2\x9b"), "a\ufffdb\ufffd\ufffd");
}

}  // namespace
}  // namespace cofferdam::scan
