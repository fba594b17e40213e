// Evidence streams: the input as a stream, and as what a stream holds before it
// is compressed.

#include <string>

#include "base/check.h"
#include "base/compress.h"
#include "fingerprint/evidence_stream.h"
#include "target.h"

namespace cofferdam::fingerprint {
namespace {

void CheckRanges(const std::vector<TokenRange>& ranges, size_t tokens) {
  size_t place = 0;
  for (const TokenRange& range : ranges) {
    CHECK(range.begin >= place && range.begin < range.end);
    CHECK(range.end <= tokens);
    place = range.end;
  }
}

void CheckStream(std::string_view bytes) {
  const Result<EvidenceStream> evidence = DecodeEvidence(bytes);
  if (!evidence.ok()) {
    CHECK(evidence.error().code() == Code::kCorrupt ||
          evidence.error().code() == Code::kTooLarge);
    return;
  }
  const size_t tokens = evidence->size();
  CHECK(evidence->name.size() == tokens && evidence->line.size() == tokens);
  uint32_t line = 1;
  for (uint32_t next : evidence->line) {
    CHECK(next >= line);
    line = next;
  }
  CheckRanges(evidence->quoted, tokens);
  CheckRanges(evidence->echoed, tokens);
  const Result<std::string> encoded = EncodeEvidence(*evidence);
  CHECK(encoded.ok());
  const Result<EvidenceStream> again = DecodeEvidence(*encoded);
  CHECK(again.ok() && *again == *evidence);
}

}  // namespace
}  // namespace cofferdam::fingerprint

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes = cofferdam::FuzzText(data, size);
  cofferdam::fingerprint::CheckStream(bytes);
  cofferdam::fingerprint::CheckStream("\x01" +
                                      cofferdam::ZstdCompress(bytes, 1));
  return 0;
}
