#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"

namespace cofferdam::gate {

// The place of a request in a distributed trace (W3C Trace Context, level 1).
struct TraceContext {
  std::string trace_id;   // 32 lower-case hexadecimal digits, not all zero
  std::string parent_id;  // 16; the span that sent the request
  std::string flags;      // 2
  std::string span_id;    // 16; ours, as the upstream's parent

  // What the upstream gets: "00-TRACE-SPAN-FLAGS".
  std::string Header() const;
};

// Reads a traceparent and gives the request a span of its own. None when there
// is none, or when it breaks the rules: then neither it nor its tracestate is
// handed on. Later versions are read as this one, as the standard asks.
std::optional<TraceContext> ReadTraceContext(std::string_view traceparent,
                                             Random& random);

}  // namespace cofferdam::gate
