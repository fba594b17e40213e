#include "evidence/finding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "evidence/sample_testing.h"

namespace cofferdam::evidence {
namespace {

using fingerprint::Language;
using fingerprint::TokenStream;
using policy::Verdict;
using testing::HasSubstr;

// Written for this test; long enough to be decisive.
constexpr std::string_view kModel = R"(class TideTable:
    def __init__(self, station, readings):
        self.station = station
        self.readings = sorted(readings, key=lambda r: r.moment)
        self.gaps = []

    def highest(self, since, until):
        best = None
        for reading in self.readings:
            if reading.moment < since or reading.moment >= until:
                continue
            if best is None or reading.level > best.level:
                best = reading
        return best

    def find_gaps(self, longest):
        previous = None
        for reading in self.readings:
            if previous is not None:
                pause = reading.moment - previous.moment
                if pause > longest:
                    self.gaps.append((previous.moment, reading.moment))
            previous = reading
        return len(self.gaps)

    def report(self, out):
        out.write("station %s\n" % self.station)
        for start, end in self.gaps:
            out.write("no data from %s to %s\n" % (start, end))
        while self.readings and self.readings[-1].level == 0:
            self.readings.pop()
        return not self.gaps
)";

constexpr std::string_view kHuman = R"(import argparse
import pathlib

def parse_arguments(argv):
    parser = argparse.ArgumentParser(description="Count words of files")
    parser.add_argument("paths", nargs="+", type=pathlib.Path)
    parser.add_argument("--longest", action="store_true")
    return parser.parse_args(argv)

def count_words(path):
    counts = {}
    with path.open() as stream:
        for line in stream:
            for word in line.lower().split():
                counts[word] = counts.get(word, 0) + 1
    return counts
)";

SampleOutput Output(std::string_view text) {
  SampleOutput output;
  output.text = text;
  output.path = "tide/table.py";
  return output;
}

std::vector<Finding> Find(const SampleIndex& index, std::string_view text,
                          Judgement judgement = {},
                          DocumentPlace place = {.path = "other.py"}) {
  TokenStream document = LexSample(text, Language::kPython);
  Matcher matcher(index.index(), nullptr, {});
  MatchCounts counts;
  auto matches = matcher.Find(document, Language::kPython, &counts);
  EXPECT_TRUE(matches.ok());
  auto findings = MakeFindings(index.index(), *std::move(matches),
                               {.tokens = document,
                                .text = text,
                                .language = Language::kPython,
                                .place = place},
                               judgement, KeepText::kYes);
  EXPECT_TRUE(findings.ok());
  return findings.ok() ? *std::move(findings) : std::vector<Finding>();
}

uint32_t LineCount(std::string_view text) {
  return static_cast<uint32_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(MakeFindings, NamesExactlyTheLinesOfTheModel) {
  SampleIndex index({Output(kModel)});
  std::string text = std::string(kHuman) + std::string(kModel) +
                     "\nprint(count_words(pathlib.Path('x')))\n";
  std::vector<Finding> findings = Find(index, text);
  ASSERT_EQ(findings.size(), 1u);
  const Finding& finding = findings[0];
  uint32_t before = LineCount(kHuman);
  EXPECT_EQ(finding.place.path, "other.py");
  EXPECT_EQ(finding.lines, (LineRange{before + 1, before + LineCount(kModel)}));
  EXPECT_EQ(finding.verdict, Verdict::kForbidden);
  EXPECT_EQ(finding.text, std::string(kModel));
  EXPECT_EQ(finding.byte_begin, kHuman.size());
  EXPECT_EQ(finding.byte_end, kHuman.size() + kModel.size());
  EXPECT_EQ(finding.kind, FindingKind::kMatch);
  EXPECT_EQ(finding.language, Language::kPython);
  EXPECT_DOUBLE_EQ(finding.matched_share(), 1);
  EXPECT_GT(finding.bits(), finding.origins[0].decisive_bits);
  ASSERT_EQ(finding.origins.size(), 1u);
  const FoundOrigin& found = finding.origins[0];
  EXPECT_EQ(found.origin.model, "claude-sample");
  EXPECT_EQ(found.output_lines, (LineRange{1, LineCount(kModel)}));
  EXPECT_EQ(found.tokens, finding.tokens);
  EXPECT_EQ(found.echo(), 0);
  EXPECT_THAT(finding.why, HasSubstr("claude-sample (anthropic)"));
  EXPECT_THAT(finding.why, HasSubstr("with its names"));
  EXPECT_THAT(finding.why, HasSubstr("contract anthropic"));
}

TEST(MakeFindings, LeavesOutLinesThatAPersonPutBetween) {
  SampleIndex index({Output(kModel)});
  std::string text(kModel);
  std::string human =
      "    def rename(self, name, *, strict=False):\n"
      "        assert isinstance(name, str) and (name or strict)\n"
      "        self.old_names[name] = {**self.old_names, 'was': [name]}\n\n";
  text.insert(text.find("    def find_gaps"), human);
  std::vector<Finding> findings = Find(index, text);
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].lines, (LineRange{1, 14}));
  EXPECT_EQ(findings[1].lines, (LineRange{20, LineCount(text)}));
  EXPECT_EQ(findings[0].verdict, Verdict::kForbidden);
  EXPECT_EQ(findings[1].verdict, Verdict::kForbidden);
  EXPECT_EQ(findings[1].origins[0].output_lines,
            (LineRange{16, LineCount(kModel)}));
}

