#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "wire/types.h"

namespace cofferdam::wire {

// What a request asks for, as far as its method and target say it.
struct Endpoint {
  // Longer names of models are not served.
  static constexpr size_t kModelBytesMax = 256;

  Protocol protocol = Protocol::kAnthropicMessages;
  Operation operation = Operation::kGenerate;
  // Gemini only, which names these in the path; the others in the body.
  std::string model;
  bool stream = false;
  // Gemini's answer to streamGenerateContent without `alt=sse`: one JSON array
  // whose elements come as they are made (ArraySplitter).
  bool array_form = false;

  bool operator==(const Endpoint&) const = default;
};

// The endpoint behind a request line; none when it is not a model's.
//
//   POST /v1/messages                Anthropic Messages
//   POST /v1/messages/count_tokens
//   POST /v1/responses               OpenAI Responses
//   POST /v1/chat/completions        OpenAI Chat Completions
//   POST /{v1beta,v1,v1alpha}/models/MODEL:{generateContent,
//        streamGenerateContent,countTokens}             Gemini
//
// `path` and `query` as received, not decoded: a path with escapes in it is
// none of these, so that the upstream reads the same name as we do. MODEL has
// letters, digits and "-._:@+". Methods are case-sensitive.
std::optional<Endpoint> FindEndpoint(std::string_view method,
                                     std::string_view path,
                                     std::string_view query);

// The protocol that a path which is no endpoint most likely belongs to, for
// the shape of the answer; none when it looks like no protocol's.
std::optional<Protocol> ProtocolNear(std::string_view path);

}  // namespace cofferdam::wire
