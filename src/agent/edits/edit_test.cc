#include "agent/edits/edit.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/file.h"

namespace cofferdam::agent {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using Why = RefusedEdit::Why;
using Outcome = std::variant<AppliedEdit, RefusedEdit>;

constexpr size_t kBytesMax = size_t{1} << 20;

std::string_view WhyName(Why why) {
  switch (why) {
    case Why::kEmptyOld:
      return "empty_old";
    case Why::kSame:
      return "same";
    case Why::kAlreadyThere:
      return "already_there";
    case Why::kNotFound:
      return "not_found";
    case Why::kAmbiguous:
      return "ambiguous";
    case Why::kUncertain:
      return "uncertain";
    case Why::kTooLarge:
      break;
  }
  return "too_large";
}

Outcome Edit(std::string_view text, std::string_view old_text,
             std::string_view new_text,
             Occurrences occurrences = Occurrences::kOne) {
  return ApplyEdit(text, old_text, new_text, {.occurrences = occurrences});
}

// The text after it, or "refused: why".
std::string After(const Outcome& outcome) {
  if (const auto* applied = std::get_if<AppliedEdit>(&outcome))
    return applied->text;
  return "refused: " + std::string(WhyName(std::get<RefusedEdit>(outcome).why));
}

// tests/golden/edits/NNN_name: before, old, new; expected, or refused with the
// reason.
TEST(EditTest, EveryGoldenCaseIsDoneOrRefusedAsItSays) {
  std::vector<fs::path> cases;
  for (const auto& entry : fs::directory_iterator(COFFERDAM_GOLDEN_EDITS))
    cases.push_back(entry.path());
  EXPECT_GE(cases.size(), 38u);
  for (const fs::path& folder : cases) {
    SCOPED_TRACE(folder.filename());
    auto read = [&](const char* name) {
      return *ReadFile(folder / name, kBytesMax);
    };
    std::string wanted = fs::exists(folder / "expected")
                             ? read("expected")
                             : "refused: " + read("refused");
    std::string got = After(Edit(read("before"), read("old"), read("new")));
    if (got.starts_with("refused: ")) got += '\n';
    EXPECT_EQ(got, wanted);
  }
}

TEST(EditTest, SaysWhereTheNewTextStands) {
  Outcome outcome = Edit("a\nb\nc\n", "b\n", "x\ny\n");
  const auto& applied = std::get<AppliedEdit>(outcome);
  EXPECT_EQ(applied.first_line, 2);
  EXPECT_EQ(applied.last_line, 3);
  EXPECT_EQ(applied.begin, 2u);
  EXPECT_EQ(applied.old_end, 4u);
  EXPECT_EQ(applied.new_end, 6u);
  const Outcome gone = Edit("a\nb\nc\n", "b\n", "");
  EXPECT_LT(std::get<AppliedEdit>(gone).last_line,
            std::get<AppliedEdit>(gone).first_line);
}

TEST(EditTest, LooksOnlyWhereItIsTold) {
  EditOptions options = {.begin = 4, .end = 8};
  Outcome outcome = ApplyEdit("x 1\nx 1\nx 1\n", "x 1", "x 2", options);
  const auto& applied = std::get<AppliedEdit>(outcome);
  EXPECT_EQ(applied.text, "x 1\nx 2\nx 1\n");
  EXPECT_EQ(applied.first_line, 2);
  EXPECT_EQ(applied.begin, 4u);
}

TEST(EditTest, ReplacesAllPlacesOfTheStrictestLevel) {
  std::string text = "f(a);\n  f(a);\nf(b);\n";
  EXPECT_EQ(After(Edit(text, "f(a)", "g(a)", Occurrences::kAll)),
            "g(a);\n  g(a);\nf(b);\n");
  EXPECT_EQ(After(Edit("\tx();\n\ty();\n\tx();\n\ty();\n", "  x();\n  y();\n",
                       "  z();\n", Occurrences::kAll)),
            "\tz();\n\tz();\n");
  Outcome outcome = Edit(text, "f(a)", "g(a)", Occurrences::kAll);
  EXPECT_EQ(std::get<AppliedEdit>(outcome).places, 2);
}

TEST(EditTest, PlacesThatOverlapAreTwo) {
  EXPECT_EQ(After(Edit("aaa\n", "aa", "b")), "refused: ambiguous");
  EXPECT_EQ(After(Edit("aaa\n", "aa", "b", Occurrences::kAll)), "ba\n");
}

TEST(EditTest, ARefusalNamesTheLinesAndWhatDiffers) {
  Outcome outcome =
      Edit("int a;\nint bb = 1;\nint c;\n", "int bb = 27;\n", "x");
  const std::string& words = std::get<RefusedEdit>(outcome).words;
  EXPECT_THAT(words, HasSubstr("2→int bb = 1;"));
  EXPECT_THAT(words, HasSubstr("old : int bb = 27;"));
  EXPECT_THAT(words, HasSubstr("file: int bb = 1;"));
}

TEST(EditTest, WordsAreBounded) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += std::string(500, 'x') + "\n";
  for (std::string old : {std::string(500, 'x') + "\n", text + "y"}) {
    Outcome outcome = Edit(text, old, "z");
    EXPECT_LE(std::get<RefusedEdit>(outcome).words.size(), kEditWordsMax);
  }
}

