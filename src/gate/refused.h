#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/result.h"

namespace cofferdam::gate {

// Why a request is not sent on, and what its reader is told to do.
struct Refused {
  Refused(Error why) : error(std::move(why)) {}  // NOLINT(*-explicit-*)
  Refused(Error why, int honest_status)
      : error(std::move(why)), status(honest_status) {}

  Error error;
  // As HTTP means it; the agent may be shown another one. 0: by the error.
  int status = 0;
  // What to do next, as sentences; none: by the error.
  std::optional<std::string> next;
  // When the same request may pass.
  std::optional<int64_t> retry_after_s;
};

}  // namespace cofferdam::gate
