#include "agent/terminal/live_screen.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "agent/terminal/screen_testing.h"

namespace cofferdam::agent {
namespace {

LiveView View(const std::vector<std::string>& rows) {
  LiveView view;
  for (const std::string& row : rows) view.rows.push_back(MakeLine(row));
  view.cursor_row = rows.size() - 1;
  view.cursor_column = WidthOf(view.rows.back());
  return view;
}

std::vector<StyledLine> Lines(const std::vector<std::string>& rows) {
  std::vector<StyledLine> lines;
  for (const std::string& row : rows) lines.push_back(MakeLine(row));
  return lines;
}

using Texts = std::vector<std::string>;

TEST(LiveScreen, FinishedRowsStandAboveTheLiveOnes) {
  ScreenModel model(20, 6);
  LiveScreen screen(20, 6, Colours::kNone);
  std::string out;
  screen.Show({}, View({"> "}), &out);
  screen.Show(Lines({"one", "two"}), View({"tail", "> a"}), &out);
  screen.Show(Lines({"tail and more"}), View({"> ab"}), &out);
  model.Feed(out);
  EXPECT_EQ(model.All(), (Texts{"one", "two", "tail and more", "> ab"}));
  EXPECT_EQ(model.cursor_row(), 3);
  EXPECT_EQ(model.cursor_column(), 4);
}

TEST(LiveScreen, ARowThatGrowsSendsItsEndOnly) {
  LiveScreen screen(80, 24, Colours::kNone);
  std::string out;
  const std::string before(70, 'x');
  screen.Show({}, View({before, "", "> "}), &out);
  out.clear();
  screen.Show({}, View({before + "yz", "", "> "}), &out);
  EXPECT_LT(out.size(), 24u) << testing::PrintToString(out);
  out.clear();
  screen.Show({}, View({before + "yz", "", "> "}), &out);
  EXPECT_EQ(out, "");
}

TEST(LiveScreen, ANewRowMovesTheRestWithoutWritingItAgain) {
  LiveScreen screen(80, 24, Colours::kNone);
  std::string out;
  const std::string status(60, 's');
  screen.Show({}, View({"first", "", "> ", status}), &out);
  out.clear();
  screen.Show(Lines({"first"}), View({"second", "", "> ", status}), &out);
  EXPECT_EQ(out.find("sss"), std::string::npos);
  EXPECT_LT(out.size(), 60u) << testing::PrintToString(out);
}

TEST(LiveScreen, LeavingTakesTheLiveRowsAway) {
  ScreenModel model(20, 6);
  LiveScreen screen(20, 6, Colours::kNone);
  std::string out;
  screen.Show(Lines({"kept"}), View({"", "> text", "status"}), &out);
  screen.Leave(&out);
  model.Feed(out + "shell$ ");
  EXPECT_EQ(model.All(), (Texts{"kept", "shell$"}));
}

// Any sequence of pictures leaves the screen as if each had been drawn anew:
// all finished rows in order, then the live ones, the cursor where it belongs.
TEST(LiveScreen, WhatIsSeenHangsOnTheLastPictureOnly) {
  std::mt19937 random(23);
  const Texts words = {
      "",         "a",       "status line", "日本語",
      "> prompt", "working", "│ x",         "longer text that grows and grows"};
  for (int round = 0; round < 300; ++round) {
    const int rows = 4 + static_cast<int>(random() % 8);
    const int columns = 36 + static_cast<int>(random() % 10);
    ScreenModel model(columns, rows);
    LiveScreen screen(columns, rows, Colours::kSixteen);
    Texts all;
    Texts live = {"> "};
    for (int step = 0; step < 40; ++step) {
      Texts finished;
      for (auto n = random() % 4; n > 0; --n) {
        finished.push_back(words[random() % words.size()] + "!");
      }
      if (random() % 10 == 0) {  // more than the screen holds
        for (int n = 0; n < 30; ++n) finished.push_back(std::to_string(n));
      }
      // Mostly a small change of what was there.
      if (random() % 3 == 0 && live.size() + 1 < static_cast<size_t>(rows)) {
        live.insert(
            live.begin() + static_cast<ptrdiff_t>(random() % (live.size() + 1)),
            words[random() % words.size()]);
      } else if (random() % 3 == 0 && live.size() > 1) {
        live.erase(live.begin() +
                   static_cast<ptrdiff_t>(random() % live.size()));
      } else {
        std::string& row = live[random() % live.size()];
        if (row.size() < 30) row += "x";
      }
      LiveView view;
      for (const std::string& row : live) {
        StyledLine line;
        AppendText(row.substr(0, row.size() / 2 & ~size_t{3}), kBoldStyle,
                   &line);
        AppendText(row.substr(row.size() / 2 & ~size_t{3}), kDimStyle, &line);
        if (row.find("日") != row.npos) line = MakeLine(row);
        view.rows.push_back(line);
      }
      view.cursor_row = random() % live.size();
      view.cursor_column = static_cast<int>(random() % 20);
      std::string out;
      screen.Show(Lines(finished), view, &out);
      model.Feed(out);
      all.insert(all.end(), finished.begin(), finished.end());
      Texts expected = all;
      for (const StyledLine& row : view.rows) {
        expected.push_back(PlainText(row));
      }
      for (std::string& row : expected) {
        row.erase(row.find_last_not_of(' ') + 1);
      }
      const size_t cursor = all.size() + view.cursor_row;
      const size_t total = expected.size();
      while (!expected.empty() && expected.back().empty()) expected.pop_back();
      ASSERT_EQ(model.All(), expected) << "round " << round << " " << step;
      const size_t top = total > static_cast<size_t>(rows)
                             ? total - static_cast<size_t>(rows)
                             : 0;
      // Rows that were taken away leave the screen higher than its bottom.
      ASSERT_LE(cursor - top, static_cast<size_t>(rows));
      ASSERT_EQ(model.cursor_column(), view.cursor_column);
      ASSERT_EQ(model.unknown(), 0);
    }
  }
}

TEST(LiveScreen, AfterAResizeTheLiveRowsStandOnce) {
  ScreenModel model(40, 10);
  LiveScreen screen(40, 10, Colours::kNone);
  std::string out;
  const auto show = [&](const std::vector<StyledLine>& finished) {
    screen.Show(finished, View({"", "> hi", "status"}), &out);
    model.Feed(out);
    out.clear();
  };
  show(Lines({"one", "two"}));
  for (const auto& [columns, rows] :
       {std::pair{30, 10}, {30, 5}, {60, 12}, {20, 4}}) {
    model.Resize(columns, rows);
    screen.Resize(columns, rows, &out);
    show({});
    EXPECT_EQ(model.All(), (Texts{"one", "two", "", "> hi", "status"}));
  }
}

}  // namespace
}  // namespace cofferdam::agent
