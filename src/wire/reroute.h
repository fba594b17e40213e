#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/endpoint.h"

namespace cofferdam::wire {

// A request for another model: its endpoint (Gemini's path names the model) and
// its body.
struct Rerouted {
  // The path and query for the upstream; empty where it stays as it was.
  std::string target;
  std::string body;
};

// The same request for `model`, every other byte of the body as it was: spliced
// in, not written anew. `target` is the path with its query as the client sent
// it, `body` in plain bytes. kInvalid when the body is no JSON object with one
// `model` that is a string (Gemini has none to change), or when `model` is no
// name that a path can hold.
Result<Rerouted> WithModel(const Endpoint& endpoint, std::string_view target,
                           std::string_view body, std::string_view model);

}  // namespace cofferdam::wire
