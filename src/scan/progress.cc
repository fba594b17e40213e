#include "scan/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "scan/text_columns.h"

namespace cofferdam::scan {
namespace {

constexpr int64_t kMicrosPerMs = 1000;
// What a line shows of the counts, the widest first.
struct Layout {
  size_t bar_cells;
  bool bytes;
  bool rate;
  bool records;
  bool findings;
};
constexpr Layout kLayouts[] = {
    {20, true, true, true, true},    {20, true, true, false, true},
    {10, true, true, false, true},   {0, true, true, false, true},
    {0, false, true, false, true},   {0, false, true, false, false},
    {0, false, false, false, false},
};

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

std::string Bar(double share, size_t cells) {
  auto full = static_cast<size_t>(share * static_cast<double>(cells));
  std::string bar;
  for (size_t i = 0; i < cells; ++i) bar += i < full ? "█" : "░";
  return bar;
}

std::string Draw(const ProgressCounts& counts, double rate,
                 const Layout& layout) {
  const auto done = static_cast<double>(counts.bytes_done);
  const auto total = static_cast<double>(counts.bytes_total);
  std::string line;
  if (counts.bytes_total > 0) {
    const double share = std::min(1.0, done / total);
    line = fmt::format("{:3.0f} %", 100 * share);
    if (layout.bar_cells > 0) line += " " + Bar(share, layout.bar_cells);
    if (layout.bytes) {
      line += fmt::format("{}{} of {}", layout.bar_cells > 0 ? " " : " · ",
                          Size(done), Size(total));
    }
  } else {
    line = fmt::format("{} read", Size(done));
  }
  if (layout.rate) line += fmt::format(" · {}/s", Size(rate));
  if (counts.bytes_total > 0 && rate > 0) {
    line +=
        fmt::format(" · {} left", Duration(std::max(0.0, total - done) / rate));
  }
  if (layout.records) line += fmt::format(" · {} records", counts.records);
  if (layout.findings) {
    line += fmt::format(" · {} finding{}", counts.findings,
                        counts.findings == 1 ? "" : "s");
  }
  return line;
}

}  // namespace

Progress::Progress(std::function<void(std::string_view)> write,
                   const Clock& clock, std::function<size_t()> width)
    : write_(std::move(write)),
      clock_(clock),
      width_(std::move(width)),
      started_micros_(clock.SteadyMicros()) {
  marks_.push_back({started_micros_, 0});
}

std::string Progress::Line(const ProgressCounts& counts,
                           size_t columns_max) const {
  const Mark& first = marks_.front();
  const Mark& last = marks_.back();
  const double seconds = static_cast<double>(last.micros - first.micros) / 1e6;
  const double rate =
      seconds > 0 && last.bytes >= first.bytes
          ? static_cast<double>(last.bytes - first.bytes) / seconds
          : 0;
  std::string line;
  for (const Layout& layout : kLayouts) {
    line = Draw(counts, rate, layout);
    if (Columns(line) <= columns_max) return line;
  }
  return FitColumns(line, columns_max);
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
  // The last column stays free: a full line would make terminals scroll.
  const size_t columns_max = std::max<size_t>(width_(), 2) - 1;
  write_("\r\x1b[K" + Line(counts, columns_max));
  on_screen_ = true;
}

void Progress::Clear() {
  if (std::exchange(on_screen_, false)) write_("\r\x1b[K");
}

}  // namespace cofferdam::scan
