#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "agent/engine.h"
#include "base/json.h"
#include "http/message.h"

namespace cofferdam::agent {

// Of a fault's message; cut at a character.
inline constexpr size_t kFaultMessageBytesMax = 500;
// A longer Retry-After counts as this.
inline constexpr int64_t kFaultRetryMsMax = 3'600'000;

// Foreign words as a message shows them: one line of UTF-8 within its limit.
std::string FaultWords(std::string_view text);

// What an answer with a status other than 2xx means, in the words and JSON of
// llama.cpp, vLLM, SGLang, Ollama, OpenAI, and of proxies before them. `body`
// may be anything.
EngineFault FaultOfStatus(int status, const http::Headers& headers,
                          std::string_view body);
// An error inside a stream, or an answer with status 200 that is one:
// {"error":…}, {"object":"error",…}, a response that failed.
EngineFault FaultInStream(const JsonValue& event);

}  // namespace cofferdam::agent
