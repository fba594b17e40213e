#include "agent/turn/loop_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/hash.h"

namespace cofferdam::agent {
namespace {

uint64_t KeyOf(std::string_view first, std::string_view second) {
  return Hash64(second, Hash64(first));
}

std::string WayOut(std::string_view way_out) {
  return way_out.empty() ? std::string() : fmt::format(" {}", way_out);
}

}  // namespace

void LoopWatch::BeginTurn() {
  for (Call& call : calls_) call.this_turn = false;
  refused_ = 0;
  texts_ = 0;
  failures_in_a_row_.clear();
  stop_.clear();
}

int LoopWatch::Repeats(size_t period) const {
  size_t count = calls_.size();
  size_t same = 0;
  while (same + period < count &&
         calls_[count - 1 - same].result ==
             calls_[count - 1 - same - period].result) {
    ++same;
  }
  return static_cast<int>(same / period) + (count == 0 ? 0 : 1);
}

LoopWatch::Cycle LoopWatch::MostRepeated() const {
  Cycle most;
  for (size_t period = 1; period <= kPeriodMax && period <= calls_.size();
       ++period) {
    int repeats = Repeats(period);
    if (repeats > most.repeats) most = {period, repeats};
  }
  return most;
}

int LoopWatch::TimesThisTurn(uint64_t call) const {
  return static_cast<int>(std::count_if(
      calls_.begin(), calls_.end(),
      [call](const Call& ran) { return ran.this_turn && ran.call == call; }));
}

std::string LoopWatch::Refuse(std::string_view tool,
                              std::string_view arguments) {
  uint64_t call = KeyOf(tool, arguments);
  if (TimesThisTurn(call) == 0) return {};
  Cycle cycle = MostRepeated();
  if (cycle.repeats < kRefuseAt - 1) return {};
  bool in_cycle = false;
  for (size_t back = 1; back <= cycle.period; ++back) {
    in_cycle |= calls_[calls_.size() - back].call == call;
  }
  if (!in_cycle) return {};
  ++refused_;
  int times = cycle.repeats + refused_;
  if (times >= kStopAt) {
    stop_ =
        cycle.period == 1
            ? fmt::format("the same call of {} was made {} times", tool, times)
            : fmt::format(
                  "the same {} calls were made in turn again and "
                  "again, the last one of {}",
                  cycle.period, tool);
  }
  return fmt::format(
      "Not run: this call has brought the same result {} times and would bring "
      "it again. Do something else: look at what the results say, try another "
      "tool or other arguments, or tell the user what stands in the way.",
      cycle.repeats);
}

std::string LoopWatch::AfterFailure(const Ran& ran) {
  int same = ++failures_[KeyOf(ran.tool, ran.result)];
  int in_a_row = ++failures_in_a_row_[Hash64(ran.tool)];
  if (same >= kStopAt) {
    stop_ = fmt::format("{} failed {} times in the same way", ran.tool, same);
  } else if (in_a_row >= kFailuresInARowMax) {
    stop_ = fmt::format("{} failed {} times in a row", ran.tool, in_a_row);
  }
  if (same >= kTellAt) {
    return fmt::format(
        "[{} has now failed {} times in the same way. Do not try this again; "
        "take another way.{}]",
        ran.tool, same, WayOut(ran.way_out));
  }
  if (in_a_row >= kTellAt) {
    return fmt::format("[{} has now failed {} times in a row.{}]", ran.tool,
                       in_a_row, WayOut(ran.way_out));
  }
  return {};
}

std::string LoopWatch::After(const Ran& ran) {
  uint64_t call = KeyOf(ran.tool, ran.arguments);
  uint64_t result = Hash64(ran.result, call);
  bool is_new = std::none_of(
      calls_.begin(), calls_.end(),
      [result](const Call& before) { return before.result == result; });
  calls_.push_back({call, result, true});
  if (calls_.size() > kCallsKept) calls_.pop_front();
  refused_ = 0;
  if (ran.failed) {
    std::string words = AfterFailure(ran);
    if (!words.empty()) return words;
  } else {
    failures_in_a_row_.erase(Hash64(ran.tool));
    progress_ |= is_new;
    if (ran.changed_files) failures_.clear();
  }
  Cycle cycle = MostRepeated();
  if (cycle.repeats < kTellAt || TimesThisTurn(call) < 2) return {};
  if (cycle.period == 1) {
    return fmt::format(
        "[This is the same call with the same result, {} times now. It "
        "will not be run again. Use what it says, or do something else.{}]",
        cycle.repeats, WayOut(ran.way_out));
  }
  return fmt::format(
      "[The last {} calls have come {} times in turn with the same results. "
      "They will not be run again. Do something else.{}]",
      cycle.period, cycle.repeats, WayOut(ran.way_out));
}

std::string LoopWatch::AfterText(std::string_view text) {
  bool progress = std::exchange(progress_, false);
  if (text.size() < kTextBytesMin) return {};
  uint64_t hash = Hash64(text);
  texts_ = hash == last_text_ && !progress ? texts_ + 1 : 1;
  last_text_ = hash;
  if (texts_ >= kStopAt) {
    stop_ = fmt::format("the same words came {} times", texts_);
  }
  if (texts_ < kTellAt) return {};
  return fmt::format(
      "[You have said the same {} times and nothing new came of it. Do "
      "something else, or say what stands in the way.]",
      texts_);
}

int LoopWatch::FailuresInARow(std::string_view tool) const {
  auto entry = failures_in_a_row_.find(Hash64(tool));
  return entry == failures_in_a_row_.end() ? 0 : entry->second;
}

bool RunsAway(std::string_view text) {
  if (text.size() < kRunawayBytes) return false;
  std::string_view tail = text.substr(text.size() - kRunawayBytes);
  // The shortest period of the tail, by its longest border (Knuth, Morris and
  // Pratt 1977).
  std::vector<uint32_t> border(tail.size(), 0);
  uint32_t length = 0;
  for (size_t i = 1; i < tail.size(); ++i) {
    while (length > 0 && tail[i] != tail[length]) length = border[length - 1];
    if (tail[i] == tail[length]) ++length;
    border[i] = length;
  }
  return tail.size() - border.back() <= kRunawayPeriodMax;
}

}  // namespace cofferdam::agent
