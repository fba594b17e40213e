// Notes of git-ai, which anybody may have pushed.

#include "base/check.h"
#include "corpus/git_ai_note.h"
#include "target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::corpus::ClaimsRead;
  using cofferdam::corpus::kLineClaimsMax;
  using cofferdam::corpus::LineClaim;
  using cofferdam::corpus::ReadGitAiNote;
  const ClaimsRead read = ReadGitAiNote(cofferdam::FuzzText(data, size));
  CHECK(read.claims.size() <= kLineClaimsMax);
  CHECK(read.notices.size() <= 20);
  for (const LineClaim& claim : read.claims) {
    CHECK(claim.line_begin >= 1 && claim.line_begin <= claim.line_end);
    CHECK(claim.source == "git-ai-note");
  }
  return 0;
}
