#pragma once

#include <string_view>
#include <vector>

#include "agent/calls/call_families.h"
#include "base/json.h"

namespace cofferdam::agent {

// Calls from an object that is written as one (name and arguments, by any of
// the names that models give them), or from a list of such. False, and nothing
// is added, if any is none.
bool AddCallsOf(const JsonValue& value,
                const std::vector<std::string_view>& mends,
                std::vector<PrintedCall>* calls);

// Whether an object, or each of a list, has arguments as a member of its own,
// without which it may be any data.
bool HaveArguments(const JsonValue& value);

// The list inside {"tool_calls": […]}, with nothing beside it; else the value.
JsonValue OutOfEnvelope(const JsonValue& value);

}  // namespace cofferdam::agent