TEST(EditTest, ArgumentsHaveALimit) {
  std::string old(kEditArgumentBytesMax, 'a');
  EXPECT_EQ(After(Edit("b", old, "c")), "refused: not_found");
  EXPECT_EQ(After(Edit("b", old + "a", "c")), "refused: too_large");
  EXPECT_EQ(After(Edit("b", "b", old + "a")), "refused: too_large");
}

TEST(EditTest, AWordIsNotCutAtALooserLevel) {
  EXPECT_EQ(After(Edit("maximum = 1 \nx\n", "mum = 1\nx", "y")),
            "refused: not_found");
  EXPECT_EQ(After(Edit("a mum = 1 \nx\n", "mum = 1\nx", "y")), "a y\n");
}

// However loosely the old text was found, an insertion is not made twice.
TEST(EditTest, AnEditThatIsRepeatedIsNotDoneAgain) {
  struct Case {
    std::string_view name;
    std::string_view text;
    std::string_view old_text;
    std::string_view new_text;
  };
  const Case cases[] = {
      {"indentation", "\tif (a) {\n\t\tf();\n\t}\n", "  if (a) {\n    f();\n",
       "  if (a) {\n    f();\n    g();\n"},
      {"trailing", "f();  \nh();\n", "f();\n", "f();\ng();\n"},
      {"punctuation", "say(\xe2\x80\x9chi\xe2\x80\x9d);\nh();\n",
       "say(\"hi\");\n", "say(\"hi\");\ng();\n"},
      {"line ends", "f();\r\nh();\r\n", "f();\nh();\n", "f();\nh();\ng();\n"},
      {"blank lines", "f();\nh();\n", "\nf();\n\n", "\nf();\ng();\n\n"},
      {"fence", "f();\nh();\n", "```\nf();\n```", "```\nf();\ng();\n```"},
      {"elision", "first();\nb();\nc();\nlast();\n", "first();\n...\nlast();\n",
       "first();\n...\nlast();\nmore();\n"},
      {"drift", "int first = 1;\nint secnod = 2;\nint third = 3;\n",
       "int first = 1;\nint second = 2;\nint third = 3;\n",
       "int first = 1;\nint second = 2;\nint third = 3;\nint more;\n"},
  };
  for (const Case& one : cases) {
    const Outcome once = Edit(one.text, one.old_text, one.new_text);
    ASSERT_TRUE(std::holds_alternative<AppliedEdit>(once)) << one.name;
    EXPECT_EQ(After(Edit(After(once), one.old_text, one.new_text)),
              "refused: already_there")
        << one.name << "\n"
        << After(once);
  }
}

// Of the processor, for this thread: others may be busy.
double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) +
         1e-9 * static_cast<double>(now.tv_nsec);
}

std::string Times(size_t count, std::string_view piece) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text += piece;
  return text;
}

TEST(EditTest, TimeIsInProportionToTheTextWhateverItHolds) {
  struct Case {
    std::string_view name;
    std::string_view piece;
    std::string_view old_text;
    std::string_view new_text;
  };
  const Case cases[] = {
      {"everywhere, with a line end", "a,", ",", ",\n"},
      {"everywhere, without an end", "f(); \ng();\n", "f();\ng();",
       "h();\ni();"},
      {"everywhere, indented otherwise", "\tf();\n\tg();\n", "  f();\n  g();\n",
       "  h();\n"},
      {"in words of one line", "xaxa", "a ", "b"},
      {"beside dashes of one line", "a\xe2\x80\xa6", "a.", "b"},
  };
  const auto seconds = [](const Case& one, size_t bytes) {
    const std::string text = Times(bytes / one.piece.size(), one.piece);
    double best = 1e9;
    for (int i = 0; i < 3; ++i) {
      const double begin = ThreadSeconds();
      Edit(text, one.old_text, one.new_text, Occurrences::kAll);
      best = std::min(best, ThreadSeconds() - begin);
    }
    return best;
  };
  for (const Case& one : cases) {
    // 32 times the text: far below the 1,024 times of a square.
    EXPECT_LT(seconds(one, 1 << 17), 320 * seconds(one, 1 << 12) + 0.05)
        << one.name;
  }
}

