#include "scan/text_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace cofferdam::scan {
namespace {

// Removes the first line from `text`, without its end.
std::string_view TakeLine(std::string_view* text) {
  size_t end = text->find('\n');
  std::string_view line = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

struct Side {
  std::string_view rest;
  uint32_t number = 0;

  std::string Next(size_t columns) {
    if (rest.empty()) return std::string(columns, ' ');
    std::string line = Printable(TakeLine(&rest), LineEnds::kReplace);
    return FitColumns(fmt::format("{:>5} {}", number++, line), columns);
  }
};

}  // namespace

size_t Columns(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

std::string FitColumns(std::string_view text, size_t columns) {
  std::string shown;
  size_t width = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    bool starts = !IsContinuation(text[i]);
    if (starts && width == columns) {
      // The last one gives its place to the sign that something is missing.
      while (IsContinuation(shown.back())) shown.pop_back();
      shown.pop_back();
      return shown + "…";
    }
    if (starts) ++width;
    shown += text[i];
  }
  return shown.append(columns - width, ' ');
}

bool IsHidden(std::string_view character) {
  constexpr std::string_view kHidden[] = {
      "\u200b", "\u200c", "\u200d", "\u200e", "\u200f", "\u202a",
      "\u202b", "\u202c", "\u202d", "\u202e", "\u2060", "\u2066",
      "\u2067", "\u2068", "\u2069", "\ufeff"};
  for (std::string_view hidden : kHidden) {
    if (character == hidden) return true;
  }
  return false;
}

std::string Printable(std::string_view text, LineEnds line_ends) {
  constexpr size_t kHiddenBytes = 3;
  std::string safe;
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    // C1 controls are C2 80 to C2 9F.
    bool c1 = byte == 0xc2 && i + 1 < text.size() &&
              static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (byte == '\t') {
      safe += "  ";
    } else if (byte == '\n' && line_ends == LineEnds::kKeep) {
      safe += '\n';
    } else if (byte < 0x20 || byte == 0x7f || c1) {
      safe += "·";
      i += c1 ? 1 : 0;
    } else if (byte >= 0xe2 && IsHidden(text.substr(i, kHiddenBytes))) {
      safe += "·";
      i += kHiddenBytes - 1;
    } else {
      safe += text[i];
    }
  }
  return safe;
}

std::string_view LinesOf(std::string_view text, uint32_t first, uint32_t last) {
  auto end_of = [&text](uint32_t lines) {
    size_t at = 0;
    for (; lines > 0 && at < text.size(); --lines) {
      size_t newline = text.find('\n', at);
      at = newline == std::string_view::npos ? text.size() : newline + 1;
    }
    return at;
  };
  if (first == 0 || last < first) return {};
  size_t begin = end_of(first - 1);
  return text.substr(begin, end_of(last) - begin);
}

std::string SideBySide(NumberedText left, NumberedText right, size_t width,
                       size_t lines_max) {
  size_t columns = std::max<size_t>(width, 24) / 2 - 2;
  Side sides[] = {{left.text, left.first_line}, {right.text, right.first_line}};
  std::string shown;
  for (size_t line = 0; !sides[0].rest.empty() || !sides[1].rest.empty();
       ++line) {
    if (line == lines_max) {
      size_t more = std::max(
          std::count(sides[0].rest.begin(), sides[0].rest.end(), '\n'),
          std::count(sides[1].rest.begin(), sides[1].rest.end(), '\n'));
      shown +=
          fmt::format("      … {} more lines\n", std::max<size_t>(more, 1));
      break;
    }
    std::string row = sides[0].Next(columns) + " | " + sides[1].Next(columns);
    row.erase(row.find_last_not_of(' ') + 1);
    shown += row + '\n';
  }
  return shown;
}

}  // namespace cofferdam::scan
