#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cofferdam::agent {

// Of the terminal's own 16 colours, so that they fit its background.
enum class Colour : uint8_t {
  kDefault,
  kRed,
  kGreen,
  kYellow,
  kBlue,
  kMagenta,
  kCyan,
  kGrey,
};

struct TextStyle {
  Colour colour = Colour::kDefault;
  bool bold = false;
  bool dim = false;
  bool italic = false;
  bool underline = false;
  bool strike = false;
  bool reverse = false;

  bool operator==(const TextStyle&) const = default;
};

inline constexpr TextStyle kPlainStyle{};
inline constexpr TextStyle kBoldStyle{.bold = true};
inline constexpr TextStyle kDimStyle{.dim = true};
inline constexpr TextStyle kGoodStyle{.colour = Colour::kGreen};
inline constexpr TextStyle kBadStyle{.colour = Colour::kRed};
inline constexpr TextStyle kWarnStyle{.colour = Colour::kYellow};
inline constexpr TextStyle kNameStyle{.colour = Colour::kCyan};

// A piece of text in one style: UTF-8 without control characters.
struct StyledSpan {
  std::string text;
  TextStyle style;

  bool operator==(const StyledSpan&) const = default;
};
using StyledLine = std::vector<StyledSpan>;

// Adds to the line's end; joins what has the style of the last span. What is no
// text (control characters, escape sequences, invalid UTF-8) becomes U+FFFD, a
// tab becomes spaces, so that nothing a model or a file says can command the
// terminal.
void AppendText(std::string_view text, TextStyle style, StyledLine* line);

// One line in one style.
StyledLine MakeLine(std::string_view text, TextStyle style = kPlainStyle);

// The words without the styles.
std::string PlainText(const StyledLine& line);

// How many columns it takes.
int WidthOf(const StyledLine& line);

// The escape sequence (SGR) that sets `style` from any other; of colours only
// where `colours`.
enum class Colours { kNone, kSixteen };
std::string StyleSequence(TextStyle style, Colours colours);

// What a line wraps to.
struct WrapOptions {
  int columns = 80;
  // Before the first row and before those that follow.
  StyledLine first_indent;
  StyledLine rest_indent;
  // Words stay whole where they fit; else text is cut where the row is full.
  enum class At { kWords, kColumns };
  At at = At::kWords;
};

// The rows that a line takes, at least one; none is wider than the columns
// unless a single character is.
std::vector<StyledLine> WrapLine(const StyledLine& line,
                                 const WrapOptions& options);

// The beginning that fits into `columns`, with "…" where something was cut.
StyledLine CutLine(const StyledLine& line, int columns);

}  // namespace cofferdam::agent