TEST(EditTest, DriftNearlyAsGoodElsewhereIsNotCertain) {
  std::string text = "begin one\n  value = first\nend one\n";
  std::string old = "begin one\n  value = firsd\nend one\n";
  std::string wanted = "begin one\n  value = first\nend two\n";
  std::string changed = "begin one\n  value = firsd\nend two\n";
  EXPECT_EQ(After(Edit(text, old, changed)), wanted);
  EXPECT_EQ(After(Edit(text + text, old, changed)), "refused: not_found");
}

TEST(EditTest, APlaceholderThatTheFileHasItselfIsNone) {
  std::string text = "a\n// ... keep the rest ...\nb\n";
  EXPECT_EQ(After(Edit(text, "a\n", "c\n// ... keep the rest ...\n")),
            "c\n// ... keep the rest ...\n// ... keep the rest ...\nb\n");
  EXPECT_EQ(FindPlaceholder("", "x\n  # ... existing code ...\n"),
            "# ... existing code ...");
  EXPECT_EQ(FindPlaceholder("", "# see ... the rest of the docs, which is\n"),
            "");
  EXPECT_EQ(FindPlaceholder("", "def f(): ...\n...\n"), "");
}

// Random files and edits that are a little wrong.

std::string RandomLine(std::mt19937& random) {
  static const std::vector<std::string> kWords = {
      "int", "value", "return", "(",   ")",   "{",     "}",     "x",
      "y",   "=",     "+",      "foo", "bar", "\"s\"", "total", ";"};
  std::string line(random() % 4 * 2, ' ');
  for (size_t n = random() % 6; n > 0; --n)
    line += kWords[random() % kWords.size()] + (random() % 3 ? " " : "");
  return line;
}

std::vector<std::string> RandomLines(std::mt19937& random, size_t count) {
  std::vector<std::string> lines;
  for (size_t i = 0; i < count; ++i) lines.push_back(RandomLine(random));
  return lines;
}

std::string Text(const std::vector<std::string>& lines, std::string_view end) {
  std::string text;
  for (const std::string& line : lines) text.append(line).append(end);
  return text;
}

void Damage(std::mt19937& random, std::string* text) {
  auto at = [&] { return random() % (text->size() + 1); };
  switch (random() % 8) {
    case 0:
      text->insert(at(), " ");
      break;
    case 1:
      text->insert(at(), "\t");
      break;
    case 2:
      if (!text->empty()) text->erase(at() % text->size(), 1);
      break;
    case 3:
      text->insert(at(), "\n");
      break;
    case 4:
      text->insert(at(), "z");
      break;
    case 5:
      text->insert(at(), "\xe2\x80\x9d");
      break;
    case 6:
      text->insert(0, "...\n");
      break;
    default:
      break;
  }
}

