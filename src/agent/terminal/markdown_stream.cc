#include "agent/terminal/markdown_stream.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "agent/terminal/markdown.h"

namespace cofferdam::agent {
namespace {

constexpr size_t kTabColumns = 4;
constexpr size_t kBlockIndentMax = 3;
constexpr size_t kListDigitsMax = 9;

bool IsBlankLine(std::string_view line) {
  return line.find_first_not_of(" \t") == line.npos;
}

// Columns of white space at the begin, and the bytes that they take.
struct Indent {
  size_t columns = 0;
  size_t bytes = 0;
};

Indent IndentOf(std::string_view line) {
  Indent indent;
  for (char byte : line) {
    if (byte == ' ') {
      ++indent.columns;
    } else if (byte == '\t') {
      indent.columns += kTabColumns - indent.columns % kTabColumns;
    } else {
      break;
    }
    ++indent.bytes;
  }
  return indent;
}

// Without up to `columns` columns of white space.
std::string_view WithoutIndent(std::string_view line, size_t columns) {
  while (columns > 0 && line.starts_with(' ')) {
    line.remove_prefix(1);
    --columns;
  }
  return line;
}

bool IsHeading(std::string_view line) {
  const Indent indent = IndentOf(line);
  if (indent.columns > kBlockIndentMax) return false;
  line.remove_prefix(indent.bytes);
  const size_t signs = std::min(line.find_first_not_of('#'), line.size());
  return signs >= 1 && signs <= 6 &&
         (signs == line.size() || line[signs] == ' ' || line[signs] == '\t');
}

// Of three or more of one sign and blanks; of which sign, or 0.
char RuleSign(std::string_view line) {
  const Indent indent = IndentOf(line);
  if (indent.columns > kBlockIndentMax) return 0;
  line.remove_prefix(indent.bytes);
  if (line.empty()) return 0;
  const char sign = line.front();
  if (sign != '-' && sign != '*' && sign != '_') return 0;
  size_t count = 0;
  for (char byte : line) {
    if (byte == sign) ++count;
    if (byte != sign && byte != ' ' && byte != '\t') return 0;
  }
  return count >= 3 ? sign : 0;
}

bool IsQuote(std::string_view line) {
  const Indent indent = IndentOf(line);
  return indent.columns <= kBlockIndentMax &&
         line.substr(indent.bytes).starts_with('>');
}

// A row of a table that says how columns are aligned.
bool IsDelimiterRow(std::string_view line) {
  return line.find('-') != line.npos &&
         (line.find('|') != line.npos || line.find(':') != line.npos) &&
         line.find_first_not_of(" \t|:-") == line.npos;
}

}  // namespace

std::optional<MarkdownStream::Fence> MarkdownStream::FenceOf(
    std::string_view line) {
  const Indent indent = IndentOf(line);
  if (indent.columns > kBlockIndentMax) return std::nullopt;
  line.remove_prefix(indent.bytes);
  if (!line.starts_with("```") && !line.starts_with("~~~")) {
    return std::nullopt;
  }
  Fence fence{.sign = line.front(), .length = 0, .indent = indent.columns};
  fence.length = std::min(line.find_first_not_of(fence.sign), line.size());
  // Else it is code within a line.
  if (fence.sign == '`' && line.find('`', fence.length) != line.npos) {
    return std::nullopt;
  }
  return fence;
}

std::optional<MarkdownStream::ListMark> MarkdownStream::ListMarkOf(
    std::string_view line) {
  const Indent indent = IndentOf(line);
  if (indent.columns > kBlockIndentMax) return std::nullopt;
  line.remove_prefix(indent.bytes);
  ListMark mark;
  size_t digits = 0;
  while (digits < line.size() && digits <= kListDigitsMax &&
         line[digits] >= '0' && line[digits] <= '9') {
    ++digits;
  }
  if (digits > kListDigitsMax || digits >= line.size()) return std::nullopt;
  mark.sign = line[digits];
  if (digits > 0) {
    if (mark.sign != '.' && mark.sign != ')') return std::nullopt;
    mark.number = 0;
    for (char digit : line.substr(0, digits)) {
      mark.number = 10 * *mark.number + (digit - '0');
    }
  } else if (mark.sign != '-' && mark.sign != '*' && mark.sign != '+') {
    return std::nullopt;
  }
  const std::string_view rest = line.substr(digits + 1);
  if (!rest.empty() && rest.front() != ' ' && rest.front() != '\t') {
    return std::nullopt;
  }
  const size_t blanks = IndentOf(rest).columns;
  // An empty item, or one that begins with indented code: one blank.
  const bool one = IsBlankLine(rest) || blanks > kTabColumns;
  mark.content = indent.columns + digits + 1 + (one ? 1 : blanks);
  return mark;
}

bool MarkdownStream::BeginsBlock(std::string_view line) {
  if (FenceOf(line) || IsHeading(line) || IsQuote(line)) return true;
  // Three dashes under a paragraph make it a heading.
  const char rule = RuleSign(line);
  if (rule == '*' || rule == '_') return true;
  if (rule == '-' && line.find(' ') == line.npos) return false;
  const auto mark = ListMarkOf(line);
  if (!mark) return false;
  const bool empty = IndentOf(line).columns + 2 >= line.size();
  return !empty && mark->number.value_or(1) == 1;
}

void MarkdownStream::Append(std::string_view piece) {
  while (!piece.empty()) {
    const size_t end = std::min(piece.find('\n'), piece.size());
    const bool whole = end < piece.size();
    line_ += piece.substr(0, end);
    piece.remove_prefix(std::min(end + 1, piece.size()));
    while (line_.size() > kMarkdownLineBytesMax) {
      size_t cut = kMarkdownLineBytesMax;
      while (cut > 1 && (line_[cut] & 0xC0) == 0x80) --cut;
      TakeLine(std::string(line_, 0, cut));
      line_.erase(0, cut);
    }
    if (!whole) return;
    std::string line = std::exchange(line_, "");
    if (line.ends_with('\r')) line.pop_back();
    TakeLine(line);
  }
}

void MarkdownStream::Finish() {
  if (!line_.empty()) TakeLine(std::exchange(line_, ""));
  CloseBlock();
  list_.reset();
}

void MarkdownStream::TakeLine(std::string_view line) {
  if (block_ == Block::kFence) {
    TakeFenceLine(line);
    return;
  }
  if (IsBlankLine(line)) {
    if (block_ == Block::kItem) {
      text_ += '\n';
      item_blank_ = true;
      return;
    }
    CloseBlock();
    blank_line_ = true;
    return;
  }
  if (block_ == Block::kItem) {
    if (TakeItemLine(line)) return;
    CloseBlock();
  } else if (block_ == Block::kText || block_ == Block::kQuote) {
    const bool quote = block_ == Block::kQuote;
    const bool ends =
        quote ? !IsQuote(line) && (BeginsBlock(line) || RuleSign(line) != 0)
              : BeginsBlock(line);
    if (!ends && text_.size() <= kMarkdownBlockBytesMax) {
      text_.append(line).push_back('\n');
      return;
    }
    CloseBlock();
  }
  OpenBlock(line);
}

void MarkdownStream::TakeFenceLine(std::string_view line) {
  const auto fence = FenceOf(line);
  const bool ends = fence && fence->sign == fence_.sign &&
                    fence->length >= fence_.length &&
                    line.find_first_not_of(" \t`~") == line.npos;
  if (ends) {
    block_ = Block::kNone;
    colouring_.reset();
    apart_ = fence_begun_;
    return;
  }
  StyledLine row = MakeLine("  ");
  for (StyledSpan& span : colouring_->Add(WithoutIndent(line, fence_.indent))) {
    row.push_back(std::move(span));
  }
  AddRows(WrapLine(row, {.columns = columns_,
                         .first_indent = {},
                         .rest_indent = MakeLine("  "),
                         .at = WrapOptions::At::kColumns}),
          !fence_begun_);
  fence_begun_ = true;
}

bool MarkdownStream::TakeItemLine(std::string_view line) {
  if (text_.size() > kMarkdownBlockBytesMax) return false;
  const bool inside = IndentOf(line).columns >= list_->content;
  if (!inside) {
    if (item_fence_ || item_blank_ || ListMarkOf(line) || BeginsBlock(line) ||
        RuleSign(line) != 0) {
      return false;
    }
  } else {
    const auto fence = FenceOf(WithoutIndent(line, list_->content));
    if (!item_fence_) {
      item_fence_ = fence;
    } else if (fence && fence->sign == item_fence_->sign &&
               fence->length >= item_fence_->length) {
      item_fence_.reset();
    }
  }
  item_blank_ = false;
  text_.append(line).push_back('\n');
  return true;
}

void MarkdownStream::OpenBlock(std::string_view line) {
  const auto mark = ListMarkOf(line);
  if (mark && RuleSign(line) == 0) {
    OpenItem(line, *mark);
    return;
  }
  list_.reset();
  if (const auto fence = FenceOf(line)) {
    block_ = Block::kFence;
    fence_ = *fence;
    fence_begun_ = false;
    const size_t name = line.find_first_not_of(" \t`~");
    colouring_.emplace(name == line.npos ? "" : line.substr(name));
    return;
  }
  if (IsHeading(line) || RuleSign(line) != 0) {
    AddRows(RenderBlock(line), IsHeading(line));
    return;
  }
  block_ = IsQuote(line) ? Block::kQuote : Block::kText;
  text_.assign(line).push_back('\n');
}

void MarkdownStream::OpenItem(std::string_view line, const ListMark& mark) {
  const bool next = list_ && list_->sign == mark.sign &&
                    list_->number.has_value() == mark.number.has_value();
  number_ = next ? number_ + 1 : mark.number.value_or(1);
  list_ = mark;
  block_ = Block::kItem;
  text_.assign(line).push_back('\n');
  item_blank_ = false;
  item_fence_ = line.size() > mark.content ? FenceOf(line.substr(mark.content))
                                           : std::nullopt;
}

void MarkdownStream::CloseBlock() {
  const Block block = std::exchange(block_, Block::kNone);
  const std::string text = std::exchange(text_, "");
  if (block == Block::kText || block == Block::kQuote) {
    const bool table = IsTable(text);
    AddRows(RenderBlock(text), table);
    apart_ = table;
  } else if (block == Block::kItem) {
    AddRows(RenderBlock(text), false);
    blank_line_ = item_blank_;
  }
}

std::vector<StyledLine> MarkdownStream::RenderBlock(
    std::string_view text) const {
  MarkdownOptions options{.columns = columns_, .first_number = std::nullopt};
  if (list_ && list_->number) options.first_number = number_;
  return RenderMarkdown(text, options);
}

void MarkdownStream::AddRows(std::vector<StyledLine> rows, bool apart) {
  if (rows.empty()) return;
  if (any_ && (apart || apart_ || blank_line_)) rows_.emplace_back();
  any_ = true;
  apart_ = false;
  blank_line_ = false;
  for (StyledLine& row : rows) rows_.push_back(std::move(row));
}

bool MarkdownStream::IsTable(std::string_view text) const {
  const size_t first = text.find('\n');
  if (first == text.npos || text.substr(0, first).find('|') == text.npos) {
    return false;
  }
  const std::string_view second = text.substr(first + 1);
  return IsDelimiterRow(
      second.substr(0, std::min(second.find('\n'), second.size())));
}

std::vector<StyledLine> MarkdownStream::TakeRows() {
  return std::exchange(rows_, {});
}

std::vector<StyledLine> MarkdownStream::Tail(size_t rows_max) const {
  std::vector<StyledLine> rows;
  bool apart = apart_ || blank_line_;
  if (block_ == Block::kFence) {
    apart = !fence_begun_;
    const bool perhaps_end = IndentOf(line_).bytes < line_.size() &&
                             line_[IndentOf(line_).bytes] == fence_.sign;
    if (!line_.empty() && !perhaps_end) {
      rows =
          WrapLine(MakeLine("  " + line_), {.columns = columns_,
                                            .first_indent = {},
                                            .rest_indent = MakeLine("  "),
                                            .at = WrapOptions::At::kColumns});
    }
  } else if (block_ == Block::kText && IsTable(text_)) {
    apart = true;
    std::string_view rest = text_;
    for (; !rest.empty();) {
      const size_t end = rest.find('\n');
      rows.push_back(
          CutLine(MakeLine(rest.substr(0, end), kDimStyle), columns_));
      rest.remove_prefix(end + 1);
    }
    if (!line_.empty()) {
      rows.push_back(CutLine(MakeLine(line_, kDimStyle), columns_));
    }
  } else if (block_ != Block::kNone || !line_.empty()) {
    rows = RenderBlock(text_ + line_);
  }
  if (rows.empty()) return rows;
  if (any_ && apart) rows.insert(rows.begin(), StyledLine());
  if (rows.size() > rows_max) {
    rows.erase(rows.begin(), rows.end() - static_cast<ptrdiff_t>(rows_max));
  }
  return rows;
}

}  // namespace cofferdam::agent
