#include "policy/commit_trailer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/law.h"

namespace cofferdam::policy {
namespace {

using testing::HasSubstr;

constexpr TrailerNames kNames = {"cofferdam-code", "qwen3-coder", "01S"};

TEST(CommitTrailerForm, NamesArePutIn) {
  EXPECT_EQ(
      FillTrailer("Assisted-by: {tool} ({model}), {session} {model}", kNames),
      "Assisted-by: cofferdam-code (qwen3-coder), 01S qwen3-coder");
  EXPECT_EQ(FillTrailer("A: b", kNames), "A: b");
}

TEST(CommitTrailerForm, AModelsNameAddsNoLineAndNoOtherName) {
  TrailerNames names = kNames;
  names.model = "m\n\nSigned-off-by: a\r\x7f{session}";
  EXPECT_EQ(FillTrailer("A: {model}", names),
            "A: m  Signed-off-by: a  {session}");
}

TEST(CommitTrailerForm, TheLongestNameIsPutInWholeAndALongerOneIsCut) {
  TrailerNames names = kNames;
  const std::string longest(kTrailerNameBytesMax, 'm');
  names.model = longest;
  EXPECT_EQ(FillTrailer("A: {model}", names), "A: " + longest);
  const std::string longer =
      longest.substr(1) + "\xc3\xa9";  // a letter of two bytes at the limit
  names.model = longer;
  EXPECT_EQ(FillTrailer("A: {model}", names), "A: " + longest.substr(1));
}

TEST(CommitTrailerForm, WhatIsNoTrailerIsToldOf) {
  EXPECT_EQ(WrongTrailer("Assisted-by: {tool} ({model}) {session}"), "");
  for (const auto& [form, why] :
       {std::pair("no key", "Key: value"), std::pair(": b", "Key: value"),
        std::pair("A b: c", "Key: value"), std::pair("A:b", "Key: value"),
        std::pair("A:  ", "Key: value"), std::pair("{tool}: b", "Key: value"),
        std::pair("A: b\nC: d", "one line"),
        std::pair("A: {modle}", "unknown {modle}, must be one of {tool}"),
        std::pair("A: {", "unknown {")}) {
    EXPECT_THAT(WrongTrailer(form), HasSubstr(why)) << form;
  }
  const std::string longest = "A: " + std::string(kTrailerBytesMax - 3, 'b');
  EXPECT_EQ(WrongTrailer(longest), "");
  EXPECT_THAT(WrongTrailer(longest + "b"), HasSubstr("longer than 500"));
}

TEST(CommitTrailerForm, TheLawAsksForOneOrNamesLineAndColumnOfWhatIsNone) {
  auto law = Law::Parse("commit_trailer = \"Assisted-by: {tool} ({model})\"\n",
                        "policy.toml", {});
  ASSERT_TRUE(law.ok()) << law.error().message();
  EXPECT_EQ((*law)->commit_trailer(), "Assisted-by: {tool} ({model})");
  EXPECT_EQ(Law::Default({})->commit_trailer(), "");
  for (const auto& [text, why] :
       {std::pair("ask = \"x\"\n\n  commit_trailer = \"nobody\"\n",
                  "p:3:3: commit_trailer: must be \"Key: value\""),
        std::pair("commit_trailer = \"\"\n", "p:1:1: commit_trailer: must be"),
        std::pair("commit_trailer = 3\n", "p:1:1: commit_trailer")}) {
    auto wrong = Law::Parse(text, "p", {});
    ASSERT_FALSE(wrong.ok()) << text;
    EXPECT_THAT(wrong.error().message(), HasSubstr(why));
  }
}

}  // namespace
}  // namespace cofferdam::policy