TEST(EditTest, WhateverIsAppliedChangesOnlyTheRegionItNames) {
  std::mt19937 random(5);
  int applied_count = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::string> lines = RandomLines(random, random() % 12 + 1);
    std::string end = random() % 4 ? "\n" : "\r\n";
    std::string text = Text(lines, end);
    if (random() % 4 == 0) text.resize(text.size() - end.size());
    size_t begin = random() % lines.size();
    size_t count = random() % (lines.size() - begin) + 1;
    std::vector<std::string> part(
        lines.begin() + static_cast<std::ptrdiff_t>(begin),
        lines.begin() + static_cast<std::ptrdiff_t>(begin + count));
    std::string old = Text(part, "\n");
    if (random() % 2) old.pop_back();
    part[random() % part.size()] = RandomLine(random);
    if (random() % 3 == 0) part.push_back(RandomLine(random));
    std::string now = Text(part, "\n");
    for (size_t n = random() % 4; n > 0; --n) {
      Damage(random, &old);
      if (random() % 2) Damage(random, &now);
    }
    SCOPED_TRACE(testing::PrintToString(text) + "\n" +
                 testing::PrintToString(old) + "\n" +
                 testing::PrintToString(now));
    Outcome outcome = Edit(text, old, now);
    const auto* applied = std::get_if<AppliedEdit>(&outcome);
    if (applied == nullptr) {
      EXPECT_FALSE(std::get<RefusedEdit>(outcome).words.empty());
      continue;
    }
    ++applied_count;
    SCOPED_TRACE(testing::PrintToString(applied->text) + " " +
                 std::string(EditLevelName(applied->level)));
    ASSERT_LE(applied->begin, applied->old_end);
    ASSERT_LE(applied->old_end, text.size());
    ASSERT_LE(applied->new_end, applied->text.size());
    EXPECT_EQ(applied->text.substr(0, applied->begin),
              text.substr(0, applied->begin));
    EXPECT_EQ(applied->text.substr(applied->new_end),
              text.substr(applied->old_end));
    // No line ends of another kind than the file's come in.
    if (end == "\n") {
      EXPECT_EQ(applied->text.find('\r'), std::string::npos);
    }
    if (end == "\r\n" && text.find('\n') != std::string::npos) {
      for (size_t i = 0; i < applied->text.size(); ++i) {
        if (applied->text[i] == '\n') {
          EXPECT_TRUE(i > 0 && applied->text[i - 1] == '\r');
        }
      }
    }
  }
  EXPECT_GT(applied_count, 5000);
}

// The naive engine: every place tried, one after the other.

std::vector<size_t> NaiveExact(std::string_view text, std::string_view old) {
  std::vector<size_t> places;
  for (size_t at = 0; at + old.size() <= text.size(); ++at) {
    if (text.substr(at, old.size()) == old) places.push_back(at);
  }
  return places;
}

std::string Squeezed(const std::string& line) {
  size_t begin = line.find_first_not_of(" \t");
  if (begin == std::string::npos) return "";
  return line.substr(begin, line.find_last_not_of(" \t") - begin + 1);
}

TEST(EditTest, ExactEditsAreThoseOfANaiveEngine) {
  std::mt19937 random(6);
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    for (size_t n = random() % 40; n > 0; --n) text += "ab \n"[random() % 4];
    size_t begin = random() % (text.size() + 1);
    std::string old = text.substr(begin, random() % 6);
    if (old.empty()) continue;
    std::string now = "N";
    std::vector<size_t> places = NaiveExact(text, old);
    std::string got = After(Edit(text, old, now));
    if (places.size() > 1) {
      EXPECT_EQ(got, "refused: ambiguous");
    } else {
      EXPECT_EQ(got, text.substr(0, places[0]) + now +
                         text.substr(places[0] + old.size()));
    }
  }
}

// Whole lines whose indentation and trailing blanks are lost: found where
// exactly one run of lines is the same without them.
TEST(EditTest, EditsBesideWhiteSpaceAreThoseOfANaiveEngine) {
  std::mt19937 random(8);
  int unique = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::string> lines = RandomLines(random, random() % 10 + 1);
    size_t begin = random() % lines.size();
    size_t count = random() % std::min<size_t>(4, lines.size() - begin) + 1;
    std::vector<std::string> wanted;
    bool blank = true;
    for (size_t i = begin; i < begin + count; ++i) {
      wanted.push_back("\t\t\t\t\t\t" + Squeezed(lines[i]));
      if (Squeezed(lines[i]).empty()) wanted.back().clear();
      blank = blank && wanted.back().empty();
    }
    if (blank || Squeezed(wanted[0]).empty()) continue;
    size_t places = 0;
    for (size_t at = 0; at + count <= lines.size(); ++at) {
      bool same = true;
      for (size_t i = 0; i < count; ++i)
        same = same && Squeezed(lines[at + i]) == Squeezed(wanted[i]);
      places += same ? 1 : 0;
    }
    std::string text = Text(lines, "\n");
    Outcome outcome = Edit(text, Text(wanted, "\n"), "");
    if (places > 1) {
      EXPECT_EQ(After(outcome), "refused: ambiguous");
      continue;
    }
    ++unique;
    std::vector<std::string> rest = lines;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(begin),
               rest.begin() + static_cast<std::ptrdiff_t>(begin + count));
    EXPECT_EQ(After(outcome), Text(rest, "\n"));
  }
  EXPECT_GT(unique, 5000);
}

}  // namespace
}  // namespace cofferdam::agent
