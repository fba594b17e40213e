#include "scan/scan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

#include "base/json.h"
#include "corpus/folder_testing.h"
#include "evidence/sample_testing.h"
#include "policy/names.h"

namespace cofferdam::scan {
namespace {

using corpus::TestFolder;
using testing::ElementsAre;
using testing::HasSubstr;

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
    steps.push_back(finding.place.path + ":" +
                    std::to_string(finding.lines.begin));
    if (finding.origins.size() > 1) steps.back() += " of several";
    if (finding.text) texts.push_back(*finding.text);
  }
  void OnPassedOver(const corpus::PassedOver& passed) override {
    steps.push_back(passed.path + ": " +
                    std::string(corpus::ReasonName(passed.reason)));
  }
  std::vector<std::string> steps;
  std::vector<std::string> texts;
};

evidence::SampleOutput GoOutput(std::string text) {
  evidence::SampleOutput output;
  output.text = std::move(text);
  output.path = "sum.go";
  return output;
}

TEST(Scan, GivesTheSameInTheSameOrderForAnyNumberOfThreads) {
  evidence::SampleIndex index({GoOutput(Function(1) + Function(2)),
                               GoOutput(Function(3) + Function(4))});
  TestFolder folder;
  for (int i = 0; i < 600; ++i) {
    std::string text = "package a\n";
    if (i % 3 == 0) text += Function(1 + i % 4);
    if (i % 7 == 0) text.push_back('\0');
    folder.Write("d" + std::to_string(i % 10) + "/" + std::to_string(i), text);
  }
  std::vector<std::string> first;
  for (size_t threads : {1, 2, 5}) {
    ScanOptions options;
    options.index_folder = index.folder();
    options.threads = threads;
    Recorder recorder;
    auto report = Scan({folder.path()}, options, &recorder);
    ASSERT_TRUE(report.ok());
    EXPECT_EQ(report->passed_over, 86u);
    EXPECT_EQ(report->files, 514u);
    EXPECT_GT(report->verdicts.ambiguous.findings +
                  report->verdicts.forbidden.findings,
              100u);
    EXPECT_TRUE(report->NotAllowed());
    if (first.empty()) first = recorder.steps;
    EXPECT_EQ(recorder.steps, first);
  }
}

// A ledger of three segments, of which two hold the same output, and texts
// that are of none, of one and of several.
class ScanInPasses : public testing::Test {
 protected:
  ScanInPasses() {
    index_.AddSegment({GoOutput(Function(3)), GoOutput(Function(1))});
    index_.AddSegment({GoOutput(Function(4))});
    for (int i = 0; i < 90; ++i) {
      std::string text = "package a\n";
      for (int part = i % 4; part > 0; --part)
        text += Function(1 + (i + part * part) % 5);
      folder_.Write("d" + std::to_string(i % 10) + "/" + std::to_string(i),
                    text);
    }
  }
  Result<ScanReport> Run(uint64_t memory, size_t threads, Recorder* recorder) {
    ScanOptions options;
    options.index_folder = index_.folder();
    options.index_memory_bytes = memory;
    options.threads = threads;
    options.propose.outputs_max = 3;
    return Scan({folder_.path()}, options, recorder);
  }

  evidence::SampleIndex index_{
      {GoOutput(Function(1)), GoOutput(Function(2) + Function(1))}};
  TestFolder folder_;
};

TEST_F(ScanInPasses, GivesWhatOnePassGives) {
  Recorder one;
  const auto expected = Run(1 << 30, 1, &one);
  ASSERT_TRUE(expected.ok());
  EXPECT_TRUE(expected->notices.empty());
  ASSERT_GT(one.steps.size(), 50u);
  const uint64_t two_segments = index_.index().counts().lookup_bytes - 1;
  for (const uint64_t memory : {uint64_t{1}, two_segments}) {
    for (const size_t threads : {1, 3}) {
      Recorder several;
      const auto report = Run(memory, threads, &several);
      ASSERT_TRUE(report.ok()) << report.error().message();
      EXPECT_EQ(several.steps, one.steps);
      EXPECT_EQ(report->files, expected->files);
      EXPECT_EQ(report->tokens, expected->tokens);
      EXPECT_EQ(report->bytes, expected->bytes);
      EXPECT_EQ(report->work.fingerprints, expected->work.fingerprints);
      EXPECT_EQ(report->work.outputs, expected->work.outputs);
      EXPECT_EQ(report->work.seeds, expected->work.seeds);
      EXPECT_EQ(report->work.outputs_dropped, expected->work.outputs_dropped);
      EXPECT_EQ(report->verdicts.forbidden.findings,
                expected->verdicts.forbidden.findings);
      ASSERT_EQ(report->notices.size(), 1u);
      EXPECT_THAT(report->notices[0],
                  HasSubstr(memory == 1 ? "read 3 times" : "read 2 times"));
    }
  }
}

