#include "scan/sarif_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "scan/finding_testing.h"
#include "scan/uri.h"

namespace cofferdam::scan {
namespace {

using evidence::Finding;
using testing::HasSubstr;
using testing::Not;

// Hands out what a report wrote, parsed.
class Log {
 public:
  explicit Log(const std::vector<Finding>& findings,
               const std::vector<corpus::PassedOver>& passed = {}) {
    SarifReport report([&](std::string_view piece) { text_ += piece; },
                       {.version = "1.2.3"});
    for (const Finding& finding : findings) report.OnFinding(finding);
    for (const corpus::PassedOver& one : passed) report.OnPassedOver(one);
    report.Finish(SampleReport());
    auto json = JsonDocument::Parse(text_);
    CHECK_OK(json);
    json_ = std::make_unique<JsonDocument>(*std::move(json));
  }

  const std::string& text() const { return text_; }
  JsonValue run() const { return (*json_)["runs"].At(0); }
  JsonValue result(size_t index) const { return run()["results"].At(index); }
  size_t results() const { return run()["results"].Elements().size(); }

 private:
  std::string text_;
  std::unique_ptr<JsonDocument> json_;
};

std::string_view Print(const JsonValue& result) {
  return result["partialFingerprints"]["cofferdamMatch/v1"].StringOrEmpty();
}

TEST(SarifReport, SaysWhatWasFoundWhereByWhichRule) {
  Log log({SampleFinding(), SampleMarked()});
  JsonValue driver = log.run()["tool"]["driver"];
  EXPECT_EQ(driver["version"].String(), "1.2.3");
  ASSERT_EQ(log.results(), 2u);
  JsonValue result = log.result(0);
  EXPECT_EQ(result["ruleId"].String(), "forbidden-output");
  EXPECT_EQ(driver["rules"]
                .At(static_cast<size_t>(*result["ruleIndex"].Int()))["id"]
                .String(),
            "forbidden-output");
  EXPECT_EQ(result["level"].String(), "error");
  EXPECT_EQ(result["message"]["text"].String(), "because");
  JsonValue place = result["locations"].At(0)["physicalLocation"];
  EXPECT_EQ(place["artifactLocation"]["uri"].String(), "src/a.py");
  EXPECT_EQ(place["region"]["startLine"].Int(), 3);
  EXPECT_EQ(place["region"]["endLine"].Int(), 4);
  EXPECT_EQ(
      result["properties"]["cofferdam"]["origins"].At(0)["model"].String(),
      "claude-sample");

  JsonValue marked = log.result(1);
  EXPECT_EQ(marked["level"].String(), "warning");
  JsonValue record = marked["locations"].At(0);
  EXPECT_EQ(record["message"]["text"].String(),
            "record 7, messages[1].content, lines 1 to 2");
  JsonValue region = record["physicalLocation"]["region"];
  EXPECT_EQ(region["startLine"].Int(), 7);
  EXPECT_EQ(region["byteOffset"].Int(), 1200);
  EXPECT_EQ(region["byteLength"].Int(), 300);
}

TEST(SarifReport, NamesFilesAsTheirRepositoryDoes) {
  Finding finding = SampleFinding();
  finding.place.path = "/home/me/app/src/a b.py";
  finding.place.path_in_repository = "src/a b.py";
  EXPECT_EQ(Log({finding})
                .result(0)["locations"]
                .At(0)["physicalLocation"]["artifactLocation"]["uri"]
                .String(),
            "src/a%20b.py");
}

TEST(SarifReport, KeepsAFingerprintWhenLinesMove) {
  Finding finding = SampleFinding();
  Finding moved = finding;
  moved.lines = {30, 31};
  EXPECT_EQ(Print(Log({finding}).result(0)), Print(Log({moved}).result(0)));
  Finding other = finding;
  other.origins[0].origin.part = 3;
  EXPECT_NE(Print(Log({finding}).result(0)), Print(Log({other}).result(0)));
  Finding elsewhere = finding;
  elsewhere.place.path = "b.py";
  EXPECT_NE(Print(Log({finding}).result(0)), Print(Log({elsewhere}).result(0)));
  // Two copies in one file are two results.
  Log both({finding, moved});
  EXPECT_NE(Print(both.result(0)), Print(both.result(1)));
}

TEST(SarifReport, TellsWhatWasPassedOverUpToItsLimit) {
  std::vector<corpus::PassedOver> passed(
      SarifReport::kNotificationsMax,
      {"a.bin", corpus::Reason::kBinary, "a NUL"});
  auto count = [](const Log& log) {
    return log.run()["invocations"]
        .At(0)["toolExecutionNotifications"]
        .Elements()
        .size();
  };
  Log log({}, passed);
  EXPECT_EQ(count(log), SarifReport::kNotificationsMax);
  EXPECT_THAT(log.text(), HasSubstr("passed over a.bin: binary (a NUL)"));
  passed.push_back(passed[0]);
  EXPECT_EQ(count(Log({}, passed)), SarifReport::kNotificationsMax);
  EXPECT_EQ(log.results(), 0u);
}

TEST(SarifReport, CutsAMessageAtItsLimit) {
  Finding finding = SampleFinding();
  finding.why.assign(SarifReport::kMessageBytesMax - 2, 'x');
  finding.why += "\u00e9";
  EXPECT_EQ(Log({finding}).result(0)["message"]["text"].String(), finding.why);
  finding.why += "y";
  EXPECT_EQ(Log({finding}).result(0)["message"]["text"].StringOrEmpty().size(),
            SarifReport::kMessageBytesMax);
  finding.why.assign(SarifReport::kMessageBytesMax - 1, 'x');
  finding.why += "\u00e9";
  EXPECT_EQ(Log({finding}).result(0)["message"]["text"].StringOrEmpty().size(),
            SarifReport::kMessageBytesMax - 1);
}

TEST(SarifReport, NamesAsManyOriginsAsTheLimit) {
  Finding finding = SampleFinding();
  finding.origins.resize(SarifReport::kOriginsMax, finding.origins[0]);
  const auto named = [](const Log& log) {
    const JsonValue whole = log.result(0)["properties"]["cofferdam"];
    return std::pair(whole["origins"].Elements().size(),
                     whole["origins_left_out"].Int().value_or(0));
  };
  EXPECT_EQ(named(Log({finding})),
            std::pair(SarifReport::kOriginsMax, int64_t{0}));
  finding.origins.resize(SarifReport::kOriginsMax + 3, finding.origins[0]);
  finding.origins_left_out = 5;
  EXPECT_EQ(named(Log({finding})),
            std::pair(SarifReport::kOriginsMax, int64_t{8}));
}

TEST(SarifReport, GivesOneResultAFileWhereThereAreTooManyFindings) {
  std::vector<Finding> findings(SarifReport::kResultsMax, SampleFinding());
  EXPECT_EQ(Log(findings).results(), SarifReport::kResultsMax);
  EXPECT_THAT(Log(findings).text(), Not(HasSubstr("services show")));
  findings.push_back(SampleMarked());
  Log log(findings);
  EXPECT_THAT(log.text(), HasSubstr("5001 findings are 2 results, one for each "
                                    "file and verdict: services show 5000"));
  ASSERT_EQ(log.results(), 2u);
  // The order is by severity's number, then by path.
  JsonValue forbidden = log.result(1);
  EXPECT_EQ(forbidden["ruleId"].String(), "forbidden-output");
  EXPECT_EQ(forbidden["message"]["text"].String(),
            "5000 forbidden findings (10000 lines) in src/a.py");
  EXPECT_EQ(forbidden["locations"].Elements().size(),
            SarifReport::kLocationsMax);
  EXPECT_EQ(forbidden["properties"]["findings"].Int(), 5000);
  EXPECT_EQ(log.result(0)["locations"].Elements().size(), 1u);
  EXPECT_EQ(log.run()["properties"]["findings"].Int(), 5001);
}

TEST(SarifReport, GivesOneResultAnOriginWhereThereAreTooManyFiles) {
  std::vector<Finding> findings(SarifReport::kResultsMax + 1, SampleFinding());
  for (size_t i = 0; i < findings.size(); ++i)
    findings[i].place.path = std::to_string(i) + ".py";
  Log log(findings);
  ASSERT_EQ(log.results(), 1u);
  EXPECT_EQ(
      log.result(0)["message"]["text"].String(),
      "5001 forbidden findings (10002 lines) of claude-sample (anthropic)");
  findings.pop_back();
  findings.push_back(findings[0]);
  EXPECT_EQ(Log(findings).results(), SarifReport::kResultsMax);
}

TEST(UriOfPath, EncodesWhatMayNotStandThere) {
  EXPECT_EQ(UriOfPath("./a/b c#d?.py"), "a/b%20c%23d%3F.py");
  EXPECT_EQ(UriOfPath("a:b/\xc3\xa9%"), "a%3Ab/%C3%A9%25");
  EXPECT_EQ(UriOfPath("/srv/a.tar!b/c.jsonl"), "file:///srv/a.tar!b/c.jsonl");
  EXPECT_EQ(UriOfPath("s3://bucket/a b"), "s3://bucket/a%20b");
  EXPECT_EQ(UriOfPath("\\\"<\n"), "%5C%22%3C%0A");
}

}  // namespace
}  // namespace cofferdam::scan
