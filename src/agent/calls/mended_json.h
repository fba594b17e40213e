#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace cofferdam::agent {

// Whether a text that lacks its end may be taken for whole.
enum class Ending {
  kItsOwn,  // whoever wrote it stopped by himself
  kCutOff,  // a limit stopped him, or that is not known
};

// A JSON object as models write it, and what was mended to read it.
struct MendedJson {
  JsonDocument document;
  std::vector<std::string_view> mends;  // "trailing comma", literals
};

// Bounds of what is mended; JSON without fault may be nested as deep as
// JsonDocument takes it.
inline constexpr size_t kMendedBytesMax = size_t{16} << 20;
inline constexpr size_t kMendedDepthMax = 64;

// Reads `text` as a JSON object. JSON is never changed in meaning; other text
// is mended where only one meaning is possible: trailing commas, quotes of
// other kinds, keys without quotes, Python's True, False and None, comments,
// line breaks in strings, missing or surplus closing brackets, fences, a byte
// order mark, words around the object, an object inside a string or a list of
// one. kInvalid with the reason, for the model, when the meaning is not
// certain: a string, number or list that may have been cut, quotes inside a
// string, escapes that can be read in two ways, two objects, nesting beyond the
// bound. kTooLarge beyond kMendedBytesMax. Linear.
Result<MendedJson> MendJson(std::string_view text, Ending ending);

}  // namespace cofferdam::agent
