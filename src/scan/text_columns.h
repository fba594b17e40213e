#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace cofferdam::scan {

// Whether a character changes the direction of text, or shows as nothing: a
// reader must see that it is there.
bool IsHidden(std::string_view character);

// Text of others made safe to show: control bytes, which could steer a
// terminal, and hidden characters become U+00B7; line ends stay with kKeep.
enum class LineEnds { kReplace, kKeep };
std::string Printable(std::string_view text, LineEnds line_ends);

// The lines `first` to `last` (1-based, both included) of `text`, with their
// ends.
std::string_view LinesOf(std::string_view text, uint32_t first, uint32_t last);

// How many columns `text` takes, a code point counting as one; and `text` cut
// or filled to `columns`, with a sign where something is missing.
size_t Columns(std::string_view text);
std::string FitColumns(std::string_view text, size_t columns);

// A text with the number its first line bears.
struct NumberedText {
  std::string_view text;
  uint32_t first_line = 1;
};

// Two texts beside each other, line by line, each line with its number and cut
// to its half of `width` columns (a code point counts as one). Lines beyond
// `lines_max` are counted instead of shown.
std::string SideBySide(NumberedText left, NumberedText right, size_t width,
                       size_t lines_max);

}  // namespace cofferdam::scan
