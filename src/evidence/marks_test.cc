#include "evidence/marks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "evidence/text_manifest.h"

namespace cofferdam::evidence {
namespace {

using policy::Verdict;
using ::testing::HasSubstr;

// A record that owns its views.
struct Sample {
  corpus::FilePlace file;
  uint64_t number = 1;
  std::vector<corpus::Field> fields;
  std::vector<corpus::Claim> claims;

  corpus::Record record() const {
    corpus::Record record;
    record.file = &file;
    record.number = number;
    record.begin = 100;
    record.end = 200;
    record.fields = fields;
    record.claims = claims;
    return record;
  }
};

Sample Line(std::vector<corpus::Field> fields,
            std::vector<corpus::Claim> claims = {},
            const std::string& path = "data.jsonl") {
  Sample sample;
  sample.file.path = path;
  sample.fields = std::move(fields);
  sample.claims = std::move(claims);
  return sample;
}

class MarksTest : public testing::Test {
 protected:
  std::vector<Finding> Findings(const Sample& sample,
                                LoneMarks lone = LoneMarks::kLeaveOut) {
    const corpus::Record record = sample.record();
    return MakeMarkedFindings(record, finder_.Find(record), judgement_,
                              KeepText::kYes, lone);
  }
  // Of a sample that has just one.
  Finding One(const Sample& sample, LoneMarks lone = LoneMarks::kLeaveOut) {
    auto findings = Findings(sample, lone);
    EXPECT_EQ(findings.size(), 1u);
    return findings.empty() ? Finding{} : findings.front();
  }

