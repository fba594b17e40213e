#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "corpus/line_claim.h"

namespace cofferdam::corpus {

// A record of more bytes than this is passed over, as are records beyond the
// number.
inline constexpr size_t kTraceRecordBytesMax = size_t{16} << 20;
inline constexpr size_t kTraceRecordsMax = 1'000'000;

// One record of Agent Trace (0.1.0, and what calls itself 1.0), read
// leniently: what is needed to make claims of it, nothing else.
struct TraceRecord {
  // vcs.revision where vcs.type is git or is not said; else empty.
  std::string revision;
  std::vector<LineClaim> claims;
};

struct TracesRead {
  std::vector<TraceRecord> records;
  std::vector<std::string> notices;  // one sentence each
};

// Reads records as tools keep them: one JSON object a line, or a whole text
// that is one object or an array of them. Takes any bytes: what is no record
// is noticed and passed over. `name` is the file's or note's, for notices.
TracesRead ReadAgentTrace(std::string_view text, std::string_view name);

}  // namespace cofferdam::corpus
