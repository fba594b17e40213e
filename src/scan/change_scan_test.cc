#include "scan/change_scan.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "evidence/sample_testing.h"

namespace cofferdam::scan {
namespace {

using corpus::ChangedFile;
using corpus::kLastLine;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A function in Go that no two numbers give alike.
std::string Function(int number) {
  std::string n = std::to_string(number);
  std::string text =
      "func sum" + n + "(values []int, limit int) (int, error) {\n";
  for (int bit = 0; bit < 12; ++bit) {
    bool one = (number * 2654435761u >> bit) & 1;
    text += one ? "\tfor i := range values {\n\t\tlimit -= values[i] * " + n +
                      "\n\t}\n"
                : "\tif limit > len(values) {\n\t\treturn limit, nil\n\t}\n";
  }
  return text + "\treturn limit, errors.New(\"done\")\n}\n";
}

class Recorder : public Sink {
 public:
  void OnFinding(const evidence::Finding& finding) override {
    found.push_back(fmt::format("{} {}-{}",
                                policy::VerdictName(finding.verdict),
                                finding.lines.begin, finding.lines.end));
    last = finding;
  }
  void OnPassedOver(const corpus::PassedOver& passed) override {
    found.push_back(std::string(corpus::ReasonName(passed.reason)));
  }
  std::vector<std::string> found;
  evidence::Finding last;
};

class ChangeScanTest : public testing::Test {
 protected:
  ChangeScanTest()
      : text_(Function(3)),
        index_({GoOutput(text_)}),
        scan_(index_.index(), ScanOptions()) {}

  std::vector<std::string> Scan(
      const std::string& path, const std::string& bytes,
      const std::vector<corpus::LineSpan>& added,
      policy::ScanPurpose purpose = policy::ScanPurpose::kEvaluation) {
    ChangedFile file;
    file.place.path = file.place.outer = path;
    file.bytes = bytes;
    file.added = added;
    recorder_ = Recorder();
    const Status scanned = scan_.Scan(file, purpose, &recorder_);
    CHECK_OK(scanned);
    return recorder_.found;
  }

  static evidence::SampleOutput GoOutput(std::string text) {
    evidence::SampleOutput output;
    output.text = std::move(text);
    output.path = "sum.go";
    return output;
  }

  std::string text_;
  evidence::SampleIndex index_;
  ChangeScan scan_;
  Recorder recorder_;
};

TEST_F(ChangeScanTest, GivesOnlyWhatStandsOnAddedLines) {
  const std::string file = "package a\n" + text_;
  ASSERT_THAT(Scan("a.go", file, {{1, kLastLine}}), SizeIs(1));
  const uint32_t begin = recorder_.last.lines.begin;
  const uint32_t end = recorder_.last.lines.end;
  ASSERT_GT(end, begin + 2);
  const auto cut = [&](uint32_t from, uint32_t to) {
    return fmt::format("forbidden {}-{}", from, to);
  };
  EXPECT_THAT(recorder_.found, ElementsAre(cut(begin, end)));
  EXPECT_THAT(Scan("a.go", file, {{1, begin - 1}}), IsEmpty());
  EXPECT_THAT(Scan("a.go", file, {{1, begin}}), ElementsAre(cut(begin, begin)));
  EXPECT_EQ(recorder_.last.byte_end,
            file.find('\n', recorder_.last.byte_begin) + 1);
  EXPECT_THAT(Scan("a.go", file, {{begin, begin}, {begin + 2, kLastLine}}),
              ElementsAre(cut(begin, begin), cut(begin + 2, end)));
  EXPECT_THAT(Scan("a.go", file, {}), IsEmpty());
}

TEST_F(ChangeScanTest, ABraceOrAnEmptyLineAloneIsNothing) {
  const std::string file = "package a\n" + text_;
  ASSERT_THAT(Scan("a.go", file, {{1, kLastLine}}), SizeIs(1));
  const uint32_t end = recorder_.last.lines.end;
  const size_t last = file.rfind('}');
  ASSERT_NE(last, std::string::npos);
  EXPECT_THAT(Scan("a.go", file, {{end, end}}), IsEmpty());
}

TEST_F(ChangeScanTest, RecordsCountWhereOneOfTheirLinesIsNew) {
  std::string record = R"({"language":"go","text":)";
  AppendJsonString(text_, &record);
  record += "}\n";
  const std::string file = "{\"text\":\"nothing\"}\n" + record + "{\"a\":1}\n";
  EXPECT_THAT(Scan("a.jsonl", file, {{2, 2}}), SizeIs(1));
  EXPECT_EQ(recorder_.last.place.record, 2u);
  EXPECT_THAT(Scan("a.jsonl", file, {{1, 1}, {3, 3}}), IsEmpty());
  EXPECT_THAT(Scan("a.jsonl", file, {{1, kLastLine}}), SizeIs(1));
}

TEST_F(ChangeScanTest, EachPurposeHasItsVerdictAndAllAreCounted) {
  EXPECT_THAT(
      Scan("a.go", text_, {{1, kLastLine}}, policy::ScanPurpose::kEvaluation),
      ElementsAre(HasSubstr("forbidden")));
  const size_t training =
      Scan("a.go", text_, {{1, kLastLine}}, policy::ScanPurpose::kTraining)
          .size();
  EXPECT_THAT(Scan("a.bin", std::string("\0", 1), {{1, kLastLine}}),
              ElementsAre("binary"));
  const ScanReport& report = scan_.report();
  EXPECT_EQ(report.files, 2u);
  EXPECT_EQ(report.passed_over, 1u);
  EXPECT_EQ(report.verdicts.findings(), 1 + training);
  EXPECT_EQ(report.covered_sequence, index_.index().covered());
}

}  // namespace
}  // namespace cofferdam::scan
