#include "evidence/label_index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "evidence/prompt_labels.h"

namespace cofferdam::evidence {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Mode = LabelBuilder::Mode;
using Added = LabelBuilder::Added;

constexpr int64_t kNow = int64_t{1'763'683'200} * 1'000'000;

std::string Lines(int seed, size_t lines) {
  std::string text;
  for (size_t i = 0; i < lines; ++i) {
    text += "value_" + std::to_string(seed) + " = table[" +
            std::to_string(i * 7 + 3) + "](left, right + " + std::to_string(i) +
            ")\n";
  }
  return text;
}

class LabelIndexTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = testing::TempDir() + "labels_XXXXXX";
    ASSERT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder + "/labels";
  }
  void TearDown() override {
    std::filesystem::remove_all(std::filesystem::path(folder_).parent_path());
  }
  Result<LabelInfo> Build(std::string_view label, std::string_view path,
                          const std::string& text, Mode mode) {
    TRY_ASSIGN(LabelBuilder builder, LabelBuilder::Open(folder_, label, mode));
    TRY(builder.AddFile(path, text));
    return builder.Finish({std::string(path)}, kNow);
  }
  size_t Editions(std::string_view label) {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(
             folder_ + "/" + std::string(label))) {
      count += entry.is_directory() ? 1 : 0;
    }
    return count;
  }

  std::string folder_;
};

TEST_F(LabelIndexTest, ReadsBackWhatABuildSaid) {
  auto built = Build("engine", "a/b.py", Lines(1, 20), Mode::kReplace);
  ASSERT_TRUE(built.ok()) << built.error().message();
  EXPECT_EQ(built->edition, 1U);
  EXPECT_EQ(built->files, 1U);
  EXPECT_GT(built->tokens, 100U);
  EXPECT_GT(built->fingerprints, 0U);
  auto read = ReadLabel(folder_, "engine");
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(*read, *built);
  auto index = fingerprint::Index::Open(read->folder);
  ASSERT_TRUE(index.ok());
  auto output = index->segment(0).output(0);
  ASSERT_TRUE(output.ok());
  EXPECT_EQ(*LabelledPath(output->descriptor), "a/b.py");
}

TEST_F(LabelIndexTest, AReplacedLabelHoldsTheNewFilesAlone) {
  ASSERT_TRUE(Build("engine", "a.py", Lines(1, 20), Mode::kReplace).ok());
  auto replaced = Build("engine", "b.py", Lines(2, 20), Mode::kReplace);
  ASSERT_TRUE(replaced.ok());
  EXPECT_EQ(replaced->edition, 2U);
  EXPECT_EQ(replaced->files, 1U);
  EXPECT_THAT(replaced->from, ElementsAre("b.py"));
  EXPECT_EQ(Editions("engine"), 1U);
}

TEST_F(LabelIndexTest, AnAddedFileStandsBesideTheOthers) {
  ASSERT_TRUE(Build("engine", "a.py", Lines(1, 20), Mode::kReplace).ok());
  auto both = Build("engine", "b.py", Lines(2, 20), Mode::kAdd);
  ASSERT_TRUE(both.ok()) << both.error().message();
  EXPECT_EQ(both->files, 2U);
  EXPECT_THAT(both->from, ElementsAre("a.py", "b.py"));
  auto index = fingerprint::Index::Open(both->folder);
  ASSERT_TRUE(index.ok());
  EXPECT_EQ(index->counts().outputs, 2U);
}

TEST_F(LabelIndexTest, ABuildThatIsGivenUpChangesNothing) {
  auto first = Build("engine", "a.py", Lines(1, 20), Mode::kReplace);
  ASSERT_TRUE(first.ok());
  {
    auto builder = LabelBuilder::Open(folder_, "engine", Mode::kReplace);
    ASSERT_TRUE(builder.ok());
    ASSERT_TRUE(builder->AddFile("b.py", Lines(2, 20)).ok());
  }
  EXPECT_EQ(*ReadLabel(folder_, "engine"), *first);
  ASSERT_TRUE(Build("engine", "c.py", Lines(3, 20), Mode::kReplace).ok());
  EXPECT_EQ(Editions("engine"), 1U);
}

TEST_F(LabelIndexTest, TwoBuildsOfOneLabelAtOnceAreAConflict) {
  auto builder = LabelBuilder::Open(folder_, "engine", Mode::kReplace);
  ASSERT_TRUE(builder.ok());
  auto second = LabelBuilder::Open(folder_, "engine", Mode::kAdd);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), Code::kConflict);
  EXPECT_TRUE(LabelBuilder::Open(folder_, "other", Mode::kAdd).ok());
}

