#include "agent/terminal/markdown_stream.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "agent/terminal/markdown.h"

namespace cofferdam::agent {
namespace {

using Texts = std::vector<std::string>;

Texts Plain(const std::vector<StyledLine>& rows) {
  Texts texts;
  for (const StyledLine& row : rows) texts.push_back(PlainText(row));
  return texts;
}

std::vector<StyledLine> Whole(std::string_view text, int columns) {
  MarkdownStream stream(columns);
  stream.Append(text);
  stream.Finish();
  return stream.TakeRows();
}

constexpr std::string_view kPage = R"(# Title

A paragraph with **bold**, *slanted* and `code`, which
goes on in a second line. A [link](https://example.com/a).
***
1. one
2. two
   - inner
   - inner two

   a second paragraph
3. three

- [ ] open
- [x] done
lazy words

```python
def f(x):  # comment
    return "text" + str(42)
```
~~~
plain | code
~~~
| a | b |
|---|--:|
| 1 | two |
| long words here | 3 |

> quoted
> more

Setext
------
last <b>words</b> &amp; 日本語 🎉
)";

TEST(MarkdownStream, LaysAPageOut) {
  EXPECT_EQ(Plain(Whole(kPage, 40)),
            (Texts{"Title",
                   "",
                   "A paragraph with bold, slanted and code,",
                   "which goes on in a second line. A link",
                   "(https://example.com/a).",
                   "────────────────────────────────────────",
                   "1. one",
                   "2. two",
                   "",
                   "   • inner",
                   "   • inner two",
                   "",
                   "   a second paragraph",
                   "3. three",
                   "",
                   "☐ open",
                   "☑ done lazy words",
                   "",
                   "  def f(x):  # comment",
                   "      return \"text\" + str(42)",
                   "",
                   "  plain | code",
                   "",
                   "a               │   b",
                   "────────────────┼────",
                   "1               │ two",
                   "long words here │   3",
                   "",
                   "▏ quoted more",
                   "",
                   "Setext",
                   "",
                   "last <b>words</b> & 日本語 🎉"}));
}

TEST(MarkdownStream, StylesSayWhatPlainTextDoesNot) {
  const auto rows = Whole("# Head\n**bold** *it* `code` ~~no~~", 40);
  EXPECT_TRUE(rows[0][0].style.bold && rows[0][0].style.underline);
  const StyledLine& line = rows[1];
  EXPECT_TRUE(line[0].style.bold);
  EXPECT_TRUE(line[2].style.italic);
  EXPECT_EQ(line[4].style.colour, Colour::kCyan);
  EXPECT_TRUE(line[6].style.strike);
}

TEST(MarkdownStream, CodeIsColoured) {
  const auto rows = Whole("```c\nint x = 42; // why\n```\n", 40);
  bool comment = false, number = false;
  for (const StyledSpan& span : rows[0]) {
    comment = comment || (span.text == "// why" && span.style.dim);
    number =
        number || (span.text == "42" && span.style.colour == Colour::kCyan);
  }
  EXPECT_TRUE(comment && number) << testing::PrintToString(Plain(rows));
}

// The same page, cut anywhere, has the same rows, and what was finished never
// changes.
TEST(MarkdownStream, TheRowsHangOnTheTextAlone) {
  std::mt19937 random(5);
  for (int round = 0; round < 300; ++round) {
    const int columns = 20 + static_cast<int>(random() % 60);
    MarkdownStream stream(columns);
    std::vector<StyledLine> rows;
    for (size_t at = 0; at < kPage.size();) {
      const size_t size = 1 + random() % (round % 2 == 0 ? 3 : 80);
      stream.Append(kPage.substr(at, size));
      at += size;
      for (StyledLine& row : stream.TakeRows()) rows.push_back(std::move(row));
      EXPECT_LE(stream.Tail(6).size(), 6u);
    }
    stream.Finish();
    for (StyledLine& row : stream.TakeRows()) rows.push_back(std::move(row));
    ASSERT_EQ(rows, Whole(kPage, columns));
  }
}

// Lines of Markdown put together at random.
TEST(MarkdownStream, AnyTextIsSomeMarkdownInAnyPieces) {
  const Texts lines = {"# h",       "text",     "**bold",        "- item",
                       "  - inner", "1. one",   "7) seven",      "```",
                       "```cc",     "    code", "| a | b |",     "|---|---|",
                       "> quote",   "---",      "===",           "",
                       "",          "***",      "`open",         "   deep",
                       "* star",    "<div>",    "[a]: http://x", "\ttab",
                       "~~~",       "[x](y)",   "![i](u)"};
  std::mt19937 random(9);
  for (int round = 0; round < 1000; ++round) {
    std::string text;
    for (auto n = random() % 25; n > 0; --n) {
      text += lines[random() % lines.size()] + "\n";
    }
    const auto whole = Whole(text, 30);
    for (const StyledLine& row : whole) ASSERT_LE(WidthOf(row), 30) << text;
    MarkdownStream stream(30);
    std::vector<StyledLine> rows;
    for (size_t at = 0; at < text.size();) {
      const size_t size = 1 + random() % 7;
      stream.Append(std::string_view(text).substr(at, size));
      at += size;
      for (StyledLine& row : stream.TakeRows()) rows.push_back(std::move(row));
      (void)stream.Tail(5);
    }
    stream.Finish();
    for (StyledLine& row : stream.TakeRows()) rows.push_back(std::move(row));
    ASSERT_EQ(rows, whole) << text;
  }
}

// Splitting changes nothing that a reader of the whole would see, where the
// text has no lists and references.
TEST(MarkdownStream, SplittingDoesNotChangeTheMeaning) {
  const Texts lines = {"# h",      "text of a line",
                       "**bold**", "```cc\nint x;\n```",
                       "> quote",  "",
                       "",         "***",
                       "a `b` c",  "## two ##"};
  std::mt19937 random(3);
  const auto without_blanks = [](const std::vector<StyledLine>& rows) {
    Texts texts;
    for (const StyledLine& row : rows) {
      if (!row.empty()) texts.push_back(PlainText(row));
    }
    return texts;
  };
  for (int round = 0; round < 1000; ++round) {
    std::string text;
    for (auto n = random() % 12; n > 0; --n) {
      text += lines[random() % lines.size()] + "\n";
    }
    EXPECT_EQ(without_blanks(Whole(text, 40)),
              without_blanks(
                  RenderMarkdown(text, {.columns = 40, .first_number = {}})))
        << text;
  }
}

TEST(MarkdownStream, NumbersGoOnThroughAList) {
  EXPECT_EQ(Plain(Whole("3. a\n3. b\n\ntext\n\n1. c\n", 30)),
            (Texts{"3. a", "4. b", "", "text", "", "1. c"}));
}

TEST(MarkdownStream, AnUnfinishedTableIsShownAsItIsWritten) {
  MarkdownStream stream(30);
  stream.Append("| a | b |\n|---|---|\n| 1 | 2");
  EXPECT_EQ(Plain(stream.Tail(9)),
            (Texts{"| a | b |", "|---|---|", "| 1 | 2"}));
  stream.Append(" |\n\n");
  EXPECT_EQ(Plain(stream.TakeRows()), (Texts{"a │ b", "──┼──", "1 │ 2"}));
  EXPECT_TRUE(stream.Tail(9).empty());
}

TEST(MarkdownStream, LongLinesAndBlocksAreCutAtTheirLimits) {
  for (const size_t more : {size_t{0}, size_t{1}}) {
    MarkdownStream stream(100);
    stream.Append("```\n" + std::string(kMarkdownLineBytesMax + more, 'x'));
    EXPECT_EQ(stream.TakeRows().empty(), more == 0);
  }
  MarkdownStream stream(100);
  const std::string line = std::string(99, 'w') + "\n";
  size_t fed = 0;
  while (stream.TakeRows().empty()) {
    stream.Append(line);
    fed += line.size();
    ASSERT_LE(fed, kMarkdownBlockBytesMax + 2 * line.size());
  }
  EXPECT_GT(fed, kMarkdownBlockBytesMax);
}

}  // namespace
}  // namespace cofferdam::agent
