#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace cofferdam::wire {

// A provider's word for an error, if it is one: letters, digits, "_", "-",
// ".", "/", at most 64. Anything else ("other") may quote what must not be
// logged.
std::string ErrorName(std::string_view name);

// Identifiers of a provider, cut to 256 bytes.
std::string ShortName(std::string_view name);

// The name of the error in an error's body, in any protocol's shape
// ({"error":{"type":…,"code":…,"status":…}}); empty when there is none.
std::string ErrorNameOf(const JsonValue& body);

}  // namespace cofferdam::wire
