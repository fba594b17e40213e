// The table of prices: every issue has its place, nothing unknown is free.

#include <string>

#include "base/check.h"
#include "policy/cost.h"
#include "policy/prices.h"
#include "target.h"
#include "wire/usage.h"

namespace cofferdam::policy {
namespace {

void CheckRates(const Rates& rates) {
  for (int64_t rate :
       {rates.input, rates.output, rates.cache_read, rates.cache_write_5m,
        rates.cache_write_1h, rates.reasoning}) {
    CHECK(rate >= 0 && rate <= Rates::kMax);
  }
}

void CheckTable(std::string_view text) {
  const auto table = PriceTable::Parse(text, "p.toml");
  if (!table.ok()) {
    CHECK(table.error().code() == Code::kInvalid);
    CHECK(table.error().message().starts_with("p.toml:"));
    return;
  }
  constexpr int64_t kMost = wire::kTokensMax;
  for (const Price& row : table->rows()) {
    CHECK(table->Find(row.provider, row.model, row.from_micros) != nullptr);
    for (Mode mode : {Mode::kStandard, Mode::kFast, Mode::kBatch}) {
      const Quote quote =
          table->QuoteFor(row.provider, row.model, row.from_micros, mode, {});
      CHECK(quote.source == PriceSource::kTable);
      for (int64_t input : {int64_t{0}, int64_t{200'001}, kMost}) {
        CheckRates(quote.For(input));
      }
      const Amount cost =
          Cost({kMost, kMost, kMost, kMost, kMost, kMost}, quote);
      CHECK(cost.micro_dollars >= 0 && cost.micro_dollars <= kAmountMax);
    }
  }
  const Quote unknown =
      table->QuoteFor("no one's", "model", 0, Mode::kStandard, {});
  CHECK(unknown.unknown_model && unknown.rates == UnknownRates());
}

}  // namespace
}  // namespace cofferdam::policy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cofferdam::policy::CheckTable(cofferdam::FuzzText(data, size));
  return 0;
}