TEST(MakeFindings, FindsNothingInWhatAPersonWrote) {
  SampleIndex index({Output(kModel)});
  EXPECT_TRUE(Find(index, kHuman).empty());
  EXPECT_TRUE(Find(index, "").empty());
}

TEST(MakeFindings, JudgesByTermsAndPurpose) {
  SampleOutput output = Output(kModel);
  auto verdict = [&](std::string_view terms_class, Judgement judgement) {
    output.terms_class = terms_class;
    SampleIndex index({output});
    std::vector<Finding> findings = Find(index, kModel, judgement);
    EXPECT_EQ(findings.size(), 1u);
    return findings.empty() ? Verdict::kClean : findings[0].verdict;
  };
  Judgement training;
  EXPECT_EQ(verdict("forbid_any", training), Verdict::kForbidden);
  EXPECT_EQ(verdict("unheard_of", training), Verdict::kForbidden);
  EXPECT_EQ(verdict("allow", training), Verdict::kAllowed);
  EXPECT_EQ(verdict("allow_naming", training), Verdict::kAllowed);
  EXPECT_EQ(verdict("forbid_compete", {.organisation_trains_models = false}),
            Verdict::kAmbiguous);
  Judgement evaluation = {.purpose = policy::ScanPurpose::kEvaluation};
  EXPECT_EQ(verdict("allow", evaluation), Verdict::kForbidden);
}

TEST(MakeFindings, IsAmbiguousWhereOriginsOfDifferentTermsFit) {
  SampleOutput other = Output(kModel);
  other.exchange = "01J0000000000000000000000B";
  other.provider = "inhouse";
  other.model = "llama-sample";
  other.contract = "inhouse";
  other.terms_class = "allow";
  SampleIndex index({Output(kModel), other});
  std::vector<Finding> findings = Find(index, kModel);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].verdict, Verdict::kAmbiguous);
  EXPECT_EQ(findings[0].origins.size(), 2u);
  EXPECT_THAT(findings[0].why, HasSubstr("outputs under different terms fit"));
  EXPECT_THAT(findings[0].why,
              HasSubstr("contract anthropic (forbid_compete: forbidden)"));
  EXPECT_THAT(findings[0].why, HasSubstr("contract inhouse (allow: allowed)"));
}

TEST(MakeFindings, IsNotSoftenedByAnOriginThatExplainsLittle) {
  SampleOutput part = Output(kModel.substr(kModel.find("    def report")));
  part.exchange = "01J0000000000000000000000B";
  part.contract = "inhouse";
  part.terms_class = "allow";
  SampleIndex index({Output(kModel), part});
  std::vector<Finding> findings = Find(index, kModel);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].verdict, Verdict::kForbidden);
  EXPECT_EQ(findings[0].origins.size(), 2u);
}

