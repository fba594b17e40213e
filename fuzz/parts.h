#pragma once

#include <vector>

#include "base/check.h"
#include "wire/digest.h"
#include "wire/types.h"

namespace cofferdam::wire {

// What holds of the parts of any answer or prompt.
inline void CheckParts(const std::vector<Part>& parts) {
  for (const Part& part : parts) {
    CHECK(!part.text.empty());
    size_t place = 0;
    for (const ByteRange& range : part.kept) {
      CHECK(range.begin >= place && range.begin < range.end);
      CHECK(range.end <= part.text.size());
      place = range.end;
    }
    CHECK(ClaimText(part) == ClaimText(part));
  }
}

}  // namespace cofferdam::wire
