#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/engine.h"

namespace cofferdam::agent {

// OpenAI's list of models; it stands where the API does.
inline constexpr std::string_view kModelsTarget = "/v1/models";

// Asks an engine something beside its API: method, target from the engine's
// root on ("/props"), body. The answer's body where its status was 200.
using AskEngine = std::function<std::optional<std::string>(
    std::string_view method, std::string_view target, std::string_view body)>;

// What an engine tells of itself: `/v1/models` first, then what that kind of
// engine has (llama.cpp's /props, Ollama's /api/ps and /api/show). At most
// four questions. `model` is the one that will be asked; empty: the first.
EngineFacts AskFacts(const AskEngine& ask, std::string_view model);

// The names in the engine's list of models; names of more than
// kModelNameBytesMax are left out.
inline constexpr size_t kModelNameBytesMax = 256;
std::vector<std::string> AskModels(const AskEngine& ask);

}  // namespace cofferdam::agent
