#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"

namespace cofferdam::agent {

// How a name of an argument was understood.
struct NamedArgument {
  std::string_view property;  // of the schema; empty: none is certain
  bool exact = false;
};

// Which property of `schema` the argument `name` is: by itself, in another case
// or style, or by the name that other agents' tools have for the same thing,
// when only one property can be meant. Views into `schema`.
NamedArgument FindArgument(std::string_view name, const JsonValue& schema);

// Whether a tool that does not know the argument `name` would do something else
// than was meant if it were left out with this value.
bool MatterIfDropped(std::string_view name, const JsonValue& value);

}  // namespace cofferdam::agent
