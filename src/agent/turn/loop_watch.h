#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>

namespace cofferdam::agent {

// Notices that a model does the same again and again: one call with one
// result, two to four of them in turn, one failure, one text. First it is told
// so (the watch's words are added to the result), then the call is refused,
// then the turn stops. Remembers across answers and turns; the first call of a
// new turn always runs, since the user may want it again.
class LoopWatch {
 public:
  // How often the same must have come before …
  static constexpr int kTellAt = 3;    // the model is told
  static constexpr int kRefuseAt = 4;  // the call is not run any more
  static constexpr int kStopAt = 6;    // the turn stops
  // One tool's failures, whatever they are, with nothing that worked between.
  static constexpr int kFailuresInARowMax = 20;
  // … after so many of them, a model's way of editing is changed.
  static constexpr int kOtherEditsAt = 4;
  // Calls that take turns: at most so many different ones.
  static constexpr size_t kPeriodMax = 4;
  // Calls remembered.
  static constexpr size_t kCallsKept = 64;
  // One answer of words that came before, word for word; shorter ones ("Done.")
  // do not count.
  static constexpr size_t kTextBytesMin = 24;

  void BeginTurn();

  // Before a call runs. Empty: run it. Else what the model gets instead; and
  // the call counts as made.
  std::string Refuse(std::string_view tool, std::string_view arguments);

  struct Ran {
    std::string_view tool;
    std::string_view arguments;
    std::string_view result;
    bool failed = false;
    bool changed_files = false;
    // What else the model could do instead of this tool; may be empty.
    std::string_view way_out;
  };
  // After a call ran: what is added to its result; empty: nothing.
  std::string After(const Ran& ran);
  // After an answer and its calls; what the model is told, empty: nothing. The
  // same words before calls that bring something new do not count.
  std::string AfterText(std::string_view text);

  // Failures of a tool with nothing of it that worked between, in this turn.
  int FailuresInARow(std::string_view tool) const;

  // Why the turn must stop; empty: it need not.
  const std::string& stop() const { return stop_; }

 private:
  struct Call {
    uint64_t call = 0;    // of tool and arguments
    uint64_t result = 0;  // with it
    bool this_turn = false;
  };
  // How often the last `period` calls came in a row, the last one `next`.
  int Repeats(size_t period) const;
  // The shortest stretch of calls that has come most often in a row.
  struct Cycle {
    size_t period = 1;
    int repeats = 0;
  };
  Cycle MostRepeated() const;
  int TimesThisTurn(uint64_t call) const;
  std::string AfterFailure(const Ran& ran);

  std::deque<Call> calls_;
  // Failures of one tool with one text since files last changed.
  std::map<uint64_t, int> failures_;
  std::map<uint64_t, int> failures_in_a_row_;  // by tool
  // Refused since a call ran.
  int refused_ = 0;
  // Whether a call has brought something new since the last answer.
  bool progress_ = false;
  uint64_t last_text_ = 0;
  int texts_ = 0;
  std::string stop_;
};

// Whether `text` ends in the same stretch of at most kRunawayPeriodMax bytes,
// over and over, for kRunawayBytes: a model that cannot stop.
inline constexpr size_t kRunawayBytes = 6000;
inline constexpr size_t kRunawayPeriodMax = 400;
bool RunsAway(std::string_view text);

}  // namespace cofferdam::agent
