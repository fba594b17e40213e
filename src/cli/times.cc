#include "cli/times.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "base/rfc3339.h"

namespace cofferdam::cli {
namespace {

constexpr int64_t kMinute = 60;
constexpr int64_t kHour = 60 * kMinute;
constexpr int64_t kDay = 24 * kHour;
constexpr int64_t kDurationMax = 366 * kDay;

int64_t SecondsOf(char unit) {
  switch (unit) {
    case 'd':
      return kDay;
    case 'h':
      return kHour;
    case 'm':
      return kMinute;
    case 's':
      return 1;
  }
  return 0;
}

}  // namespace

Result<int64_t> ParseDuration(std::string_view flag, std::string_view text) {
  Error invalid(Code::kInvalid,
                fmt::format("{}: must be a time such as 30m, 2h, 7d or 1d12h, "
                            "at most 366d, not \"{}\"",
                            flag, text));
  int64_t total = 0;
  int64_t last_unit = std::numeric_limits<int64_t>::max();
  std::string_view rest = text;
  while (!rest.empty()) {
    int64_t number = 0;
    auto [end, error] =
        std::from_chars(rest.data(), rest.data() + rest.size(), number);
    const auto digits = static_cast<size_t>(end - rest.data());
    if (error != std::errc() || number < 0 || number > kDurationMax ||
        digits == rest.size()) {
      return invalid;
    }
    const int64_t unit = SecondsOf(rest[digits]);
    if (unit == 0 || unit >= last_unit) return invalid;
    last_unit = unit;
    total += number * unit;
    rest.remove_prefix(digits + 1);
  }
  if (total < 1 || total > kDurationMax) return invalid;
  return total;
}

Result<int64_t> ParseDay(std::string_view flag, std::string_view text) {
  Result<int64_t> micros = ParseRfc3339(text);
  if (micros.ok()) return micros;
  return Error(Code::kInvalid,
               fmt::format("{}: must be a day such as 2021-01-31, not \"{}\"",
                           flag, text));
}

std::string TimeText(std::string_view rfc3339) {
  constexpr size_t kDate = 10;
  constexpr size_t kToTheSecond = 19;
  std::string text(rfc3339.substr(0, kToTheSecond));
  if (text.size() > kDate) text[kDate] = ' ';
  return text.empty() ? text : text + " UTC";
}

}  // namespace cofferdam::cli
