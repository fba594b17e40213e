#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace cofferdam::wire {

// JSON as agents and providers really send it. JsonDocument refuses two things
// that JavaScript writes without a word: escapes of half a surrogate pair
// ("\ud83d", when a text is cut inside an emoji), and numbers out of range.
//
// Half a pair becomes U+FFFD (kReplace), or a character that stands for it
// (kMark) so that JoinedText can join it with a half in the next event.
enum class Halves { kReplace, kMark };

struct LenientJson {
  JsonDocument document;
  // Strings of the document may hold marks.
  bool marked = false;
};

// Errors as for JsonDocument::Parse. Costs no more than that for JSON without
// such oddities; else one more pass and parse. Integers beyond 64 bits turn
// into floats, numbers beyond those into 0.
Result<LenientJson> ParseLenient(std::string_view text, Halves halves);

// Marks are U+10F000 + (half - U+D800), private use at the end of Unicode. A
// text that holds one itself, in an event that also holds a half, loses it.
inline constexpr char32_t kMarkBase = 0x10f000;

// A text put together from pieces, halves of surrogate pairs joined where two
// pieces meet.
class JoinedText {
 public:
  void Append(std::string_view piece, bool marked);
  // A half that never found its other becomes U+FFFD.
  std::string Take() &&;
  size_t bytes() const { return text_.size(); }

 private:
  void AppendCodePoint(char32_t code_point);

  std::string text_;
  char32_t pending_high_ = 0;
};

// `text`, the beginning of a JSON object or array, completed by the shortest
// end: a string that was cut ends where it was cut, a member or number that was
// cut is left out. None when `text` does not begin so. The result may still be
// no JSON if `text` was broken otherwise.
std::optional<std::string> CloseJson(std::string_view text);

// At most `bytes_max` bytes of `text`, cut between UTF-8 sequences.
std::string_view CutUtf8(std::string_view text, size_t bytes_max);

}  // namespace cofferdam::wire
