#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cofferdam::bench {

// Requests of agents at work: `sessions` of `turns` each, the first turn of
// every session before the second of any. A prompt begins with `prompt_bytes`
// of source code of the session's own, then holds every earlier turn: what was
// asked, and what the provider double answered (dialogue.h, CodeAnswer).
std::vector<std::string> SessionRequests(std::string_view key, size_t sessions,
                                         size_t turns, size_t prompt_bytes);

}  // namespace cofferdam::bench
