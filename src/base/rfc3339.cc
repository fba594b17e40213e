#include "base/rfc3339.h"

#include <chrono>
#include <optional>
#include <string>

namespace cofferdam {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kSecondsPerDay = 86'400;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Reads a text from its begin; every Take is false, and takes nothing, where
// something else stands.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  // Exactly `digits` of them, in [min, max].
  bool TakeNumber(size_t digits, int min, int max, int* number) {
    if (rest_.size() < digits) return false;
    int value = 0;
    for (char c : rest_.substr(0, digits)) {
      if (!IsDigit(c)) return false;
      value = 10 * value + (c - '0');
    }
    if (value < min || value > max) return false;
    rest_.remove_prefix(digits);
    *number = value;
    return true;
  }
  bool TakeOneOf(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_[0]) == rest_.npos) return false;
    taken_ = rest_[0];
    rest_.remove_prefix(1);
    return true;
  }
  // ".123", of any length.
  bool TakeFraction(int64_t* micros) {
    if (!TakeOneOf(".")) return true;
    int64_t unit = kMicrosPerSecond;
    size_t digits = 0;
    for (; digits < rest_.size() && IsDigit(rest_[digits]); ++digits) {
      unit /= 10;
      *micros += unit * (rest_[digits] - '0');
    }
    rest_.remove_prefix(digits);
    return digits > 0;
  }
  char taken() const { return taken_; }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  char taken_ = 0;
};

// "Z", "+02:00".
bool TakeZone(Reader* in, int64_t* seconds) {
  if (in->TakeOneOf("Zz")) return true;
  if (!in->TakeOneOf("+-")) return false;
  const int64_t sign = in->taken() == '+' ? 1 : -1;
  int hours = 0;
  int minutes = 0;
  if (!in->TakeNumber(2, 0, 23, &hours) || !in->TakeOneOf(":") ||
      !in->TakeNumber(2, 0, 59, &minutes)) {
    return false;
  }
  *seconds = sign * (hours * 3600 + minutes * 60);
  return true;
}

std::optional<int64_t> DaysOf(Reader* in) {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!in->TakeNumber(4, 1970, 9999, &year) || !in->TakeOneOf("-") ||
      !in->TakeNumber(2, 1, 12, &month) || !in->TakeOneOf("-") ||
      !in->TakeNumber(2, 1, 31, &day)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date(
      std::chrono::year{year}, std::chrono::month(static_cast<unsigned>(month)),
      std::chrono::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

std::optional<int64_t> MicrosOf(std::string_view text) {
  Reader in(text);
  const auto days = DaysOf(&in);
  if (!days) return std::nullopt;
  int64_t seconds = *days * kSecondsPerDay;
  if (in.done()) return seconds * kMicrosPerSecond;
  int hour = 0;
  int minute = 0;
  int second = 0;
  int64_t micros = 0;
  int64_t zone = 0;
  if (!in.TakeOneOf("Tt ") || !in.TakeNumber(2, 0, 23, &hour) ||
      !in.TakeOneOf(":") || !in.TakeNumber(2, 0, 59, &minute) ||
      !in.TakeOneOf(":") || !in.TakeNumber(2, 0, 60, &second) ||
      !in.TakeFraction(&micros) || !TakeZone(&in, &zone) || !in.done()) {
    return std::nullopt;
  }
  seconds += hour * 3600 + minute * 60 + second - zone;
  if (seconds < 0) return std::nullopt;
  return seconds * kMicrosPerSecond + micros;
}

}  // namespace

Result<int64_t> ParseRfc3339(std::string_view text) {
  const auto micros = MicrosOf(text);
  if (micros) return *micros;
  return Error(Code::kInvalid,
               "must be a time such as 2026-11-20T23:54:24Z (RFC 3339)");
}

}  // namespace cofferdam
