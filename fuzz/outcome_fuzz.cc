// Outcomes of commits, which whoever may record them sends.

#include "base/check.h"
#include "ledger/outcome.h"
#include "target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::ledger::OutcomeFromJson;
  const auto read = OutcomeFromJson(cofferdam::FuzzText(data, size));
  if (!read.ok()) return 0;
  CHECK(!read->repo.empty() && !read->authors.empty());
  for (const auto& source : read->sources) {
    uint64_t last = 0;
    for (const auto& range : source.lines) {
      CHECK(range.begin > last && range.end >= range.begin);
      last = range.end;
    }
  }
  // What was read is written so that it is read again.
  const auto again = OutcomeFromJson(ToJson(*read));
  CHECK(again.ok() && *again == *read);
  return 0;
}
