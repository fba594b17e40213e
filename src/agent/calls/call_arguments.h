#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "agent/engine.h"
#include "base/json.h"
#include "base/result.h"

namespace cofferdam::agent {

// Arguments that meet a tool's schema.
struct FittedArguments {
  std::string json;                // an object, members in the schema's order
  std::vector<std::string> mends;  // "\"5\" read as a number"; empty: none
};

// What to do about arguments that the tool does not know.
enum class UnknownArguments {
  kDrop,    // say so, if nothing that is done hangs on them
  kRefuse,  // the call must match exactly
};

// Depth to which values are fitted to a schema; deeper ones are taken as they
// are.
inline constexpr size_t kFittedDepthMax = 16;

// Fits `given` (an object) to the schema of `tool`: names in another case or
// style or by another agent's name for the same argument, numbers as strings
// and strings as numbers, one value for a list, an object or list inside a
// string, null for nothing. kInvalid for what is not certain or is missing; the
// message is for the model, names the argument and shows a right call. Of JSON
// Schema it reads type, properties, required, items, enum; the rest is for the
// tool.
Result<FittedArguments> FitArguments(const JsonValue& given,
                                     const ToolSpec& tool,
                                     UnknownArguments unknown);

// What arguments `tool` takes, and a right call, for the model.
std::string ArgumentsOf(const ToolSpec& tool);

}  // namespace cofferdam::agent
