#include "fingerprint/language.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace cofferdam::fingerprint {
namespace {

using enum Language;

TEST(LanguageOfPath, KnowsExtensionsInAnyCase) {
  EXPECT_EQ(LanguageOfPath("src/main.rs"), kRust);
  EXPECT_EQ(LanguageOfPath("/a.b/C.PY"), kPython);
  EXPECT_EQ(LanguageOfPath("x.test.tsx"), kJavaScript);
  EXPECT_EQ(LanguageOfPath("x.hpp"), kC);
  EXPECT_EQ(LanguageOfPath("README.md"), kMarkdown);
}

TEST(LanguageOfPath, KnowsWholeNames) {
  EXPECT_EQ(LanguageOfPath("a/Makefile"), kHash);
  EXPECT_EQ(LanguageOfPath("CMakeLists.txt"), kHash);
  EXPECT_EQ(LanguageOfPath("LICENSE"), kMarkdown);
}

TEST(LanguageOfPath, IsGeneralWhenUnknown) {
  EXPECT_EQ(LanguageOfPath(""), kGeneral);
  EXPECT_EQ(LanguageOfPath("a.py/b"), kGeneral);
  EXPECT_EQ(LanguageOfPath("x.unknown"), kGeneral);
  EXPECT_EQ(LanguageOfPath("x."), kGeneral);
  EXPECT_EQ(LanguageOfPath("data.json"), kGeneral);
}

TEST(LanguageOfName, KnowsTheNamesOfFences) {
  EXPECT_EQ(LanguageOfName("python"), kPython);
  EXPECT_EQ(LanguageOfName("C++"), kC);
  EXPECT_EQ(LanguageOfName(" TypeScript title=x"), kJavaScript);
  EXPECT_EQ(LanguageOfName("{.rust .numberLines}"), kRust);
  EXPECT_EQ(LanguageOfName("bash"), kShell);
  EXPECT_EQ(LanguageOfName(""), kGeneral);
  EXPECT_EQ(LanguageOfName("nonsense"), kGeneral);
}

TEST(LanguageName, IsDifferentForEach) {
  std::set<std::string_view> names;
  for (int i = 0; i < kLanguageCount; ++i) {
    names.insert(LanguageName(static_cast<Language>(i)));
  }
  EXPECT_EQ(names.size(), static_cast<size_t>(kLanguageCount));
}

TEST(GuessLanguage, FollowsAShebang) {
  EXPECT_EQ(GuessLanguage("#!/bin/sh\nls"), kShell);
  EXPECT_EQ(GuessLanguage("#!/usr/bin/env python3.11\nx"), kPython);
  EXPECT_EQ(GuessLanguage("#!/usr/bin/env -S node --flag\nx"), kJavaScript);
}

TEST(GuessLanguage, TellsProseFromCode) {
  EXPECT_EQ(GuessLanguage("The quick brown fox jumps over the lazy dog, "
                          "and then it sleeps (a little)."),
            kMarkdown);
  EXPECT_EQ(GuessLanguage("\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97"),
            kMarkdown);
  EXPECT_EQ(GuessLanguage("int main(void) { return f(a, b) + 1; }"), kGeneral);
  EXPECT_EQ(GuessLanguage("def f(x):\n    return [y for y in x if y > 0]"),
            kGeneral);
  EXPECT_EQ(GuessLanguage("{\"a\": [1, 2, 3]}"), kGeneral);
  EXPECT_EQ(GuessLanguage("Run this:\n```sh\nls\n```"), kMarkdown);
  EXPECT_EQ(GuessLanguage(""), kGeneral);
}

}  // namespace
}  // namespace cofferdam::fingerprint