  MarkFinder finder_{DatasetCatalogue::BuiltIn()};
  Judgement judgement_;
};

TEST_F(MarksTest, TextThatSaysNothingHasNone) {
  EXPECT_TRUE(Findings(Line({{"text", "A wall in a river.", ""}},
                            {{"source", "books"}, {"model", "T-34"}}))
                  .empty());
  EXPECT_TRUE(Findings(Line({})).empty());
}

TEST_F(MarksTest, ADatasetOfTheCatalogueDecidesByItsGeneratorsTerms) {
  const Finding found =
      One(Line({{"instruction", "Do it.", ""}, {"output", "Done.", ""}}, {},
               "corpora/tatsu-lab/alpaca/train.jsonl"));
  EXPECT_EQ(found.kind, FindingKind::kMarked);
  EXPECT_EQ(found.verdict, Verdict::kForbidden);
  ASSERT_EQ(found.marks.size(), 1u);
  EXPECT_EQ(found.marks[0].name, "Alpaca");
  EXPECT_EQ(found.marks[0].kind, "dataset");
  EXPECT_EQ(found.marks[0].model, "OpenAI");
  EXPECT_EQ(found.marks[0].weight, MarkWeight::kStrong);
  EXPECT_THAT(found.why, HasSubstr("its path names Alpaca"));
  EXPECT_THAT(found.why, HasSubstr("compete"));
  // All of the record is meant.
  EXPECT_EQ(found.place.field, "");
  EXPECT_EQ(found.place.record, 1u);
  EXPECT_EQ(found.place.record_begin, 100u);
  EXPECT_EQ(found.byte_end, 0u);
}

TEST_F(MarksTest, ARecordOfOneTextHasItsBytesAndLines) {
  const Finding found =
      One(Line({{"text", "One.\nTwo.\n", ""}}, {}, "ultrachat_200k/a.jsonl"));
  EXPECT_EQ(found.place.field, "text");
  EXPECT_EQ(found.byte_begin, 0u);
  EXPECT_EQ(found.byte_end, 10u);
  EXPECT_EQ(found.lines, (LineRange{1, 2}));
}

TEST_F(MarksTest, TheTermsMayAllowIt) {
  const Sample sample =
      Line({{"text", "x", ""}}, {}, "open-thoughts/OpenThoughts-114k/a.jsonl");
  EXPECT_EQ(One(sample).verdict, Verdict::kAllowed);
  judgement_.purpose = policy::ScanPurpose::kEvaluation;
  EXPECT_EQ(One(sample).verdict, Verdict::kForbidden);
}

TEST_F(MarksTest, WhoTrainsNoModelsMayBeAllowed) {
  judgement_.organisation_trains_models = false;
  EXPECT_EQ(One(Line({{"text", "x", ""}}, {}, "ultrachat/a.jsonl")).verdict,
            Verdict::kAmbiguous);
}

TEST_F(MarksTest, MixedUnverifiedAndDifferingSetsAreAmbiguous) {
  for (const char* path :
       {"lmsys-chat-1m/a.jsonl", "openhermes-2.5/a.jsonl",
        "nvidia/opencodereasoning/a.jsonl", "x/claude-distill/a.jsonl"}) {
    EXPECT_EQ(One(Line({{"text", "x", ""}}, {}, path)).verdict,
              Verdict::kAmbiguous)
        << path;
  }
}

TEST_F(MarksTest, AFileIsOfADatasetByItsOwnNameOnlyAndIfItIsNoCode) {
  Sample file =
      Line({{"", "Once upon a time.", ""}}, {}, "x/TinyStories-train.txt");
  file.number = 0;
  EXPECT_EQ(One(file).verdict, Verdict::kForbidden);
  for (const char* path : {"ultrachat/notes.txt", "src/ultrachat.py"}) {
    file.file.path = path;
    EXPECT_TRUE(Findings(file).empty()) << path;
  }
}

TEST_F(MarksTest, AClaimNamesTheModelThatWroteTheAnswer) {
  const Finding found =
      One(Line({{"prompt", "Hi", ""}, {"response", "Hello", ""}},
               {{"meta.model", "openai/gpt-4o"}}));
  EXPECT_EQ(found.verdict, Verdict::kForbidden);
  EXPECT_EQ(found.marks[0].kind, "claim");
  EXPECT_EQ(found.marks[0].model, "openai/gpt-4o");
  EXPECT_EQ(
      One(Line({{"response", "Hello", ""}}, {{"generator", "deepseek-r1"}}))
          .verdict,
      Verdict::kAllowed);
}

TEST_F(MarksTest, AClaimBesideWhatIsNoAnswerSaysNothing) {
  // A list of models, not of what they wrote.
  EXPECT_TRUE(Findings(Line({{"description", "A model for chats.", ""}},
                            {{"model", "gpt-4o"}, {"price", "5"}}))
                  .empty());
  EXPECT_TRUE(Findings(Line({{"text", "A fine car.", ""}},
                            {{"model", "Model S"}, {"make", "gpt-4"}}))
                  .empty());
}

TEST_F(MarksTest, ASourceNamesADatasetOrAModel) {
  EXPECT_EQ(One(Line({{"text", "x", ""}}, {{"source", "Open-Orca/SlimOrca"}}))
                .verdict,
            Verdict::kAmbiguous);
  EXPECT_EQ(One(Line({{"text", "x", ""}}, {{"dataset", "ultrachat"}})).verdict,
            Verdict::kForbidden);
  EXPECT_EQ(One(Line({{"text", "x", ""}}, {{"source", "chatgpt"}})).verdict,
            Verdict::kForbidden);
}

TEST_F(MarksTest, AFieldNamedAfterAModelIsItsAndTheOthersAreNot) {
  const Finding found = One(Line({{"question", "Why?", ""},
                                  {"human_answers[0]", "Since.", ""},
                                  {"chatgpt_answers[0]", "Because.", ""}}));
  EXPECT_EQ(found.place.field, "chatgpt_answers[0]");
  EXPECT_EQ(found.byte_end, 8u);
  EXPECT_EQ(found.verdict, Verdict::kForbidden);
  EXPECT_EQ(
      One(Line({{"problem", "1+1", ""}, {"deepseek_reasoning", "So", ""}}))
          .verdict,
      Verdict::kAllowed);
  EXPECT_TRUE(Findings(Line({{"claude_notes", "Claude called.", ""},
                             {"model_output", "x", ""},
                             {"gpt", "x", ""}}))
                  .empty());
}

TEST_F(MarksTest, TwoStrongMarksThatDisagreeAreAmbiguous) {
  const Finding found =
      One(Line({{"response", "x", ""}},
               {{"model", "gpt-4"}, {"generator", "deepseek-r1"}}));
  EXPECT_EQ(found.verdict, Verdict::kAmbiguous);
  EXPECT_EQ(found.marks.size(), 2u);
}

TEST_F(MarksTest, WeakMarksOfOneKindDecideNothing) {
  const Sample sample =
      Line({{"text", "First.\nAs an AI language model, I cannot.\nLast.", ""}});
  EXPECT_TRUE(Findings(sample).empty());
  const Finding found = One(sample, LoneMarks::kTell);
  EXPECT_EQ(found.verdict, Verdict::kClean);
  EXPECT_EQ(found.lines, (LineRange{2, 2}));
  EXPECT_EQ(found.byte_begin, 7u);
  EXPECT_EQ(found.text, "As an AI language model, I cannot.\n");
  EXPECT_EQ(found.marks[0].weight, MarkWeight::kWeak);
  EXPECT_TRUE(Findings(Line({{"text",
                              "I am ChatGPT, as an AI model. My knowledge "
                              "cutoff is past.",
                              ""}}))
                  .empty());
}

TEST_F(MarksTest, WeakMarksOfTwoKindsAreAmbiguous) {
  const Finding found = One(
      Line({{"text", "<|im_start|>assistant\nAs an AI language model", ""}}));
  EXPECT_EQ(found.verdict, Verdict::kAmbiguous);
  EXPECT_EQ(found.marks.size(), 2u);
  // Who speaks, and how.
  EXPECT_EQ(One(Line({{"conversations[1].value", "As an AI model, no.", ""}},
                     {{"conversations[1].from", "gpt"}}))
                .verdict,
            Verdict::kAmbiguous);
  EXPECT_TRUE(Findings(Line({{"conversations[1].value", "No.", ""}},
                            {{"conversations[1].from", "gpt"}}))
                  .empty());
}

TEST_F(MarksTest, WeakMarksStandBesideStrongOnes) {
  const Finding found = One(
      Line({{"text", "As an AI model, I do.", ""}}, {}, "ultrachat/a.jsonl"));
  EXPECT_EQ(found.verdict, Verdict::kForbidden);
  ASSERT_EQ(found.marks.size(), 2u);
  EXPECT_EQ(found.marks[0].weight, MarkWeight::kStrong);
}

TEST_F(MarksTest, AManifestThatNobodyCheckedIsAmbiguous) {
  const std::string text =
      "Words" + WriteTextManifest("digitalSourceType trainedAlgorithmicMedia");
  const Finding found = One(Line({{"text", text, ""}}));
  EXPECT_EQ(found.verdict, Verdict::kAmbiguous);
  EXPECT_EQ(found.byte_begin, 0u);
  EXPECT_EQ(found.byte_end, text.size());
  EXPECT_THAT(found.why, HasSubstr("its signature was not checked"));
}

TEST_F(MarksTest, AnAgentThatCommittedAFileIsAWeakMarkOfIt) {
  Sample file = Line({{"", "int main() {}\n", ""}}, {}, "a.c");
  file.number = 0;
  file.file.author = "noreply@anthropic.com";
  EXPECT_TRUE(Findings(file).empty());
  EXPECT_EQ(One(file, LoneMarks::kTell).marks[0].name, "agent-author");
  const std::string text = "// As an AI model, I wrote this.\nint x;\n";
  file.fields = {{"", text, ""}};
  const Finding found = One(file);
  EXPECT_EQ(found.verdict, Verdict::kAmbiguous);
  EXPECT_EQ(found.lines, (LineRange{1, 1}));
}

TEST_F(MarksTest, WhatWasLearntOfOneRecordDoesNotGoOverToTheNext) {
  const Sample marked = Line({{"chatgpt_answer", "x", ""}},
                             {{"model", "gpt-4"}}, "ultrachat/a.jsonl");
  const Sample plain = Line({{"human_answer", "x", ""}}, {{"year", "gpt-4"}});
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Findings(marked).size(), 1u);
    EXPECT_TRUE(Findings(plain).empty());
  }
}

TEST_F(MarksTest, GivesMarksUpToTheirLimit) {
  std::vector<corpus::Field> fields(MarkFinder::kMarksMax,
                                    {"text", "I am ChatGPT", ""});
  EXPECT_EQ(finder_.Find(Line(fields).record()).size(), MarkFinder::kMarksMax);
  fields.push_back(fields.front());
  EXPECT_EQ(finder_.Find(Line(fields).record()).size(), MarkFinder::kMarksMax);
}

}  // namespace
}  // namespace cofferdam::evidence
