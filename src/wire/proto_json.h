#pragma once

#include <string_view>

#include "base/json.h"

namespace cofferdam::wire {

// A member of a message of Google's APIs, whose JSON may name it in two ways:
// "maxOutputTokens" or "max_output_tokens". `name` is the first form, which
// counts where both are there; it has at most 40 bytes.
JsonValue EitherOf(const JsonValue& object, std::string_view name);

}  // namespace cofferdam::wire
