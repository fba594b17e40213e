// include_usage spliced into a request changes nothing else, and the filter of
// a stream takes out what it says and nothing else, however it is cut.

#include <string>

#include "base/json.h"
#include "target.h"
#include "wire/chat_usage.h"
#include "wire/endpoint.h"
#include "wire/request.h"

namespace cofferdam::wire {
namespace {

// `part` comes out of `whole` by leaving bytes out.
bool IsSubsequence(std::string_view part, std::string_view whole) {
  size_t at = 0;
  for (char c : whole) {
    if (at < part.size() && part[at] == c) ++at;
  }
  return at == part.size();
}

void CheckSplice(std::string_view body) {
  const auto spliced = WithIncludeUsage(body);
  if (!spliced) return;
  CHECK(!WithIncludeUsage(*spliced).has_value());
  const Endpoint chat{.protocol = Protocol::kOpenAiChat};
  const auto before = ReadRequestHead(chat, body);
  const auto after = ReadRequestHead(chat, *spliced);
  CHECK(before.ok() == after.ok());
  if (!before.ok()) return;
  CHECK(!before->include_usage && after->include_usage);
  CHECK(before->stream && after->stream);
  CHECK(before->model == after->model);
  CHECK(before->output_tokens_max == after->output_tokens_max);
  CHECK(before->assistant_turns == after->assistant_turns);
  // Only a value of null or false may go.
  CHECK(spliced->size() + 1 >= body.size());
}

struct Filtered {
  std::string bytes;
  size_t removed = 0;

  bool operator==(const Filtered&) const = default;
};

Filtered FilterInPieces(std::string_view bytes, size_t first, size_t piece,
                        size_t event_bytes_max) {
  UsageChunkFilter filter(event_bytes_max);
  Filtered filtered;
  size_t fed = 0;
  size_t size = first;
  while (!bytes.empty()) {
    const std::string copy(bytes.substr(0, size));
    filter.Feed(copy, &filtered.bytes);
    fed += copy.size();
    CHECK(filtered.bytes.size() <= fed);
    bytes.remove_prefix(copy.size());
    size = piece;
  }
  filter.Finish(&filtered.bytes);
  filtered.removed = filter.removed();
  return filtered;
}

void CheckFilter(std::string_view bytes, size_t event_bytes_max) {
  const Filtered whole =
      FilterInPieces(bytes, bytes.size(), bytes.size(), event_bytes_max);
  CHECK(IsSubsequence(whole.bytes, bytes));
  CHECK((whole.bytes == bytes) == (whole.removed == 0));
  for (size_t piece = 1; piece <= 5; ++piece) {
    CHECK(FilterInPieces(bytes, piece, piece, event_bytes_max) == whole);
  }
  for (size_t first = 1; first < bytes.size() && first < 64; ++first) {
    CHECK(FilterInPieces(bytes, first, bytes.size(), event_bytes_max) == whole);
  }
}

}  // namespace
}  // namespace cofferdam::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::wire::UsageChunkFilter;
  const std::string_view bytes = cofferdam::FuzzText(data, size);
  cofferdam::wire::CheckSplice(bytes);
  cofferdam::wire::CheckFilter(bytes, UsageChunkFilter::kEventBytesMax);
  cofferdam::wire::CheckFilter(bytes, 40);
  return 0;
}
