#include "agent/turn/token_estimate.h"

#include <algorithm>
#include <cmath>

namespace cofferdam::agent {
namespace {

// Role, braces and the template's own marks around each message.
constexpr size_t kMessageFrameBytes = 24;
constexpr size_t kCallFrameBytes = 60;
constexpr size_t kToolFrameBytes = 70;
// How far one report moves the ratio.
constexpr double kLearnedShare = 0.7;

}  // namespace

int64_t TokenEstimate::Tokens(size_t bytes) const {
  return static_cast<int64_t>(
      std::ceil(static_cast<double>(bytes) / bytes_per_token_));
}

void TokenEstimate::Learn(size_t bytes, int64_t input_tokens) {
  if (bytes < kBytesToLearnFrom || input_tokens <= 0) return;
  double seen = static_cast<double>(bytes) / static_cast<double>(input_tokens);
  seen = std::clamp(seen, kBytesPerTokenMin, kBytesPerTokenMax);
  bytes_per_token_ =
      bytes_per_token_ * (1 - kLearnedShare) + seen * kLearnedShare;
}

size_t BytesOfMessage(const Message& message) {
  size_t bytes = kMessageFrameBytes + message.text.size() +
                 message.note.size() + message.thinking.size();
  for (const ToolCall& call : message.calls) {
    bytes += kCallFrameBytes + call.name.size() + call.arguments.size();
  }
  return bytes;
}

size_t BytesOfMessages(std::span<const Message> messages) {
  size_t bytes = 0;
  for (const Message& message : messages) bytes += BytesOfMessage(message);
  return bytes;
}

size_t BytesOfTools(std::span<const ToolSpec> tools) {
  size_t bytes = 0;
  for (const ToolSpec& tool : tools) {
    bytes += kToolFrameBytes + tool.name.size() + tool.description.size() +
             tool.schema.size();
  }
  return bytes;
}

}  // namespace cofferdam::agent
