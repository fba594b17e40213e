#pragma once

#include <array>
#include <cstdint>
#include <string_view>

// What exchanges added up to.
namespace cofferdam::account {

// Sums over exchanges of one kind. Tokens as wire::Usage: the request's are
// input + cache_read + cache_write_5m + cache_write_1h, reasoning is a part of
// the output.
struct Tally {
  int64_t exchanges = 0;  // that asked for an output
  int64_t errors = 0;     // of them, those the provider did not answer well
  int64_t estimated = 0;  // of them, with a usage that we had to bound
  int64_t unpriced = 0;   // of them, of a model whose price is not known
  int64_t overruns = 0;   // of them, that used more than was held for them
  int64_t input_tokens = 0;
  int64_t cache_read_tokens = 0;
  int64_t cache_write_5m_tokens = 0;
  int64_t cache_write_1h_tokens = 0;
  int64_t output_tokens = 0;
  int64_t reasoning_tokens = 0;
  // What caps in tokens were charged: all tokens, and for an exchange whose
  // process died what had been held.
  int64_t charged_tokens = 0;
  // Cost in micro-dollars, at the prices of each exchange's day.
  int64_t micro_dollars = 0;
  // Lines that tools were asked to write into files, and outputs of a file,
  // edit or patch whose lines nobody counted.
  int64_t lines_written = 0;
  int64_t uncounted_parts = 0;

  bool operator==(const Tally&) const = default;

  int64_t tokens() const {
    return input_tokens + cache_read_tokens + cache_write_5m_tokens +
           cache_write_1h_tokens + output_tokens;
  }
};

// Every field with its name, as columns, JSON and CSV have it.
struct TallyField {
  std::string_view name;
  int64_t Tally::* member;
};
inline constexpr std::array<TallyField, 15> kTallyFields = {{
    {"exchanges", &Tally::exchanges},
    {"errors", &Tally::errors},
    {"estimated", &Tally::estimated},
    {"unpriced", &Tally::unpriced},
    {"overruns", &Tally::overruns},
    {"input_tokens", &Tally::input_tokens},
    {"cache_read_tokens", &Tally::cache_read_tokens},
    {"cache_write_5m_tokens", &Tally::cache_write_5m_tokens},
    {"cache_write_1h_tokens", &Tally::cache_write_1h_tokens},
    {"output_tokens", &Tally::output_tokens},
    {"reasoning_tokens", &Tally::reasoning_tokens},
    {"charged_tokens", &Tally::charged_tokens},
    {"micro_dollars", &Tally::micro_dollars},
    {"lines_written", &Tally::lines_written},
    {"uncounted_parts", &Tally::uncounted_parts},
}};

void Add(const Tally& more, Tally* sum);
void Subtract(const Tally& less, Tally* sum);

}  // namespace cofferdam::account
