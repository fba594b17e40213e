#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cofferdam::agent {

// A line of a text: [begin, end) without its end, [end, next) its end: "\n",
// "\r\n", or nothing at the end of the text.
struct TextLine {
  size_t begin = 0;
  size_t end = 0;
  size_t next = 0;
};

// A text that ends in a line's end has no empty line after it.
std::vector<TextLine> SplitTextLines(std::string_view text);

// The lines of an edit's text without their ends, and whether the last has one.
struct EditLines {
  std::vector<std::string_view> lines;
  bool ends = false;
};
EditLines SplitEditLines(std::string_view text);

std::string_view IndentOf(std::string_view line);
std::string_view WithoutTrailing(std::string_view line);
bool IsBlankLine(std::string_view line);

// How a text ends its lines: "\r\n" where most of them do, else "\n".
std::string_view LineEndOf(std::string_view text);

// `text` with every line's end ("\n" or "\r\n") as `end`.
std::string WithLineEnds(std::string_view text, std::string_view end);

// What became of lines: equal ones, or a run of old ones for a run of new ones
// (either may be empty). In order, and together everything.
struct LineChange {
  size_t old_begin = 0;
  size_t old_end = 0;
  size_t new_begin = 0;
  size_t new_end = 0;
  bool equal = false;
};
// By the longest common subsequence where the runs that differ are short, else
// one change. Lines compare without white space at their ends.
std::vector<LineChange> DiffLines(const std::vector<std::string_view>& before,
                                  const std::vector<std::string_view>& after);

// How texts compare when white space and typography do not count.
enum class Closeness {
  kLineEndings,
  kTrailing,
  kIndentation,
  kPunctuation,
};

// A text as one of those sees it: line ends are "\n", and one stands at the end
// of the text, too.
struct Projection {
  std::string text;
  // Where each line begins in it.
  std::vector<size_t> line_begins;
};
// One line's projection; with `ends`, for each byte of it the offset in `line`
// behind what it was made from.
void ProjectLine(std::string_view line, Closeness closeness, std::string* out,
                 std::vector<size_t>* ends);
Projection Project(std::string_view text, const std::vector<TextLine>& lines,
                   Closeness closeness);

}  // namespace cofferdam::agent
