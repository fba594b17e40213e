#include "scan/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scan/text_columns.h"

namespace cofferdam::scan {
namespace {

constexpr int64_t kMicrosPerMs = 1000;
constexpr size_t kBarCells = 20;

std::string Size(double bytes) {
  if (bytes < 1e6) return fmt::format("{:.0f} kB", bytes / 1e3);
  if (bytes < 1e9) return fmt::format("{:.0f} MB", bytes / 1e6);
  if (bytes < 1e12) return fmt::format("{:.1f} GB", bytes / 1e9);
  return fmt::format("{:.2f} TB", bytes / 1e12);
}

// "0:07", "12:30", "3:05:00".
std::string Duration(double seconds) {
  auto whole = static_cast<uint64_t>(seconds + 0.5);
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60,
                     whole % 60);
}

std::string Bar(double share) {
  auto full = static_cast<size_t>(share * static_cast<double>(kBarCells));
  std::string bar;
  for (size_t i = 0; i < kBarCells; ++i) bar += i < full ? "█" : "░";
  return bar;
}

}  // namespace

Progress::Progress(std::function<void(std::string_view)> write,
                   const Clock& clock, size_t width)
    : write_(std::move(write)),
      clock_(clock),
      width_(width),
      started_micros_(clock.SteadyMicros()) {
  marks_.push_back({started_micros_, 0});
}

std::string Progress::Line(const ProgressCounts& counts) const {
  const Mark& first = marks_.front();
  const Mark& last = marks_.back();
  double seconds = static_cast<double>(last.micros - first.micros) / 1e6;
  double rate = seconds > 0 && last.bytes >= first.bytes
                    ? static_cast<double>(last.bytes - first.bytes) / seconds
                    : 0;
  auto done = static_cast<double>(counts.bytes_done);
  auto total = static_cast<double>(counts.bytes_total);
  std::string line;
  if (counts.bytes_total > 0) {
    double share = std::min(1.0, done / total);
    line = fmt::format("{:3.0f} % {} {} of {}", 100 * share, Bar(share),
                       Size(done), Size(total));
  } else {
    line = fmt::format("{} read", Size(done));
  }
  line += fmt::format(" · {}/s", Size(rate));
  if (counts.bytes_total > 0 && rate > 0)
    line +=
        fmt::format(" · {} left", Duration(std::max(0.0, total - done) / rate));
  return line + fmt::format(" · {} records · {} finding{}", counts.records,
                            counts.findings, counts.findings == 1 ? "" : "s");
}

void Progress::Show(const ProgressCounts& counts) {
  int64_t now = clock_.SteadyMicros();
  if (now - started_micros_ < kFirstAfterMs * kMicrosPerMs) return;
  if (now - drawn_micros_ < kEveryMs * kMicrosPerMs) return;
  drawn_micros_ = now;
  marks_.push_back({now, counts.bytes_done});
  while (marks_.size() > 2 &&
         now - marks_.front().micros > kRateOverMs * kMicrosPerMs) {
    marks_.pop_front();
  }
  std::string line = Line(counts);
  // The last column stays free: a full line would make terminals scroll.
  if (width_ > 1 && Columns(line) > width_ - 1)
    line = FitColumns(line, width_ - 1);
  write_("\r\x1b[K" + line);
  on_screen_ = true;
}

void Progress::Clear() {
  if (std::exchange(on_screen_, false)) write_("\r\x1b[K");
}

}  // namespace cofferdam::scan
