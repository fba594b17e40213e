#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "agent/engine.h"
#include "agent/message.h"

namespace cofferdam::agent {

// How many tokens a request will take, before any engine has counted it: bytes
// by a ratio that each reported usage brings closer to the model's own.
class TokenEstimate {
 public:
  // Until usage was reported: code in most tokenizers, on the careful side.
  static constexpr double kBytesPerTokenAtFirst = 3.2;
  static constexpr double kBytesPerTokenMin = 1.0;
  static constexpr double kBytesPerTokenMax = 8.0;
  // A smaller request says too little of the ratio.
  static constexpr size_t kBytesToLearnFrom = 2000;

  int64_t Tokens(size_t bytes) const;
  // What a request of so many bytes came to.
  void Learn(size_t bytes, int64_t input_tokens);
  double bytes_per_token() const { return bytes_per_token_; }

 private:
  double bytes_per_token_ = kBytesPerTokenAtFirst;
};

// About how many bytes of a request a message, tools and all messages take.
size_t BytesOfMessage(const Message& message);
size_t BytesOfMessages(std::span<const Message> messages);
size_t BytesOfTools(std::span<const ToolSpec> tools);

}  // namespace cofferdam::agent
