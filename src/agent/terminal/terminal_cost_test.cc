#include <gtest/gtest.h>

#include <string>

#include "agent/terminal/live_screen.h"
#include "agent/terminal/screen_testing.h"
#include "agent/terminal/terminal_page.h"
#include "agent/terminal/terminal_session.h"
#include "base/clock.h"

namespace cofferdam::agent {
namespace {

// Markdown as models write it: prose, lists, code, a table.
std::string LongAnswer(size_t bytes) {
  constexpr std::string_view kPart = R"(## Reading the configuration

The parser reads **one file** and returns a `Result<Config>`. It is *strict*:
unknown keys are errors with line and column, so that a typo never passes.

1. The reader moved into `src/config/reader.cc`, which is small now.
2. Tests came along:
   - golden files
   - a property test

```cpp
Result<Config> Read(const std::string& path) {
  const int limit = 42;  // bytes
  return Parse("text", limit);
}
```

| column | meaning            | default |
|:-------|:-------------------|--------:|
| `name` | what it is called  |    none |
| size   | how many bytes     |   65536 |

> A quote that goes on for a while, so that it has to be wrapped.

)";
  std::string text;
  while (text.size() < bytes) text += kPart;
  return text.substr(0, bytes);
}

// 5 kB in 1,321 pieces at 100 a second: what goes to the terminal is at most
// three times what the model said, and all of it stands there in the end.
TEST(TerminalCost, AStreamSendsAtMostThreeTimesItsBytes) {
  constexpr size_t kBytes = 5052, kPieces = 1321;
  constexpr int64_t kPieceMicros = 10'000;
  const std::string answer = LongAnswer(kBytes);
  TerminalOptions options;
  FixedClock clock(0);
  TerminalPage page(options, clock);
  page.set_columns(119);
  LiveScreen screen(120, 40, Colours::kSixteen);
  ScreenModel model(120, 40);
  page.ShowPrompt("a question");
  page.StartClock();
  size_t sent = 0;
  const auto paint = [&](bool busy) {
    LiveView view;
    view.rows = page.Live(30, busy);
    view.rows.emplace_back();
    view.rows.push_back(MakeLine("› "));
    view.cursor_row = view.rows.size() - 1;
    view.cursor_column = 2;
    view.rows.push_back(
        MakeLine("  ask · qwen3-coder · 12.4k of 131k (9 %)", kDimStyle));
    std::string bytes;
    screen.Show(page.TakeFinished(), view, &bytes);
    model.Feed(bytes);
    sent += bytes.size();
  };
  size_t at = 0;
  int64_t painted = 0;
  for (size_t piece = 1; piece <= kPieces; ++piece) {
    const size_t end = kBytes * piece / kPieces;
    page.Show(HeardText{answer.substr(at, end - at)});
    at = end;
    clock.Advance(kPieceMicros);
    if (clock.SteadyMicros() - painted >= kPaintIntervalMicros) {
      painted = clock.SteadyMicros();
      paint(true);
    }
  }
  page.Show(HeardAnswerEnd{});
  page.Rest();
  paint(false);
  EXPECT_LE(sent, 3 * kBytes);
  RecordProperty("bytes", static_cast<int>(sent));

  MarkdownStream whole(119);
  whole.Append(answer);
  whole.Finish();
  std::vector<std::string> expected = {"› a question", ""};
  for (const StyledLine& row : whole.TakeRows()) {
    expected.push_back(PlainText(row));
  }
  auto all = model.All();
  ASSERT_GE(all.size(), expected.size());
  all.resize(expected.size());  // the prompt stands below
  EXPECT_EQ(all, expected);
  EXPECT_EQ(model.unknown(), 0);
}

}  // namespace
}  // namespace cofferdam::agent