TEST(MakeFindings, IsHardenedByAStrongOriginThatExplainsLess) {
  SampleOutput whole = Output(kModel);
  whole.contract = "inhouse";
  whole.terms_class = "allow";
  SampleOutput part = Output(kModel.substr(0, kModel.find("    def report")));
  part.exchange = "01J0000000000000000000000B";
  SampleIndex index({whole, part});
  std::string text = std::string(kModel);
  std::vector<Finding> findings = Find(index, text);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].verdict, Verdict::kAmbiguous);
  EXPECT_THAT(findings[0].why, HasSubstr("contract anthropic"));
}

TEST(MakeFindings, IsAtMostAmbiguousWhereThePromptIsEchoed) {
  SampleOutput output = Output(kModel);
  // A person's text with other names, which the model was asked to rework.
  std::string prompt(kModel);
  for (auto [from, to] : {std::pair{"reading", "sample"},
                          {"moment", "instant"},
                          {"station", "harbour"},
                          {"level", "height"},
                          {"gaps", "holes"},
                          {"self", "this"},
                          {"best", "top"},
                          {"previous", "last"},
                          {"longest", "most"},
                          {"pause", "rest"},
                          {"out", "sink"},
                          {"start", "a"},
                          {"end", "b"},
                          {"since", "from_when"},
                          {"until", "to_when"},
                          {"append", "add"},
                          {"write", "put"},
                          {"sorted", "ordered"},
                          {"key", "by"},
                          {"pop", "drop"},
                          {"len", "size"},
                          {" r:", " x:"},
                          {" r.", " x."},
                          {"\"", "'"}}) {
    for (size_t at = 0; (at = prompt.find(from, at)) != std::string::npos;
         at += std::string_view(to).size()) {
      prompt.replace(at, std::string_view(from).size(), to);
    }
  }
  output.prompt = prompt;
  SampleIndex index({output});
  std::vector<Finding> findings = Find(index, prompt);
  ASSERT_FALSE(findings.empty());
  for (const Finding& finding : findings) {
    EXPECT_EQ(finding.verdict, Verdict::kAmbiguous);
    // What is a keyword somewhere, as `this`, ends an echo.
    EXPECT_GT(finding.origins[0].echo(), 0.3);
    EXPECT_THAT(finding.why, HasSubstr("may be a person's"));
  }
}

TEST(MakeFindings, FindsNothingInWhatTheModelQuoted) {
  SampleOutput output = Output(std::string(kHuman) + std::string(kModel));
  output.prompt = "Add a class to this file:\n" + std::string(kHuman);
  SampleIndex index({output});
  EXPECT_TRUE(Find(index, kHuman).empty());
  std::vector<Finding> findings =
      Find(index, std::string(kHuman) + std::string(kModel));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].lines.begin, LineCount(kHuman) + 1);
}

TEST(MakeFindings, SaysWeakEvidenceIsAPersonsToo) {
  SampleIndex index({Output(kModel)});
  // Eight lines of it: less than what decides by content alone.
  size_t begin = kModel.find("    def highest");
  size_t end = kModel.find("    def find_gaps");
  std::vector<Finding> findings =
      Find(index, kModel.substr(begin, end - begin));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].verdict, Verdict::kAmbiguous);
  EXPECT_THAT(findings[0].why, HasSubstr("could well have written the same"));
}

TEST(MakeFindings, TakesTheSameLinesForDecisiveWhereTheyWereWritten) {
  SampleOutput output = Output(kModel);
  output.repo = "example.com/team/tide";
  SampleIndex index({output});
  size_t begin = kModel.find("    def find_gaps");
  size_t end = kModel.find("    def report");
  DocumentPlace place = {.path = "tide/table.py",
                         .repository = "example.com/team/tide",
                         .path_in_repository = "tide/table.py"};
  std::string_view ten_lines = kModel.substr(begin, end - begin);
  EXPECT_EQ(Find(index, ten_lines).at(0).verdict, Verdict::kAmbiguous);
  std::vector<Finding> findings = Find(index, ten_lines, {}, place);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].verdict, Verdict::kForbidden);
  EXPECT_EQ(findings[0].origins[0].context, Context::kSamePath);
  EXPECT_THAT(findings[0].why, HasSubstr("at the path where it was written"));
}

TEST(MakeFindings, NotesThatAModelsAuthorshipIsOnlyClaimed) {
  SampleOutput output = Output(kModel);
  output.route = "context";
  SampleIndex index({output});
  std::vector<Finding> findings = Find(index, kModel);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_THAT(findings[0].why, HasSubstr("no gate saw it"));
}

