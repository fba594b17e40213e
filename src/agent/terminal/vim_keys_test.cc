#include "agent/terminal/vim_keys.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cofferdam::agent {
namespace {

// What is typed in a text; "␛" stands for Escape.
class Vi {
 public:
  explicit Vi(const std::string& text) {
    editor_.SetText(text);
    Type("\x1b");
    editor_.MoveCursor(0);
  }

  void Type(const std::string& keys) {
    std::string run;
    const auto flush = [&] {
      if (!run.empty()) Press({.kind = Key::Kind::kText, .text = run});
      run.clear();
    };
    for (char key : keys) {
      if (key != '\x1b') {
        run += key;
        continue;
      }
      flush();
      Press({.kind = Key::Kind::kEscape, .text = ""});
    }
    flush();
  }
  LineEditor::Outcome Press(const Key& key) {
    return outcome = vim_.Press(key, editor_);
  }

  // The text with "|" where the cursor is.
  std::string Look() const {
    std::string text = editor_.text();
    return text.insert(editor_.cursor(), "|");
  }
  bool normal() const { return vim_.mode() == VimKeys::Mode::kNormal; }

  LineEditor::Outcome outcome = LineEditor::Outcome::kMoved;

 private:
  LineEditor editor_;
  VimKeys vim_;
};

struct VimCase {
  std::string text;
  std::string keys;
  std::string look;
};

class VimKeysTest : public testing::TestWithParam<VimCase> {};

TEST_P(VimKeysTest, KeysDoAsInVi) {
  Vi vi(GetParam().text);
  vi.Type(GetParam().keys);
  EXPECT_EQ(vi.Look(), GetParam().look);
}

INSTANTIATE_TEST_SUITE_P(
    Moves, VimKeysTest,
    testing::Values(VimCase{"one two", "w", "one |two"},
                    VimCase{"one.two three", "w", "one|.two three"},
                    VimCase{"one.two three", "W", "one.two |three"},
                    VimCase{"one two", "2l", "on|e two"},
                    VimCase{"one two", "9l", "one tw|o"},
                    VimCase{"one two", "$h", "one t|wo"},
                    VimCase{"one two", "e", "on|e two"},
                    VimCase{"one two", "ee", "one tw|o"},
                    VimCase{"one two", "$b", "one |two"},
                    VimCase{"  one", "$0", "|  one"},
                    VimCase{"  one", "$^", "  |one"},
                    VimCase{"one\ntwo\nsix", "j", "one\n|two\nsix"},
                    VimCase{"one\ntwo\nsix", "2jk", "one\n|two\nsix"},
                    VimCase{"three\na\nthree", "3ljj", "three\na\nthr|ee"},
                    VimCase{"one\n two\nsix", "G", "one\n two\n|six"},
                    VimCase{"one\n two\nsix", "Ggg", "|one\n two\nsix"},
                    VimCase{"one\n two\nsix", "3G", "one\n two\n|six"},
                    VimCase{"a=b; c=d;", "f;", "a=b|; c=d;"},
                    VimCase{"a=b; c=d;", "2f;", "a=b; c=d|;"},
                    VimCase{"a=b; c=d;", "t;", "a=|b; c=d;"},
                    VimCase{"a=b; c=d;", "$F=", "a=b; c|=d;"},
                    VimCase{"\xe6\x97\xa5\xe6\x9c\xac x", "l",
                            "\xe6\x97\xa5|\xe6\x9c\xac x"},
                    VimCase{"", "wbejkhl$0^G", "|"}));

INSTANTIATE_TEST_SUITE_P(
    Changes, VimKeysTest,
    testing::Values(
        VimCase{"one two six", "dw", "|two six"},
        VimCase{"one two six", "2dw", "|six"},
        VimCase{"one two six", "d2w", "|six"},
        VimCase{"one two", "wdw", "one| "}, VimCase{"one\ntwo", "dw", "|\ntwo"},
        VimCase{"one two", "cwsix", "six| two"},
        VimCase{"one two", "cwsix\x1b", "si|x two"},
        VimCase{"one two", "de", "| two"}, VimCase{"one two", "d$", "|"},
        VimCase{"one two", "wD", "one| "}, VimCase{"one two", "wCx", "one x|"},
        VimCase{"one two", "x", "|ne two"}, VimCase{"one two", "3x", "| two"},
        VimCase{"one two", "$X", "one t|o"},
        VimCase{"one two", "sx", "x|ne two"},
        VimCase{"one\ntwo\nsix", "jdd", "one\n|six"},
        VimCase{"one\ntwo\nsix", "2dd", "|six"},
        VimCase{"one\ntwo\nsix", "Gdd", "one\n|two"},
        VimCase{"one\ntwo\nsix", "dj", "|six"},
        VimCase{"one\ntwo\nsix", "jdgg", "|six"},
        VimCase{"one\ntwo\nsix", "jdG", "|one"}, VimCase{"one", "dd", "|"},
        VimCase{"one\ntwo", "jccx", "one\nx|"},
        VimCase{"one\ntwo", "Sx", "x|\ntwo"},
        VimCase{"one two", "wdiw", "one| "},
        VimCase{"one two six", "wdaw", "one |six"},
        VimCase{"one two six", "wciwx", "one x| six"},
        VimCase{"a=b;", "dt;", "|;"}, VimCase{"a=b;", "df;", "|"},
        VimCase{"a=b;", "$dF=", "a|;"}, VimCase{"one", "rx", "|xne"},
        VimCase{"one", "3rx", "xx|x"}, VimCase{"one", "4rx", "xx|x"}));

INSTANTIATE_TEST_SUITE_P(
    WritesAndPuts, VimKeysTest,
    testing::Values(
        VimCase{"one", "ix", "x|one"}, VimCase{"one", "ax", "ox|ne"},
        VimCase{" one", "$Ix", " x|one"}, VimCase{"one", "Ax", "onex|"},
        VimCase{"one\ntwo", "ox", "one\nx|\ntwo"},
        VimCase{"one\ntwo", "jOx", "one\nx|\ntwo"},
        VimCase{"one two", "dwP", "one| two"},
        VimCase{"one two", "dwp", "tone| wo"},
        VimCase{"one\ntwo", "ddp", "two\n|one"},
        VimCase{"one\ntwo", "yyjp", "one\ntwo\n|one"},
        VimCase{"one\ntwo", "jyyP", "one\n|two\ntwo"},
        VimCase{"ab", "yl3p", "aaa|ab"}, VimCase{"one two", "dwu", "|one two"},
        VimCase{"one two", "dwxuu", "|one two"},
        VimCase{"one", "isix \x1bu", "|one"}, VimCase{"one", "u", "|one"},
        // What is no command changes nothing, and is forgotten.
        VimCase{"one", "dzx", "|ne"}, VimCase{"one", "2\x1bx", "|ne"}));

TEST(VimKeysTest, EscapeWithNothingBegunIsForWhoeverOwnsThePrompt) {
  Vi vi("one");
  EXPECT_EQ(vi.Press({.kind = Key::Kind::kEscape, .text = ""}),
            LineEditor::Outcome::kUnused);
  vi.Type("d");
  EXPECT_EQ(vi.Press({.kind = Key::Kind::kEscape, .text = ""}),
            LineEditor::Outcome::kMoved);
}

TEST(VimKeysTest, AtTheFirstAndLastLineTheHistoryBegins) {
  Vi vi("one\ntwo");
  vi.Type("k");
  EXPECT_EQ(vi.outcome, LineEditor::Outcome::kEdge);
  vi.Type("j");
  EXPECT_EQ(vi.outcome, LineEditor::Outcome::kMoved);
  vi.Type("j");
  EXPECT_EQ(vi.outcome, LineEditor::Outcome::kEdge);
}

TEST(VimKeysTest, EnterSendsInBothModes) {
  Vi vi("one");
  const Key enter{.kind = Key::Kind::kEnter, .text = ""};
  EXPECT_EQ(vi.Press(enter), LineEditor::Outcome::kSend);
  vi.Type("i");
  EXPECT_EQ(vi.Press(enter), LineEditor::Outcome::kSend);
}

TEST(VimKeysTest, OldChangesAreForgotten) {
  Vi vi(std::string(kVimUndoMax + 1, 'a'));
  for (size_t i = 0; i <= kVimUndoMax; ++i) vi.Type("x");
  EXPECT_EQ(vi.Look(), "|");
  for (size_t i = 0; i <= kVimUndoMax; ++i) vi.Type("u");
  EXPECT_EQ(vi.Look().size(), kVimUndoMax + 1);  // with the cursor
}

TEST(VimKeysTest, ALargeCountIsBounded) {
  Vi vi("a");
  vi.Type("yl99999999999999999999p");
  EXPECT_EQ(vi.Look().size(), 1 + kVimCountMax + 1);
}

}  // namespace
}  // namespace cofferdam::agent
