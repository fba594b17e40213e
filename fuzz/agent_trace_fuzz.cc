// Records of Agent Trace, which any tool may have left in a repository.

#include "base/check.h"
#include "corpus/agent_trace.h"
#include "target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::corpus::kLineClaimsMax;
  using cofferdam::corpus::LineClaim;
  using cofferdam::corpus::ReadAgentTrace;
  using cofferdam::corpus::TraceRecord;
  const auto read = ReadAgentTrace(cofferdam::FuzzText(data, size), "fuzz");
  for (const TraceRecord& record : read.records) {
    CHECK(record.claims.size() <= kLineClaimsMax);
    for (const LineClaim& claim : record.claims) {
      CHECK(claim.line_begin >= 1 && claim.line_begin <= claim.line_end);
      CHECK(!claim.path.empty());
    }
  }
  return 0;
}