TEST(MakeFindings, NamesAsManyOriginsAsTheLimit) {
  std::vector<SampleOutput> outputs;
  for (size_t i = 0; i < kOriginsMax + 1; ++i) {
    outputs.push_back(Output(kModel));
    outputs.back().part = static_cast<int>(i);
  }
  {
    SampleIndex index(outputs);
    std::vector<Finding> findings = Find(index, kModel);
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_EQ(findings[0].origins.size(), kOriginsMax);
    EXPECT_EQ(findings[0].origins_left_out, 1u);
    EXPECT_EQ(findings[0].origins[0].origin.part, 0u);
  }
  outputs.pop_back();
  SampleIndex index(outputs);
  EXPECT_EQ(Find(index, kModel)[0].origins_left_out, 0u);
}

TEST(MakeFindings, BridgesCommentsAndBlankLines) {
  SampleIndex index({Output(kModel)});
  std::string text(kModel);
  text.insert(text.find("    def report"), "\n    # Writes it down.\n\n");
  std::vector<Finding> findings = Find(index, text);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].lines, (LineRange{1, LineCount(text)}));
}

TEST(BeginFindingJson, SaysWhichRecordAndWhichMarks) {
  Finding finding;
  finding.kind = FindingKind::kMarked;
  finding.place.path = "a.jsonl";
  finding.place.record = 3;
  finding.place.record_begin = 10;
  finding.place.record_end = 90;
  finding.place.field = "text";
  finding.marks = {{.name = "says_it_is_a_model",
                    .kind = "phrase",
                    .words = "says that it is a language model",
                    .model = "",
                    .weight = MarkWeight::kWeak}};
  JsonWriter writer;
  BeginFindingJson(finding, nullptr, &writer);
  writer.EndObject();
  auto json = JsonDocument::Parse(writer.text());
  ASSERT_TRUE(json.ok());
  EXPECT_EQ((*json)["kind"].String(), "marked");
  EXPECT_EQ((*json)["record"].Int(), 3);
  EXPECT_EQ((*json)["record_end"].Int(), 90);
  EXPECT_EQ((*json)["field"].String(), "text");
  JsonValue mark = (*json)["marks"].At(0);
  EXPECT_EQ(mark["kind"].String(), "phrase");
  EXPECT_EQ(mark["weight"].String(), "weak");
}

TEST(BeginFindingJson, WritesWhatTheFormatSays) {
  SampleIndex index({Output(kModel)});
  std::vector<Finding> findings = Find(index, kModel);
  ASSERT_EQ(findings.size(), 1u);
  JsonWriter writer;
  BeginFindingJson(
      findings[0], [](std::string_view) { return "a@example.com"; }, &writer);
  writer.Field("text", "…").EndObject();
  auto json = JsonDocument::Parse(writer.text());
  ASSERT_TRUE(json.ok());
  EXPECT_EQ((*json)["path"].String(), "other.py");
  EXPECT_EQ((*json)["line_begin"].Int(), 1);
  EXPECT_EQ((*json)["line_end"].Int(), LineCount(kModel));
  EXPECT_EQ((*json)["verdict"].String(), "forbidden");
  EXPECT_EQ((*json)["evidence"]["matched_share"].Double(), 1.0);
  EXPECT_EQ((*json)["evidence"]["tokens"].Int(), findings[0].tokens);
  JsonValue origin = (*json)["origins"].At(0);
  EXPECT_EQ(origin["exchange"].String(), "01J0000000000000000000000A");
  EXPECT_EQ(origin["part"].Int(), 0);
  EXPECT_EQ(origin["terms_class"].String(), "forbid_compete");
  EXPECT_EQ(origin["person"].String(), "p_1");
  EXPECT_EQ(origin["person_name"].String(), "a@example.com");
  EXPECT_EQ(origin["time"].String(), "2026-11-18T11:06:40.000000Z");
  EXPECT_EQ(origin["output_line_begin"].Int(), 1);
  EXPECT_EQ(origin["match"]["context"].String(), "none");
  EXPECT_FALSE((*json)["origins_left_out"].present());
}

}  // namespace
}  // namespace cofferdam::evidence
