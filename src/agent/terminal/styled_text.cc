#include "agent/terminal/styled_text.h"

#include <fmt/format.h>

#include <utility>

#include "agent/terminal/text_width.h"

namespace cofferdam::agent {
namespace {

constexpr int kTabColumns = 4;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// What must not reach the terminal as it is: C0, DEL, C1, and the characters
// that turn the direction of text around, with which code can be made to look
// like other code.
bool IsControl(int code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) ||
         (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

void AppendSpan(std::string_view text, TextStyle style, StyledLine* line) {
  if (text.empty()) return;
  if (!line->empty() && line->back().style == style) {
    line->back().text += text;
  } else {
    line->push_back({std::string(text), style});
  }
}

// Lays the clusters of a line out in rows.
class Wrapper {
 public:
  explicit Wrapper(const WrapOptions& options) : options_(options) {
    row_ = options.first_indent;
    used_ = WidthOf(row_);
  }

  void Add(std::string_view text, TextStyle style) {
    while (!text.empty()) {
      const Cluster cluster = FirstCluster(text);
      Add(text.substr(0, cluster.bytes), cluster.columns, style);
      text.remove_prefix(cluster.bytes);
    }
  }

  std::vector<StyledLine> Finish() {
    FlushWord();
    rows_.push_back(std::move(row_));
    return std::move(rows_);
  }

 private:
  void Add(std::string_view cluster, int columns, TextStyle style) {
    if (options_.at == WrapOptions::At::kColumns) {
      if (used_ + columns > options_.columns && filled_) Break();
      Put(cluster, columns, style);
      return;
    }
    if (cluster == " ") {
      FlushWord();
      AppendSpan(cluster, style, &spaces_);
      ++space_columns_;
      return;
    }
    // Scripts without spaces break after any wide character.
    AppendSpan(cluster, style, &word_);
    word_columns_ += columns;
    if (columns == 2) FlushWord();
  }

  void FlushWord() {
    if (word_.empty()) return;
    if (used_ + space_columns_ + word_columns_ <= options_.columns) {
      PutAll(spaces_, space_columns_);
    } else if (filled_) {
      Break();
    }
    if (used_ + word_columns_ <= options_.columns) {
      PutAll(word_, word_columns_);
    } else {
      PutInPieces();
    }
    word_.clear();
    spaces_.clear();
    word_columns_ = space_columns_ = 0;
  }

  void PutInPieces() {
    for (const StyledSpan& span : word_) {
      std::string_view text = span.text;
      while (!text.empty()) {
        const Cluster cluster = FirstCluster(text);
        if (used_ + cluster.columns > options_.columns && filled_) Break();
        Put(text.substr(0, cluster.bytes), cluster.columns, span.style);
        text.remove_prefix(cluster.bytes);
      }
    }
  }

  void PutAll(const StyledLine& spans, int columns) {
    for (const StyledSpan& span : spans)
      AppendSpan(span.text, span.style, &row_);
    used_ += columns;
    filled_ = filled_ || columns > 0;
  }

  void Put(std::string_view text, int columns, TextStyle style) {
    AppendSpan(text, style, &row_);
    used_ += columns;
    filled_ = true;
  }

  void Break() {
    rows_.push_back(std::move(row_));
    row_ = options_.rest_indent;
    used_ = WidthOf(row_);
    filled_ = false;
  }

  const WrapOptions& options_;
  std::vector<StyledLine> rows_;
  StyledLine row_;
  int used_ = 0;
  // Whether the row has more than its indent, so that a break gets on.
  bool filled_ = false;
  StyledLine word_, spaces_;
  int word_columns_ = 0, space_columns_ = 0;
};

}  // namespace

void AppendText(std::string_view text, TextStyle style, StyledLine* line) {
  int column = WidthOf(*line);
  size_t plain = 0;  // bytes at the front that go as they are
  const auto flush = [&] {
    AppendSpan(text.substr(0, plain), style, line);
    column += ColumnsOf(text.substr(0, plain));
    text.remove_prefix(plain);
    plain = 0;
  };
  while (plain < text.size()) {
    size_t bytes = 0;
    const int code = DecodeUtf8(text.substr(plain), &bytes);
    if (code >= 0 && !IsControl(code)) {
      plain += bytes;
      continue;
    }
    flush();
    if (code == '\t') {
      const int spaces = kTabColumns - column % kTabColumns;
      AppendSpan(std::string(static_cast<size_t>(spaces), ' '), style, line);
      column += spaces;
    } else if (code != '\r') {
      AppendSpan(kReplacement, style, line);
      ++column;
    }
    text.remove_prefix(bytes);
  }
  flush();
}

StyledLine MakeLine(std::string_view text, TextStyle style) {
  StyledLine line;
  AppendText(text, style, &line);
  return line;
}

std::string PlainText(const StyledLine& line) {
  std::string text;
  for (const StyledSpan& span : line) text += span.text;
  return text;
}

int WidthOf(const StyledLine& line) {
  int columns = 0;
  for (const StyledSpan& span : line) columns += ColumnsOf(span.text);
  return columns;
}

std::string StyleSequence(TextStyle style, Colours colours) {
  std::string sequence = "\x1b[";
  const auto add = [&](int code) { sequence += fmt::format(";{}", code); };
  if (style.bold) add(1);
  if (style.dim) add(2);
  if (style.italic) add(3);
  if (style.underline) add(4);
  if (style.reverse) add(7);
  if (style.strike) add(9);
  if (colours == Colours::kSixteen) {
    // Grey is bright black.
    constexpr int kCodes[] = {0, 31, 32, 33, 34, 35, 36, 90};
    const int code = kCodes[static_cast<size_t>(style.colour)];
    if (code != 0) add(code);
  }
  return sequence + "m";
}

std::vector<StyledLine> WrapLine(const StyledLine& line,
                                 const WrapOptions& options) {
  Wrapper wrapper(options);
  for (const StyledSpan& span : line) wrapper.Add(span.text, span.style);
  return wrapper.Finish();
}

StyledLine CutLine(const StyledLine& line, int columns) {
  if (WidthOf(line) <= columns) return line;
  StyledLine cut;
  int left = columns - 1;
  for (const StyledSpan& span : line) {
    const size_t fit = BytesThatFit(span.text, left);
    AppendSpan(std::string_view(span.text).substr(0, fit), span.style, &cut);
    left -= ColumnsOf(std::string_view(span.text).substr(0, fit));
    if (fit < span.text.size()) break;
  }
  if (columns > 0) AppendSpan("…", kDimStyle, &cut);
  return cut;
}

}  // namespace cofferdam::agent
