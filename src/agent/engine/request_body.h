#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "agent/engine.h"
#include "agent/engine/http_engine.h"

namespace cofferdam::agent {

// The body of requests of one conversation, as docs/formats/code-requests.md
// has it: what never changes, then the messages, then what may vary. Messages
// are encoded once; of a request that only grew, the new ones alone.
class RequestBody {
 public:
  RequestBody(EngineApi api, std::string model, EngineQuirks quirks)
      : api_(api), model_(std::move(model)), quirks_(std::move(quirks)) {}

  // Valid until the next call. The bytes up to prefix_bytes() begin the next
  // request's as long as that only adds messages.
  std::string_view Write(const EngineRequest& request);
  // Up to the end of the last message.
  size_t prefix_bytes() const { return prefix_bytes_; }
  // Messages that the last Write did not need to encode.
  size_t messages_kept() const { return messages_kept_; }

 private:
  // A message that stands in `text_`, known again by its hash.
  struct Encoded {
    uint64_t hash = 0;
    size_t end = 0;
  };

  std::string Begin(const EngineRequest& request) const;
  void AppendMessage(const Message& message, size_t index,
                     std::string_view system);
  void AppendTail(const EngineRequest& request);

  EngineApi api_;
  std::string model_;
  EngineQuirks quirks_;
  std::string begin_;
  std::string text_;
  std::vector<Encoded> encoded_;
  size_t prefix_bytes_ = 0;
  size_t messages_kept_ = 0;
};

}  // namespace cofferdam::agent