TEST_F(ScanInPasses, RefusesStdinWhichIsReadOnce) {
  ScanOptions options;
  options.index_folder = index_.folder();
  options.index_memory_bytes = 1;
  Recorder recorder;
  const auto report = Scan({"-"}, options, &recorder);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), Code::kInvalid);
  EXPECT_THAT(report.error().message(), HasSubstr("name a file"));
}

TEST(Scan, CountsWhatItReadAndCovers) {
  evidence::SampleIndex index({GoOutput(Function(1))});
  TestFolder folder;
  folder.Write("a.go", "package a\n");
  folder.Write("b.go", "package bb\n");
  folder.Write("c.bin", std::string("\0", 1));
  ScanOptions options;
  options.index_folder = index.folder();
  Recorder recorder;
  auto report = Scan({folder.path()}, options, &recorder);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->covered_sequence, index.index().covered());
  EXPECT_EQ(report->files, 2u);
  EXPECT_EQ(report->bytes, 21u);
  EXPECT_EQ(report->tokens, 4u);
  EXPECT_EQ(report->passed_over, 1u);
  EXPECT_FALSE(report->NotAllowed());
  EXPECT_THAT(recorder.steps, ElementsAre(folder.Path("c.bin") + ": binary"));
}

TEST(Scan, FindsNothingInAnEmptyIndex) {
  TestFolder folder;
  folder.Write("a.go", Function(1));
  ScanOptions options;
  options.index_folder = folder.Path("no_index");
  Recorder recorder;
  auto report = Scan({folder.path()}, options, &recorder);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->covered_sequence, 0u);
  EXPECT_EQ(report->files, 1u);
  EXPECT_TRUE(recorder.steps.empty());
}

TEST(Scan, NamesAPathThatDoesNotExist) {
  TestFolder folder;
  ScanOptions options;
  options.index_folder = folder.Path("no_index");
  Recorder recorder;
  auto report = Scan({folder.Path("none")}, options, &recorder);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), Code::kNotFound);
  EXPECT_THAT(report.error().message(), HasSubstr(folder.Path("none")));
}

TEST(Scan, PassesOverOneLineOfFiftyMegabytes) {
  evidence::SampleIndex index({GoOutput(Function(1))});
  TestFolder folder;
  folder.Write("long.txt", std::string(50'000'000, 'x'));
  ScanOptions options;
  options.index_folder = index.folder();
  Recorder recorder;
  ASSERT_TRUE(Scan({folder.path()}, options, &recorder).ok());
  EXPECT_THAT(recorder.steps,
              ElementsAre(folder.Path("long.txt") + ": long_line"));
}

TEST(Scan, FindsACopyAtTheEndOfALargeDocument) {
  evidence::SampleIndex index({GoOutput(Function(1) + Function(2))});
  TestFolder folder;
  std::string text;
  while (text.size() <= kLargeTextBytes)
    text += "var a" + std::to_string(text.size()) + " = 17\n";
  auto line = std::count(text.begin(), text.end(), '\n') + 1;
  folder.Write("large.go", text + Function(1) + Function(2));
  ScanOptions options;
  options.index_folder = index.folder();
  Recorder recorder;
  ASSERT_TRUE(Scan({folder.path()}, options, &recorder).ok());
  EXPECT_THAT(recorder.steps, ElementsAre(folder.Path("large.go") + ":" +
                                          std::to_string(line)));
}

TEST(Scan, KeepsTheDocumentsLinesOnlyIfAsked) {
  evidence::SampleIndex index({GoOutput(Function(1) + Function(2))});
  TestFolder folder;
  folder.Write("a.go", "package a\n" + Function(1) + Function(2));
  ScanOptions options;
  options.index_folder = index.folder();
  Recorder without;
  ASSERT_TRUE(Scan({folder.path()}, options, &without).ok());
  EXPECT_TRUE(without.texts.empty());
  EXPECT_EQ(without.steps.size(), 1u);
  options.keep_text = evidence::KeepText::kYes;
  Recorder with;
  ASSERT_TRUE(Scan({folder.path()}, options, &with).ok());
  EXPECT_THAT(with.texts, ElementsAre(Function(1) + Function(2)));
}

