#include "evidence/document_notes.h"

#include <gtest/gtest.h>

#include <string>

#include "evidence/background_builder.h"
#include "evidence/sample_testing.h"

namespace cofferdam::evidence {
namespace {

using fingerprint::Language;

// A text of which every line is another shape.
std::string Program() {
  std::string text;
  const char* operators[] = {"+", "-", "*", "/", "%", "<<", "^", "|"};
  for (int i = 0; i < 60; ++i) {
    text += "if (a" + std::to_string(i) + " " + operators[i % 8] + " 3 " +
            operators[i / 8 % 8] + " b) { return f(x, " +
            (i % 3 == 0   ? "y"
             : i % 3 == 1 ? "-z"
                          : "w[1]") +
            "); }\n";
  }
  return text;
}

Match MatchOf(uint32_t begin, uint32_t length) {
  Match match;
  match.runs = {{begin, 0, length}};
  // Of operators only, so that nothing is the same with its names.
  auto stream = std::make_shared<fingerprint::EvidenceStream>();
  stream->normal.assign(length, 0);
  stream->name.assign(length, 1);
  match.stream = std::move(stream);
  return match;
}

Origin By(std::string model, std::string session = "") {
  Origin origin;
  origin.provider = "p";
  origin.model = std::move(model);
  origin.session = std::move(session);
  return origin;
}

class DocumentNotesTest : public testing::Test {
 protected:
  std::string text_ = Program();
  fingerprint::TokenStream tokens_ = LexSample(text_, Language::kC);
  ScannedText scanned_ = {
      .tokens = tokens_, .text = text_, .language = Language::kC, .place = {}};
  DocumentNotes notes_{scanned_};
};

TEST_F(DocumentNotesTest, CallSharedWhatThreeModelsWrote) {
  notes_.AddAuthor(MatchOf(0, 100), By("a"));
  notes_.AddAuthor(MatchOf(0, 80), By("b"));
  notes_.AddAuthor(MatchOf(20, 30), By("a"));
  EXPECT_EQ(notes_.For(By("a"), nullptr)[30], kNoNote);
  notes_.AddAuthor(MatchOf(20, 30), By("c"));
  std::span<const uint8_t> notes = notes_.For(By("a"), nullptr);
  ASSERT_EQ(notes.size(), tokens_.size());
  EXPECT_EQ(notes[19], kNoNote);
  EXPECT_EQ(notes[20], kShared);
  EXPECT_EQ(notes[49], kShared);
  EXPECT_EQ(notes[50], kNoNote);
}

TEST_F(DocumentNotesTest, TellRunsApartThatThreeModelsWroteWithTheirNames) {
  const auto exact = [&](uint32_t length) {
    Match match;
    match.runs = {{10, 10, length}};
    match.stream = std::make_shared<fingerprint::EvidenceStream>(
        MakeEvidence(tokens_, {}, {}));
    return match;
  };
  for (const char* model : {"a", "b"})
    notes_.AddAuthor(exact(DocumentNotes::kExactRunMin), By(model));
  notes_.AddAuthor(exact(DocumentNotes::kExactRunMin - 1), By("c"));
  EXPECT_EQ(notes_.For(By("a"), nullptr)[12], kShared);
  notes_.AddAuthor(exact(DocumentNotes::kExactRunMin), By("c"));
  EXPECT_EQ(notes_.For(By("a"), nullptr)[12], kShared | kSharedExactly);
  EXPECT_EQ(notes_.For(By("a"), nullptr)[9], kNoNote);
}

TEST_F(DocumentNotesTest, TakeASessionForOneAuthor) {
  for (const char* model : {"a", "b", "c", "d"})
    notes_.AddAuthor(MatchOf(0, 50), By(model, "s1"));
  EXPECT_EQ(notes_.For(By("a"), nullptr)[0], kNoNote);
}

TEST_F(DocumentNotesTest, KnowTextThatPeopleWroteBeforeTheExchange) {
  constexpr int64_t kDate = 1'700'000'000'000'000;
  BackgroundBuilder builder(kDate);
  ASSERT_TRUE(builder.BeginProject().ok());
  ASSERT_TRUE(builder.AddDocument("a.c", text_).ok());
  auto bytes = std::move(builder).Finish("{}");
  ASSERT_TRUE(bytes.ok());
  std::string_view layer = *bytes;
  auto background = Background::OverBytes({&layer, 1});
  ASSERT_TRUE(background.ok());
  Origin later = By("a");
  later.time = kDate;
  Origin earlier = By("a");
  earlier.time = kDate - 1;
  size_t middle = tokens_.size() / 2;
  EXPECT_EQ(notes_.For(later, &*background)[middle], kPriorArt);
  EXPECT_EQ(notes_.For(earlier, &*background)[middle], kNoNote);
  // It may be as old as the first model.
  EXPECT_EQ(notes_.For(By("a"), &*background)[middle], kNoNote);
}

}  // namespace
}  // namespace cofferdam::evidence
