#include "agent/terminal/line_editor.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "agent/terminal/text_width.h"

namespace cofferdam::agent {
namespace {

using Kind = Key::Kind;
using Outcome = LineEditor::Outcome;

// Presses what a terminal would send for `bytes`.
Outcome Type(LineEditor& editor, std::string_view bytes) {
  KeyReader reader;
  std::vector<Key> keys;
  reader.Feed(bytes, &keys);
  reader.Flush(&keys);
  Outcome last = Outcome::kUnused;
  for (const Key& key : keys) last = editor.Press(key);
  return last;
}

TEST(LineEditor, EditsWithinTheLine) {
  LineEditor editor;
  Type(editor, "hello world\x01say \x05!");
  EXPECT_EQ(editor.text(), "say hello world!");
  Type(editor, "\x1b[D\x1b[D\x7f");
  EXPECT_EQ(editor.text(), "say hello word!");
  Type(editor, "\x1b[H\x1b[3~");
  EXPECT_EQ(editor.text(), "ay hello word!");
}

TEST(LineEditor, MovesByWordsAndKillsAndYanks) {
  LineEditor editor;
  Type(editor,
       "one two three\x1b"
       "b\x1b"
       "b\x0b");
  EXPECT_EQ(editor.text(), "one ");
  Type(editor, "\x01\x19\x05");
  EXPECT_EQ(editor.text(), "two threeone ");
  Type(editor, "\x17");
  EXPECT_EQ(editor.text(), "two ");
  Type(editor, "\x15");
  EXPECT_EQ(editor.text(), "");
}

TEST(LineEditor, TakesWholeCharactersAway) {
  LineEditor editor;
  Type(editor, "a👩‍👩‍👧é\x7f\x7f");
  EXPECT_EQ(editor.text(), "a");
}

TEST(LineEditor, EnterSendsUnlessABackslashAsksForMore) {
  LineEditor editor;
  EXPECT_EQ(Type(editor, "first\\\r"), Outcome::kEdited);
  EXPECT_EQ(Type(editor, "second\nthird\x1b\rfourth"), Outcome::kEdited);
  EXPECT_EQ(Type(editor, "\r"), Outcome::kSend);
  EXPECT_EQ(editor.Take(), "first\nsecond\nthird\nfourth");
  EXPECT_TRUE(editor.empty());
}

TEST(LineEditor, UpAndDownKeepTheColumnAndReportTheEdges) {
  LineEditor editor;
  Type(editor, "long first line\nab\nlong third line");
  EXPECT_EQ(Type(editor, "\x1b[A"), Outcome::kMoved);
  EXPECT_EQ(editor.cursor(), std::string("long first line\nab").size());
  EXPECT_EQ(Type(editor, "\x1b[A"), Outcome::kMoved);
  EXPECT_EQ(editor.cursor(), std::string("long first line").size());
  EXPECT_EQ(Type(editor, "\x1b[A"), Outcome::kEdge);
  EXPECT_EQ(Type(editor, "\x1b[B\x1b[B"), Outcome::kMoved);
  EXPECT_EQ(editor.cursor(), editor.text().size());
  EXPECT_EQ(Type(editor, "\x1b[B"), Outcome::kEdge);
}

TEST(LineEditor, APasteGoesInAsItIsWithoutControlCharacters) {
  LineEditor editor;
  Type(editor, "\x1b[200~a\rb\x07\tc\x1b[201~");
  EXPECT_EQ(editor.text(), "a\nb\tc");
}

TEST(LineEditor, TakesInNoMoreThanItsLimit) {
  LineEditor editor;
  editor.SetText(std::string(kPromptBytesMax - 1, 'x'));
  Type(editor, "y");
  EXPECT_EQ(editor.text().size(), kPromptBytesMax);
  Type(editor, "z");
  EXPECT_EQ(editor.text().size(), kPromptBytesMax);
  EXPECT_EQ(editor.text().back(), 'y');
}

TEST(LineEditor, CtrlDErasesButIsForOthersWhenThereIsNothing) {
  LineEditor editor;
  EXPECT_EQ(Type(editor, "\x04"), Outcome::kUnused);
  Type(editor, "ab\x01\x04");
  EXPECT_EQ(editor.text(), "b");
}

TEST(LineEditor, TheCursorIsAlwaysBetweenWholeCharacters) {
  const std::vector<std::string> keys = {"a",
                                         "日",
                                         "👩‍👩‍👧",
                                         "é",
                                         " ",
                                         "\n",
                                         "\x1b[A",
                                         "\x1b[B",
                                         "\x1b[C",
                                         "\x1b[D",
                                         "\x7f",
                                         "\x1b[3~",
                                         "\x1b"
                                         "b",
                                         "\x1b"
                                         "f",
                                         "\x0b",
                                         "\x19",
                                         "\x17",
                                         "\x01",
                                         "\x05"};
  std::mt19937 random(11);
  LineEditor editor;
  for (int i = 0; i < 20000; ++i) {
    Type(editor, keys[random() % keys.size()]);
    ASSERT_LE(editor.cursor(), editor.text().size());
    size_t at = 0;
    while (at < editor.cursor()) {
      at += FirstCluster(std::string_view(editor.text()).substr(at)).bytes;
    }
    ASSERT_EQ(at, editor.cursor()) << editor.text();
    if (editor.text().size() > 400) editor.Take();
  }
}

TEST(ViewEditor, WrapsAndPlacesTheCursor) {
  LineEditor editor;
  Type(editor, "abcdef日本\nxy");
  const StyledLine mark = MakeLine("> ");
  EditorView view = ViewEditor(editor, mark, 7, 10);
  ASSERT_EQ(view.rows.size(), 3u);
  EXPECT_EQ(PlainText(view.rows[0]), "> abcde");
  EXPECT_EQ(PlainText(view.rows[1]), "  f日本");
  EXPECT_EQ(PlainText(view.rows[2]), "  xy");
  EXPECT_EQ(view.cursor_row, 2u);
  EXPECT_EQ(view.cursor_column, 4);
}

TEST(ViewEditor, ShowsTheRowsAroundTheCursor) {
  LineEditor editor;
  std::string text;
  for (int i = 0; i < 100; ++i) text += "line " + std::to_string(i) + "\n";
  editor.SetText(text + "end");
  EditorView view = ViewEditor(editor, MakeLine("> "), 40, 5);
  ASSERT_EQ(view.rows.size(), 6u);  // and one that says what is left out
  EXPECT_EQ(PlainText(view.rows[4]), "  end");
  EXPECT_EQ(view.cursor_row, 4u);
  EXPECT_NE(PlainText(view.rows[5]).find("101 lines"), std::string::npos);
}

}  // namespace
}  // namespace cofferdam::agent
