// Exchange records: what is read is written and read again as the same.

#include "base/check.h"
#include "ledger/exchange.h"
#include "target.h"

namespace cofferdam::ledger {
namespace {

void CheckExchange(std::string_view json) {
  const Result<Exchange> exchange = FromJson(json);
  if (!exchange.ok()) {
    CHECK(exchange.error().code() == Code::kCorrupt);
    return;
  }
  for (const PartRecord& part : exchange->parts) {
    CHECK(part.digest.size() == 64);
    for (const wire::ByteRange& range : part.kept) {
      CHECK(range.begin <= range.end && range.end <= part.bytes);
    }
  }
  const Result<Exchange> again = FromJson(ToJson(*exchange));
  CHECK(again.ok() && *again == *exchange);
}

}  // namespace
}  // namespace cofferdam::ledger

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cofferdam::ledger::CheckExchange(cofferdam::FuzzText(data, size));
  return 0;
}
