#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace cofferdam::scan {

// How far a scan is.
struct ProgressCounts {
  uint64_t bytes_done = 0;
  uint64_t bytes_total = 0;  // 0: not known
  uint64_t records = 0;
  uint64_t findings = 0;
};

// One line at the foot of a terminal that is drawn over: share, bar, bytes,
// rate, time left, records, findings; on a narrow one the first, the rate and
// the time left stay longest. Not for several threads.
class Progress {
 public:
  // Nothing is drawn before so long, which leaves short scans alone, and then
  // not more often than this.
  static constexpr int64_t kFirstAfterMs = 500;
  static constexpr int64_t kEveryMs = 100;
  // The rate is that of the last so many milliseconds.
  static constexpr int64_t kRateOverMs = 10'000;

  // `write` takes what goes to the terminal; `width` says how many columns it
  // has, and is asked each time that something is drawn.
  Progress(std::function<void(std::string_view)> write, const Clock& clock,
           std::function<size_t()> width);

  // Draws it if it is time to.
  void Show(const ProgressCounts& counts);
  // Takes the line away, for something else to be written; it comes back with
  // the next Show that draws.
  void Clear();

 private:
  struct Mark {
    int64_t micros = 0;
    uint64_t bytes = 0;
  };
  std::string Line(const ProgressCounts& counts, size_t columns_max) const;

  std::function<void(std::string_view)> write_;
  const Clock& clock_;
  std::function<size_t()> width_;
  int64_t started_micros_;
  int64_t drawn_micros_ = 0;
  bool on_screen_ = false;
  std::deque<Mark> marks_;
};

}  // namespace cofferdam::scan