TEST_F(LabelIndexTest, FilesThatNothingCouldFindAreLeftOut) {
  auto builder = LabelBuilder::Open(folder_, "engine", Mode::kReplace);
  ASSERT_TRUE(builder.ok());
  auto words = [](size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) text += "w" + std::to_string(i) + " ";
    return text;
  };
  auto add = [&](size_t count) {
    return *builder->AddFile("a.py", words(count));
  };
  EXPECT_EQ(add(PromptLabels::kTokensMin - 1), Added::kTooShort);
  EXPECT_EQ(add(PromptLabels::kTokensMin), Added::kYes);
}

TEST_F(LabelIndexTest, ALabelOfNothingIsRefused) {
  auto builder = LabelBuilder::Open(folder_, "engine", Mode::kReplace);
  ASSERT_TRUE(builder.ok());
  auto built = builder->Finish({"x"}, kNow);
  ASSERT_FALSE(built.ok());
  EXPECT_THAT(built.error().message(), HasSubstr("would hold nothing"));
  EXPECT_FALSE(ReadLabel(folder_, "engine").ok());
}

TEST_F(LabelIndexTest, ListsLabelsByName) {
  EXPECT_TRUE(ListLabels(folder_)->empty());
  ASSERT_TRUE(Build("zeta", "a.py", Lines(1, 20), Mode::kReplace).ok());
  ASSERT_TRUE(Build("alpha", "a.py", Lines(1, 20), Mode::kReplace).ok());
  auto labels = ListLabels(folder_);
  ASSERT_TRUE(labels.ok());
  ASSERT_EQ(labels->size(), 2U);
  EXPECT_EQ((*labels)[0].label, "alpha");
}

TEST_F(LabelIndexTest, ALabelsFileThatIsBrokenIsCorrupt) {
  ASSERT_TRUE(Build("engine", "a.py", Lines(1, 20), Mode::kReplace).ok());
  const std::string file = folder_ + "/engine/label.json";
  const std::string whole = *ReadFile(file, 1 << 20);
  auto broken = [&](std::string_view from, std::string_view to) {
    std::string text = whole;
    text.replace(text.find(from), from.size(), to);
    EXPECT_TRUE(WriteFileAtomically(file, text, 0600).ok());
    auto read = ReadLabel(folder_, "engine");
    EXPECT_FALSE(read.ok());
    return read.ok() ? Code::kInternal : read.error().code();
  };
  EXPECT_EQ(broken("\"folder\":\"1\"", "\"folder\":\"../x\""), Code::kCorrupt);
  EXPECT_EQ(broken("\"files\":1", "\"files\":-1"), Code::kCorrupt);
  EXPECT_EQ(broken("\"version\":1", "\"version\":2"), Code::kInvalid);
  EXPECT_NE(broken("{", ""), Code::kInternal);
}

TEST_F(LabelIndexTest, ReadsTheExampleOfTheFormatsPage) {
  const std::string page = *ReadFile(COFFERDAM_LABELS_PAGE, 1 << 20);
  const std::string open = "```json\n";
  const size_t begin = page.find(open) + open.size();
  ASSERT_TRUE(MakeFolder(folder_ + "/pricing", 0700).ok());
  ASSERT_TRUE(WriteFileAtomically(
                  folder_ + "/pricing/label.json",
                  page.substr(begin, page.find("```", begin) - begin), 0600)
                  .ok());
  auto read = ReadLabel(folder_, "pricing");
  ASSERT_TRUE(read.ok()) << read.error().message();
  const LabelInfo wanted = {.label = "pricing",
                            .edition = 2,
                            .folder = folder_ + "/pricing/2",
                            .from = {"/srv/git/engine"},
                            .built_at_micros = kNow,
                            .files = 141,
                            .tokens = 127'908,
                            .fingerprints = 49'984,
                            .bytes = 443'402,
                            .languages = 16};
  EXPECT_EQ(*read, wanted);
}

TEST(LabelNames, AreCheckedAtTheirBounds) {
  EXPECT_TRUE(CheckLabel("a").ok());
  EXPECT_TRUE(CheckLabel(std::string(64, 'a')).ok());
  EXPECT_FALSE(CheckLabel(std::string(65, 'a')).ok());
  for (const char* wrong : {"", "-a", "A", "a/b", "..", "a b"}) {
    EXPECT_FALSE(CheckLabel(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace cofferdam::evidence