// Writes `lines` records of JSONL, of which every 50th is an output's.
std::string Records(int lines) {
  std::string text;
  for (int i = 0; i < lines; ++i) {
    JsonWriter writer;
    writer.BeginObject().Field(
        "text", i % 50 == 7 ? Function(1 + i % 4)
                            : "value " + std::to_string(i) + " = other(" +
                                  std::string(400, 'x') + ")");
    writer.EndObject();
    text += writer.text() + "\n";
  }
  return text;
}

// Stops a scan after some findings.
class Stopper : public Recorder {
 public:
  Stopper(size_t after, std::atomic<bool>* stop)
      : after_(after), stop_(*stop) {}
  void OnFinding(const evidence::Finding& finding) override {
    Recorder::OnFinding(finding);
    if (steps.size() >= after_) stop_ = true;
  }

 private:
  size_t after_;
  std::atomic<bool>& stop_;
};

TEST(Scan, GoesOnFromAJournalWithTheSameFindings) {
  evidence::SampleIndex index({GoOutput(Function(1) + Function(2)),
                               GoOutput(Function(3) + Function(4))});
  TestFolder folder;
  for (int i = 0; i < 60; ++i) {
    folder.Write("corpus/" + std::to_string(i) + ".jsonl", Records(300));
    folder.Write("corpus/" + std::to_string(i) + ".txt", "some text\n");
  }
  ScanOptions options;
  options.index_folder = index.folder();
  Recorder whole;
  auto expected = Scan({folder.Path("corpus")}, options, &whole);
  ASSERT_TRUE(expected.ok());
  ASSERT_GT(whole.steps.size(), 300u);

  options.journal = folder.Path("journal");
  std::atomic<bool> stop = false;
  options.stop = &stop;
  for (size_t after : {100, 250}) {
    stop = false;
    Stopper stopper(after, &stop);
    options.threads = after == 100 ? 1 : 3;
    auto stopped = Scan({folder.Path("corpus")}, options, &stopper);
    ASSERT_FALSE(stopped.ok());
    EXPECT_EQ(stopped.error().code(), Code::kCancelled);
    EXPECT_THAT(stopped.error().message(), HasSubstr("--resume"));
    EXPECT_LT(stopper.steps.size(), whole.steps.size());
  }
  stop = false;
  Recorder rest;
  auto report = Scan({folder.Path("corpus")}, options, &rest);
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_EQ(rest.steps, whole.steps);
  EXPECT_EQ(report->records, 18'060u);
  EXPECT_EQ(report->files, 120u);
  EXPECT_EQ(report->records, expected->records);
  EXPECT_EQ(report->bytes, expected->bytes);
  EXPECT_EQ(report->tokens, expected->tokens);
  EXPECT_EQ(report->work, expected->work);
  EXPECT_EQ(report->verdicts, expected->verdicts);
}

TEST(Scan, RefusesTheJournalOfAnotherCorpusOrOtherOptions) {
  evidence::SampleIndex index({GoOutput(Function(1))});
  TestFolder folder;
  const std::string corpus = folder.Write("a.jsonl", Records(9000));
  ScanOptions options;
  options.index_folder = index.folder();
  options.journal = folder.Path("journal");
  Recorder recorder;
  ASSERT_TRUE(Scan({corpus}, options, &recorder).ok());
  ScanOptions other = options;
  other.judgement.purpose = policy::ScanPurpose::kEvaluation;
  EXPECT_EQ(Scan({corpus}, other, &recorder).error().code(), Code::kInvalid);
  folder.Write("a.jsonl", "{\"text\": \"new\"}\n" + Records(9000));
  auto changed = Scan({corpus}, options, &recorder);
  ASSERT_FALSE(changed.ok());
  EXPECT_THAT(changed.error().message(),
              HasSubstr("the corpus is not the one"));
  folder.Write("a.jsonl", Records(3));
  EXPECT_FALSE(Scan({corpus}, options, &recorder).ok());
}

TEST(Scan, NamesTheRecordAndTheFieldOfAFinding) {
  evidence::SampleIndex index({GoOutput(Function(1) + Function(2))});
  TestFolder folder;
  JsonWriter writer;
  writer.BeginObject().Key("messages").BeginArray();
  writer.BeginObject()
      .Field("role", "user")
      .Field("content", "Write it")
      .EndObject();
  writer.BeginObject()
      .Field("role", "assistant")
      .Field("content", Function(1) + Function(2))
      .EndObject();
  writer.EndArray().EndObject();
  const std::string line = "{\"text\":\"nothing\"}\n";
  folder.Write("chat.jsonl", line + writer.text() + "\n");
  ScanOptions options;
  options.index_folder = index.folder();
  struct Keeper : Recorder {
    void OnFinding(const evidence::Finding& finding) override {
      found.push_back(finding.place);
    }
    std::vector<evidence::FindingPlace> found;
  } keeper;
  auto report = Scan({folder.path()}, options, &keeper);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->records, 2u);
  EXPECT_EQ(report->files, 1u);
  ASSERT_EQ(keeper.found.size(), 1u);
  EXPECT_EQ(keeper.found[0].record, 2u);
  EXPECT_EQ(keeper.found[0].field, "messages[1].content");
  EXPECT_EQ(keeper.found[0].record_begin, line.size());
}

