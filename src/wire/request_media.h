#pragma once

#include <cstdint>

#include "base/json.h"
#include "wire/types.h"

namespace cofferdam::wire {

// What a request holds, or asks for, that costs tokens beyond its own bytes.
struct RequestMedia {
  // Images and sounds in the body, at most a few thousand tokens each.
  int64_t inline_small = 0;
  // Documents and films in the body, whose pages are many tokens in few bytes.
  int64_t inline_large = 0;
  // Images, sounds, documents, films and files named by a URL or an id.
  int64_t referenced = 0;
  // Context that the provider keeps: an earlier answer to go on from, a
  // conversation, a prompt by id, a cached content, a container.
  int64_t stored_context = 0;
  // Tools that the provider runs itself within the request, each run for a fee
  // and with its result fed back: web searches, and all others (code, file
  // search, web fetch, MCP, what is not known).
  int64_t web_searches = 0;
  int64_t server_tools = 0;

  bool operator==(const RequestMedia&) const = default;
};

// Counts them in the body's root, a JSON object. Gemini's is the request
// itself, unwrapped.
RequestMedia ReadRequestMedia(Protocol protocol, const JsonValue& root);

// Whether an Anthropic request marks anything to be cached for an hour.
bool CachesForAnHour(const JsonValue& root);

}  // namespace cofferdam::wire
