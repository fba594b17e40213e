#include "policy/money.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"

namespace cofferdam::policy {
namespace {

constexpr int kDigitsMax = 6;  // after the point

std::string Grouped(int64_t number) {
  std::string digits = fmt::format("{}", number);
  for (size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

bool AllDigits(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= '0' && c <= '9'; });
}

// "1500" or "1,500": commas only before each third digit from the end.
bool ReadWhole(std::string_view text, int64_t* whole) {
  std::string digits;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool comma = text[i] == ',';
    if (comma && (i == 0 || (text.size() - i) % 4 != 0)) return false;
    if (!comma) digits.push_back(text[i]);
  }
  if (digits.empty() || !AllDigits(digits)) return false;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), *whole);
  return error == std::errc() && *whole <= kAmountMax / kMicrosPerDollar;
}

}  // namespace

int64_t AddAmounts(int64_t a, int64_t b) {
  CHECK(a >= 0 && b >= 0);
  return std::min(std::min(a, kAmountMax) + std::min(b, kAmountMax),
                  kAmountMax);
}

std::string FormatDollars(int64_t micro_dollars) {
  const std::string sign = micro_dollars < 0 ? "-" : "";
  const int64_t micros = micro_dollars < 0 ? -micro_dollars : micro_dollars;
  const int64_t dollars = micros / kMicrosPerDollar;
  const int64_t rest = micros % kMicrosPerDollar / 100;  // of ten thousand
  if (dollars < 10 && rest % 100 != 0) {
    return fmt::format("{}${}.{:04}", sign, dollars, rest);
  }
  return fmt::format("{}${}.{:02}", sign, Grouped(dollars), rest / 100);
}

std::string FormatTokens(int64_t tokens) {
  return fmt::format("{} token{}", Grouped(tokens), tokens == 1 ? "" : "s");
}

Result<int64_t> ParseDollars(std::string_view text) {
  const Error wrong(
      Code::kInvalid,
      fmt::format("\"{}\" is no amount of dollars: write 1500 or 0.25, with at "
                  "most {} digits after the point",
                  text, kDigitsMax));
  std::string_view number = text;
  if (number.starts_with('$')) number.remove_prefix(1);
  const size_t point = number.find('.');
  int64_t whole = 0;
  if (!ReadWhole(number.substr(0, point), &whole)) return wrong;
  int64_t micros = whole * kMicrosPerDollar;
  if (point == std::string_view::npos) return micros;
  const std::string_view digits = number.substr(point + 1);
  if (digits.empty() || digits.size() > kDigitsMax || !AllDigits(digits)) {
    return wrong;
  }
  int64_t scale = kMicrosPerDollar;
  for (char digit : digits) {
    scale /= 10;
    micros += (digit - '0') * scale;
  }
  if (micros > kAmountMax) return wrong;
  return micros;
}

}  // namespace cofferdam::policy
