#pragma once

#include <cstdint>
#include <string_view>

#include "base/line_writer.h"

namespace cofferdam::gate {

// One request as the access log keeps it: who and what, never a body, a key, a
// query or a message that may quote one. Empty strings and zeros are left out.
struct AccessLine {
  std::string_view time;      // when the request came, RFC 3339
  std::string_view exchange;  // its id, also in the ledger
  std::string_view method;
  std::string_view path;
  std::string_view peer;
  // The upstream's, or that of a refusal; 0: no answer came, the client got 502
  // or 504.
  int64_t status = 0;
  // "complete", "client_gone", …; "refused" with the code of the reason.
  std::string_view outcome;
  std::string_view reason;
  std::string_view upstream;
  std::string_view model;
  std::string_view person;  // opaque id
  std::string_view team;
  std::string_view tool;
  std::string_view tool_version;
  uint64_t request_bytes = 0;
  uint64_t response_bytes = 0;
  int64_t micros = 0;             // to the answer's end
  int64_t first_byte_micros = 0;  // to the upstream's head
  int64_t input_tokens = 0;       // with what was read from or put in a cache
  int64_t output_tokens = 0;
  std::string_view usage_source;
  std::string_view trace_id;
  std::string_view span_id;
};

// Writes it as one JSON object; nothing to a null `log`.
void WriteAccess(const AccessLine& line, LineWriter* log);

}  // namespace cofferdam::gate
