#include "cli/line_reader.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace cofferdam::cli {
namespace {

class LineReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/line_reader_XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Every line as "NUMBER:TEXT", or "NUMBER!" where it was cut.
  std::vector<std::string> Lines(const std::string& text, size_t bytes_max) {
    const std::string file = folder_ + "/lines";
    std::ofstream(file) << text;
    auto reader = LineReader::Open(file);
    EXPECT_TRUE(reader.ok());
    std::vector<std::string> lines;
    while (true) {
      auto line = reader->Next(bytes_max);
      EXPECT_TRUE(line.ok());
      if (!line.ok() || !*line) return lines;
      lines.push_back(std::to_string((*line)->number) +
                      ((*line)->cut ? "!" : ":" + std::string((*line)->text)));
    }
  }

  std::string folder_;
};

using Words = std::vector<std::string>;

TEST_F(LineReaderTest, ReadsLinesWithAndWithoutAnEnd) {
  EXPECT_EQ(Lines("", 9), Words{});
  EXPECT_EQ(Lines("a\n", 9), Words{"1:a"});
  EXPECT_EQ(Lines("a\n\nb", 9), (Words{"1:a", "2:", "3:b"}));
  EXPECT_EQ(Lines("\xEF\xBB\xBF{}\n\xEF\xBB\xBF", 9),
            (Words{"1:{}", "2:\xEF\xBB\xBF"}));
}

TEST_F(LineReaderTest, CutsALineBeyondItsLimitAndGoesOn) {
  EXPECT_EQ(Lines("abc\nabcd\nabc", 3), (Words{"1:abc", "2!", "3:abc"}));
  EXPECT_EQ(Lines("abcd", 3), Words{"1!"});
  // Longer than what is read at once, so that its begin is gone at its end.
  const std::string longer(5 << 20, 'x');
  EXPECT_EQ(Lines("a\n" + longer + "\nb\n" + longer, 3 << 20),
            (Words{"1:a", "2!", "3:b", "4!"}));
  EXPECT_EQ(Lines(longer + "\nb", longer.size()),
            (Words{"1:" + longer, "2:b"}));
  EXPECT_EQ(Lines(longer + "\nb", longer.size() - 1), (Words{"1!", "2:b"}));
}

TEST_F(LineReaderTest, SaysWhatCannotBeRead) {
  auto none = LineReader::Open(folder_ + "/none");
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code(), Code::kNotFound);
  auto folder = LineReader::Open(folder_);
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.error().code(), Code::kInvalid);
}

}  // namespace
}  // namespace cofferdam::cli
