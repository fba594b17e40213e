#include <gtest/gtest.h>

#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "corpus/field_rules.h"
#include "corpus/passed_over.h"
#include "corpus/source_testing.h"

namespace cofferdam::corpus {
namespace {

std::string Page() {
  auto text = ReadFile(COFFERDAM_CORPUS_PAGE, 1 << 20);
  CHECK_OK(text);
  return *std::move(text);
}

std::string Block(const std::string& language) {
  const std::string text = Page();
  size_t at = text.find("```" + language + "\n");
  CHECK(at != std::string::npos);
  at += language.size() + 4;
  return text.substr(at, text.find("\n```", at) - at + 1);
}

TEST(CorpusPage, ListsNamesOfTexts) {
  std::istringstream names(Block("text"));
  std::string name;
  size_t count = 0;
  for (; names >> name; ++count) EXPECT_TRUE(KindOfMember(name).text) << name;
  EXPECT_EQ(count, kTextNameCount);
}

TEST(CorpusPage, ItsExampleHasTheFieldsAndClaimsThatItNames) {
  const std::string page = Page();
  Seen seen = ReadBytes(Block("json"));
  ASSERT_EQ(seen.records.size(), 1u);
  for (const char* field :
       {"messages[0].content", "messages[1].content[0].text"}) {
    EXPECT_NE(page.find("`" + std::string(field) + "`"), std::string::npos);
    EXPECT_NE(seen.records[0].find(" " + std::string(field) + "="),
              std::string::npos);
  }
}

TEST(CorpusPage, ListsEveryReason) {
  const std::string page = Page();
  for (int i = 0; i <= static_cast<int>(Reason::kBomb); ++i) {
    std::string name(ReasonName(static_cast<Reason>(i)));
    EXPECT_NE(page.find("`" + name + "`"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace cofferdam::corpus
