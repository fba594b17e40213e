#include "agent/terminal/terminal_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "agent/terminal/styled_text.h"

namespace cofferdam::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class TerminalPageTest : public testing::Test {
 protected:
  TerminalPageTest() { page_.set_columns(40); }

  static std::vector<std::string> Texts(const std::vector<StyledLine>& rows) {
    std::vector<std::string> texts;
    for (const StyledLine& row : rows) texts.push_back(PlainText(row));
    return texts;
  }
  std::vector<std::string> Finished() { return Texts(page_.TakeFinished()); }
  std::vector<std::string> Live() { return Texts(page_.Live(20, false)); }

  TerminalOptions options_;
  FixedClock clock_{0};
  TerminalPage page_{options_, clock_};
};

TEST_F(TerminalPageTest, AThoughtIsFoldedToALineOnceItIsOver) {
  page_.Show(HeardThinking{"Look first.\nThen "});
  clock_.Advance(3'000'000);
  page_.Show(HeardThinking{"mend."});
  EXPECT_THAT(Live(), ElementsAre("  Look first.", "  Then mend."));
  EXPECT_THAT(Finished(), IsEmpty());
  page_.Show(HeardText{"Mended."});
  page_.Show(HeardAnswerEnd{});
  EXPECT_THAT(Live(), IsEmpty());
  EXPECT_THAT(Finished(),
              ElementsAre("  thought for 3 s: Look first.", "", "Mended."));
}

TEST_F(TerminalPageTest, OfALongThoughtItsLastRowsAreSeenWhileItGoesOn) {
  for (int i = 0; i < 1000; ++i) {
    page_.Show(HeardThinking{"line " + std::to_string(i) + "\n"});
  }
  EXPECT_THAT(Live(), ElementsAre("  line 997", "  line 998", "  line 999"));
}

TEST_F(TerminalPageTest, AThoughtIsShownWholeWhereThatIsAskedFor) {
  page_.set_thinking(SessionPage::Thinking::kWhole);
  page_.Show(HeardThinking{"Look\nfirst, "});
  EXPECT_THAT(Finished(), ElementsAre("  Look"));
  EXPECT_THAT(Live(), ElementsAre("  first,"));
  page_.Show(HeardThinking{"then mend."});
  page_.Show(HeardText{"Mended."});
  page_.Show(HeardAnswerEnd{});
  EXPECT_THAT(Finished(), ElementsAre("  first, then mend.", "", "Mended."));
}

TEST_F(TerminalPageTest, TheLastThoughtIsShownWhenAllAreToBe) {
  page_.Show(HeardThinking{"Look first.\nThen mend."});
  page_.Show(HeardText{"Mended."});
  page_.Show(HeardAnswerEnd{});
  Finished();
  page_.set_thinking(SessionPage::Thinking::kWhole);
  EXPECT_THAT(Finished(), ElementsAre("", "  Look first.", "  Then mend."));
}

TEST_F(TerminalPageTest, ThoughtsOfBlanksLeaveNoTrace) {
  page_.Show(HeardThinking{"\n \n"});
  page_.Show(HeardText{"Mended."});
  page_.Show(HeardAnswerEnd{});
  EXPECT_THAT(Finished(), ElementsAre("Mended."));
}

}  // namespace
}  // namespace cofferdam::agent
