#include "corpus/field_rules.h"

#include <gtest/gtest.h>

namespace cofferdam::corpus {
namespace {

PathStep Member(std::string_view name) { return {.name = name}; }
PathStep Element(size_t index) { return {.is_index = true, .index = index}; }

bool Names(std::string_view pattern, std::vector<PathStep> path) {
  Result<FieldPattern> parsed = FieldPattern::Parse(pattern);
  EXPECT_TRUE(parsed.ok()) << parsed.error().message();
  return parsed.ok() && parsed->Names(path);
}

TEST(KindOfMember, KnowsNamesInAnyCase) {
  EXPECT_TRUE(KindOfMember("text").text);
  EXPECT_TRUE(KindOfMember("Instruction").text);
  EXPECT_TRUE(KindOfMember("model").claim);
  EXPECT_FALSE(KindOfMember("model").text);
  EXPECT_TRUE(KindOfMember("assistant").text);
  EXPECT_TRUE(KindOfMember("file_path").path);
  EXPECT_TRUE(KindOfMember("lang").language);
  for (const char* name : {"", "textt", "id", "a_name_longer_than_any_of_them"})
    EXPECT_FALSE(KindOfMember(name).text || KindOfMember(name).claim) << name;
}

TEST(FieldPattern, NamesMembersAndElements) {
  EXPECT_TRUE(Names("text", {Member("text")}));
  EXPECT_FALSE(Names("text", {Member("Text")}));
  EXPECT_FALSE(Names("text", {Member("a"), Member("text")}));
  EXPECT_TRUE(Names("a.text", {Member("a"), Member("text")}));
  EXPECT_TRUE(Names("m[].c", {Member("m"), Element(7), Member("c")}));
  EXPECT_FALSE(Names("m[].c", {Member("m"), Member("c")}));
  EXPECT_TRUE(Names("m[3].c", {Member("m"), Element(3), Member("c")}));
  EXPECT_FALSE(Names("m[3].c", {Member("m"), Element(4), Member("c")}));
  EXPECT_TRUE(Names("m[][]", {Member("m"), Element(1), Element(2)}));
  EXPECT_TRUE(Names(R"(a\.b\[\])", {Member("a.b[]")}));
}

TEST(FieldPattern, NamesListsOfTheStringAndOfItsParts) {
  EXPECT_TRUE(Names("c", {Member("c"), Element(0)}));
  EXPECT_TRUE(Names("c", {Member("c"), Element(0), Member("text")}));
  EXPECT_FALSE(Names("c", {Member("c"), Element(0), Member("type")}));
  EXPECT_FALSE(Names("c", {Member("c"), Member("text")}));
}

TEST(FieldPattern, RefusesWhatItCannotRead) {
  for (const char* text : {"", ".", "a.", ".a", "a..b", "a[", "a[x]", "a[1x]",
                           "a[-1]", "a[]b", "a\\", "a[99999999999999999999]"}) {
    Result<FieldPattern> parsed = FieldPattern::Parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code(), Code::kInvalid);
    EXPECT_NE(parsed.error().message().find(text), std::string::npos);
  }
}

}  // namespace
}  // namespace cofferdam::corpus
