#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/terminal/call_view.h"
#include "agent/terminal/markdown_stream.h"
#include "agent/terminal/session_page.h"
#include "agent/terminal/terminal.h"
#include "base/clock.h"

namespace cofferdam::agent {

// Rows of a change that are shown unasked; v shows the rest of one that waits
// for an answer, /diff all of one that is done.
inline constexpr size_t kShownDiffRowsMax = 40;
// Rows of a running command's output that are shown at once, of its output
// when it has ended, and of a command that the user ran.
inline constexpr size_t kRunningRowsMax = 5;
inline constexpr size_t kOutputRowsMax = 5;
inline constexpr size_t kOwnOutputRowsMax = 200;
// Rows of an answer's unfinished block, and of what is being thought.
inline constexpr size_t kTailRowsMax = 12;
inline constexpr size_t kThoughtRowsMax = 3;
// Of one thought: what is kept of it, its end.
inline constexpr size_t kThoughtBytesMax = size_t{64} << 10;

// What a session shows on a terminal: finished rows, and those above the prompt
// that still change.
class TerminalPage : public SessionPage {
 public:
  TerminalPage(const TerminalOptions& options, const Clock& clock)
      : options_(options), clock_(clock) {}

  void Print(const StyledLine& line) override;
  void PrintChange(const FileChange& change) override;
  void PrintMarkdown(std::string_view text) override;
  void ShowPrompt(const std::string& text) override;
  void Show(const Heard& heard) override;
  void Ask(const ShownCall& call) override;
  void Rest() override;
  void set_thinking(Thinking thinking) override;

  // From now on; finished rows stay as they are.
  void set_columns(int columns);
  int columns() const { return columns_; }

  // Rows that were finished since the last call.
  std::vector<StyledLine> TakeFinished();
  // What is going on, at most `rows_max` rows: the tail of the answer, calls
  // that run, how long it has taken.
  std::vector<StyledLine> Live(size_t rows_max, bool busy) const;

  // Something runs from now on, until Rest.
  void StartClock() { begun_micros_ = clock_.SteadyMicros(); }

  // The question that waits, if any.
  const std::optional<ShownCall>& question() const { return question_; }
  std::vector<StyledLine> QuestionRows() const;
  // Prints what of the question's change was left out.
  void ShowRest();
  void EndQuestion();

 private:
  enum class Part { kNone, kPrompt, kThought, kText, kCall, kWords };
  struct RunningCall {
    ShownCall call;
    CallProgress progress = CallProgress::kPending;
    std::string output;
    bool previewed = false;
  };

  void Begin(Part part);
  void AddRow(StyledLine row);
  void AddLine(const StyledLine& line);
  void EndText();
  void Think(std::string_view piece);
  void EndThought();
  std::vector<StyledLine> ThoughtRows(std::string_view text) const;
  void EndCall(const HeardCallEnd& end);
  void ShowChange(const FileChange& change, std::string_view more);
  RunningCall* Find(std::string_view id);

  const TerminalOptions& options_;
  const Clock& clock_;
  int columns_ = 79;
  std::vector<StyledLine> finished_;
  bool blank_ = true;  // the last row, or there is none
  Part part_ = Part::kNone;
  std::optional<MarkdownStream> stream_;
  bool thinking_ = false;
  Thinking shown_ = Thinking::kFolded;
  std::string thought_;         // the last one
  size_t thought_shown_ = 0;    // bytes of it that are finished rows
  int64_t thought_micros_ = 0;  // when it began
  std::vector<RunningCall> calls_;
  std::optional<ShownCall> question_;
  std::vector<StyledLine> rest_;  // of the question's changes
  int64_t begun_micros_ = 0;
};

}  // namespace cofferdam::agent
