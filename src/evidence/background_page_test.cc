// docs/formats/background.md shows a whole layer as hexadecimal. It is read
// here, and written again.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "base/encoding.h"
#include "base/file.h"
#include "evidence/background.h"
#include "evidence/background_builder.h"
#include "fingerprint/lex.h"
#include "fingerprint/select.h"

namespace cofferdam::evidence {
namespace {

constexpr std::string_view kText =
    "def f(a, b): return a * (b + 1) - a * (b + 2)";

std::string HexBlock() {
  const Result<std::string> page = ReadFile(COFFERDAM_BACKGROUND_PAGE, 1 << 20);
  CHECK_OK(page);
  const std::string open = "```hex\n";
  const size_t begin = page->find(open);
  CHECK(begin != std::string::npos);
  const size_t from = begin + open.size();
  return page->substr(from, page->find("```", from) - from);
}

// Lines "OFFSET: HEX"; what no line gives is zero.
std::string Bytes(std::string_view block) {
  std::string bytes;
  while (!block.empty()) {
    const size_t end = std::min(block.find('\n'), block.size() - 1);
    const std::string line(block.substr(0, end));
    block.remove_prefix(end + 1);
    std::string digits;
    for (const char c : line.substr(line.find(':') + 1)) {
      if (c != ' ') digits.push_back(c);
    }
    bytes.resize(std::stoul(line, nullptr, 16));
    const auto read = FromHex(digits);
    CHECK(read.has_value());
    bytes.append(read->begin(), read->end());
  }
  return bytes;
}

std::string Dump(std::string_view bytes) {
  std::string block;
  for (size_t at = 0; at < bytes.size(); at += 16) {
    const std::string_view row = bytes.substr(at, 16);
    const bool last = at + 16 >= bytes.size();
    if (!last && row.find_first_not_of('\0') == std::string_view::npos) {
      continue;
    }
    std::array<char, 8> offset;
    std::snprintf(offset.data(), offset.size(), "%04zx:", at);
    block += offset.data();
    for (size_t i = 0; i < row.size(); i += 8) {
      block += " " + ToHex(AsBytes(row.substr(i, 8)));
    }
    block += "\n";
  }
  return block;
}

TEST(BackgroundPage, ShowsWhatWeWrite) {
  BackgroundBuilder builder(kHumanBeforeMicros);
  for (int project = 0; project < 3; ++project) {
    ASSERT_TRUE(builder.BeginProject().ok());
    ASSERT_TRUE(builder.AddDocument("f.py", kText).ok());
  }
  const auto bytes = std::move(builder).Finish("by hand");
  ASSERT_TRUE(bytes.ok());
  EXPECT_EQ(HexBlock(), Dump(*bytes));
}

TEST(BackgroundPage, ShowsALayerThatCanBeRead) {
  const std::string bytes = Bytes(HexBlock());
  const std::array layers = {std::string_view(bytes)};
  const auto background =
      Background::OverBytes(layers, Background::Verify::kContents);
  ASSERT_TRUE(background.ok()) << background.error().message();
  const BackgroundInfo info = background->info(0);
  EXPECT_EQ(info.projects, 3u);
  EXPECT_EQ(info.documents, 1u);
  EXPECT_EQ(info.tokens, 24u);
  EXPECT_EQ(background->sources(0), "by hand");
  // The page's text is common, renamed too.
  fingerprint::TokenStream tokens;
  fingerprint::Lex("def g(x, y): return x*(y + 3) - z*(z + 4)",
                   fingerprint::Language::kPython, &tokens);
  fingerprint::SelectScratch scratch;
  std::vector<fingerprint::Fingerprint> selected;
  fingerprint::SelectMinimizers(tokens.normal(), &scratch, &selected);
  ASSERT_EQ(selected.size(), info.common_grams);
  for (const auto& one : selected) {
    EXPECT_TRUE(background->IsCommon(one.hash));
  }
}

}  // namespace
}  // namespace cofferdam::evidence
