#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cofferdam::agent {

// How an edit's old text was found, from what the model said to what it meant.
enum class EditLevel {
  kExact,
  kLineEndings,  // CRLF in the file, LF in the edit
  kTrailing,     // white space at ends of lines
  kIndentation,  // another one, or none
  kPunctuation,  // quotes, dashes and spaces of Unicode; runs of blanks
  kBlankLines,   // around the old text, or inside it
  kEscapes,      // "\n" written out
  kLineNumbers,  // as the read tool prints them
  kFence,        // ``` around it
  kElision,      // "..." for lines between unique ones
  kDrift,        // few characters differ in lines between equal ones
};
std::string_view EditLevelName(EditLevel level);

enum class Occurrences { kOne, kAll };

struct EditOptions {
  Occurrences occurrences = Occurrences::kOne;
  // Where to look: bytes [begin, end) of the text. A match lies wholly inside.
  size_t begin = 0;
  size_t end = std::string_view::npos;
};

// A file's text with an edit done. Outside the replaced regions its bytes are
// those of the text before.
struct AppliedEdit {
  std::string text;
  EditLevel level = EditLevel::kExact;
  int64_t places = 1;
  // Of the first place, in the new text, from 1; last < first: only taken out.
  int64_t first_line = 0;
  int64_t last_line = 0;
  // The first place's region, bytes: [begin, old_end) of the text before is
  // [begin, new_end) now.
  size_t begin = 0;
  size_t old_end = 0;
  size_t new_end = 0;
  // What was mended and what stands there otherwise than the model thought, in
  // words for it; empty: nothing.
  std::string note;
};

// Why an edit was not done; the file stays as it is.
struct RefusedEdit {
  enum class Why {
    kEmptyOld,      // nothing to look for, and the file has text
    kSame,          // old and new are equal
    kAlreadyThere,  // the new text stands there; nothing is left to do
    kNotFound,
    kAmbiguous,  // more than one place
    kUncertain,  // found, but how to write the new text cannot be told
    kTooLarge,
  };
  Why why = Why::kNotFound;
  // For the model: what is wrong, the nearest real lines with their numbers,
  // what differs there, what to send instead. At most kEditWordsMax bytes.
  std::string words;
};
inline constexpr size_t kEditWordsMax = 4096;

// What old and new text and the file may be at most.
inline constexpr size_t kEditTextBytesMax = size_t{64} << 20;
inline constexpr size_t kEditArgumentBytesMax = size_t{4} << 20;

// Puts `new_text` in place of `old_text` in `text` (a whole file without byte
// order mark), where that is certain: at the strictest level at which it is
// found at all, and only if it is found once there (or everywhere it is found,
// with kAll, down to kPunctuation). Below kExact the new text takes the file's
// line endings and indentation, and lines that the edit does not change keep
// the file's bytes. Both texts empty file and empty old text: the new text is
// the file. Time is linear in the text, whatever it holds.
std::variant<AppliedEdit, RefusedEdit> ApplyEdit(std::string_view text,
                                                 std::string_view old_text,
                                                 std::string_view new_text,
                                                 const EditOptions& options);

// A comment in `new_text`, not in `text`, that stands for code left out ("//
// ... existing code ..."): whoever writes it would lose that code. Empty: none.
std::string_view FindPlaceholder(std::string_view text,
                                 std::string_view new_text);

}  // namespace cofferdam::agent