TEST(Scan, FindsMarksWhereACatalogueIsGiven) {
  evidence::SampleIndex index({GoOutput(Function(1))});
  TestFolder folder;
  folder.Write("a.jsonl",
               "{\"text\":\"One.\"}\n"
               "{\"response\":\"Two.\",\"model\":\"gpt-4o\"}\n"
               "{\"text\":\"As an AI language model, no.\"}\n");
  ScanOptions options;
  options.index_folder = index.folder();
  Recorder without;
  auto report = Scan({folder.path()}, options, &without);
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_TRUE(without.steps.empty());
  options.datasets = &evidence::DatasetCatalogue::BuiltIn();
  Recorder with;
  report = Scan({folder.path()}, options, &with);
  ASSERT_TRUE(report.ok()) << report.error().message();
  EXPECT_THAT(with.steps, ElementsAre(HasSubstr("a.jsonl:1")));
  EXPECT_EQ(report->verdicts.forbidden.findings, 1u);
}

TEST(Scan, SaysWhenManyRecordsHoldNoText) {
  evidence::SampleIndex index({GoOutput(Function(1))});
  TestFolder folder;
  ScanOptions options;
  options.index_folder = index.folder();
  Recorder recorder;
  folder.Write("a.jsonl", "{\"n\":1}\n{\"text\":\"a\"}\n");
  auto report = Scan({folder.path()}, options, &recorder);
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(report->notices, ElementsAre(HasSubstr("1 of 2 records")));
  std::string many = "{\"n\":1}\n";
  for (int i = 0; i < 10; ++i) many += "{\"text\":\"a\"}\n";
  folder.Write("a.jsonl", many);
  report = Scan({folder.path()}, options, &recorder);
  ASSERT_TRUE(report.ok());
  EXPECT_THAT(report->notices, ElementsAre());
}

TEST(Scan, FailsOnADamagedIndex) {
  evidence::SampleIndex index({GoOutput(Function(1))});
  std::ofstream(index.folder() + "/manifest.json") << "{";
  TestFolder folder;
  ScanOptions options;
  options.index_folder = index.folder();
  Recorder recorder;
  auto report = Scan({folder.path()}, options, &recorder);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code(), Code::kCorrupt);
}

TEST(Repository, IsNamedAsPolicyNamesIt) {
  for (const char* url :
       {"https://git.example.com/team/app.git",
        "https://User:secret@Git.Example.com:8443/team/app.git/?x#y",
        "ssh://git@git.example.com:2222/team//app", "/srv/git/app.git",
        "git@git.example.com:team/app.git", "file:///srv/./git/app",
        "http://[::1]:3000/a/b", "git@[::1]:a/b.git", "git.example.com/a/b",
        "https://example.com/.git"}) {
    auto named = policy::NormaliseRepo(url);
    EXPECT_EQ(corpus::NormaliseRemote(url), named.ok() ? *named : std::string())
        << url;
  }
  for (const char* url : {"https://example.com", "https://example.com/a/../b",
                          "a b:c", "https://u:p/w@example.com/a"}) {
    EXPECT_FALSE(policy::NormaliseRepo(url).ok()) << url;
    EXPECT_EQ(corpus::NormaliseRemote(url), "") << url;
  }
}

}  // namespace
}  // namespace cofferdam::scan
