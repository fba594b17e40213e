#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "wire/types.h"

// Changes one value within JSON text and leaves every other byte as it was. The
// text must be known to be JSON: a parser has read it.
namespace cofferdam::wire {

// Where the members of an object stand in its text.
struct MemberSpans {
  ByteRange braces;  // from behind "{" to the "}"
  std::vector<ByteRange> values;
};

size_t SkipSpace(std::string_view text, size_t i);

// The members of the object whose "{" stands at `i`.
MemberSpans SpansOf(std::string_view text, size_t i);

// A member by its number and value; `value` is absent when there is none.
struct MemberFound {
  size_t index = 0;
  JsonValue value;
};

// False when the member comes twice.
bool FindOnce(const JsonValue& object, std::string_view name,
              MemberFound* found);

std::string Replaced(std::string_view text, ByteRange range,
                     std::string_view with);

// A member more, before the others.
std::string Inserted(std::string_view text, const MemberSpans& spans,
                     std::string_view member);

}  // namespace cofferdam::wire
