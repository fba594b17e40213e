#include "agent/terminal/markdown.h"

#include <fmt/format.h>
#include <md4c.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "agent/terminal/code_colours.h"
#include "agent/terminal/markdown_table.h"
#include "agent/terminal/text_width.h"
#include "base/utf8.h"

namespace cofferdam::agent {
namespace {

constexpr TextStyle kCodeStyle{.colour = Colour::kCyan};
constexpr TextStyle kRuleStyle{.dim = true};
constexpr std::string_view kQuoteMark = "▏ ";
constexpr int kTextColumnsMin = 10;

std::string Blanks(int count) {
  return std::string(static_cast<size_t>(std::max(count, 0)), ' ');
}

// "&amp;" and its like; others as they stand.
std::string DecodeEntity(std::string_view entity) {
  constexpr std::pair<std::string_view, std::string_view> kNamed[] = {
      {"&amp;", "&"},   {"&lt;", "<"},   {"&gt;", ">"},    {"&quot;", "\""},
      {"&apos;", "'"},  {"&nbsp;", " "}, {"&mdash;", "—"}, {"&ndash;", "–"},
      {"&copy;", "©"},  {"&rarr;", "→"}, {"&larr;", "←"},  {"&hellip;", "…"},
      {"&times;", "×"}, {"&le;", "≤"},   {"&ge;", "≥"},    {"&middot;", "·"},
  };
  for (const auto& [name, text] : kNamed) {
    if (name == entity) return std::string(text);
  }
  if (entity.starts_with("&#")) {
    const bool hex =
        entity.size() > 2 && (entity[2] == 'x' || entity[2] == 'X');
    const std::string_view digits = entity.substr(hex ? 3 : 2);
    int code = 0;
    const auto [end, error] = std::from_chars(
        digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
    const bool good = error == std::errc() && code > 0 && code <= 0x10FFFF &&
                      (code < 0xD800 || code >= 0xE000);
    std::string text;
    if (good) AppendUtf8(static_cast<uint32_t>(code), &text);
    if (good) return text;
  }
  return std::string(entity);
}

std::string AttributeText(const MD_ATTRIBUTE& attribute) {
  return attribute.text == nullptr
             ? std::string()
             : std::string(attribute.text, attribute.size);
}

// Hears md4c's events and lays rows out.
class Renderer {
 public:
  explicit Renderer(const MarkdownOptions& options) : options_(options) {}

  std::vector<StyledLine> Render(std::string_view text);

  void EnterBlock(MD_BLOCKTYPE type, void* detail);
  void LeaveBlock(MD_BLOCKTYPE type);
  void EnterSpan(MD_SPANTYPE type, void* detail);
  void LeaveSpan(MD_SPANTYPE type);
  void Text(MD_TEXTTYPE type, std::string_view text);

 private:
  // A quote or an item: what stands before its first row and the others.
  struct Container {
    StyledLine first;
    StyledLine rest;
    bool begun = false;
  };
  struct List {
    bool ordered = false;
    bool tight = true;
    int64_t number = 1;
  };

  void EnterItem(const MD_BLOCK_LI_DETAIL& item);
  void EnterList(const List& list);
  TextStyle Style() const;
  void Add(std::string_view text, TextStyle style);
  StyledLine Indent(bool first);
  int Room();
  // Lays out what was gathered of a paragraph, heading or tight item.
  void Flush();
  void Emit(const StyledLine& line, WrapOptions::At at);
  // A blank row where one is due before what comes.
  void Separate();
  void EmitCode();
  void EmitTable();

  const MarkdownOptions& options_;
  std::vector<StyledLine> rows_;
  bool blank_due_ = false;
  std::vector<Container> containers_;
  std::vector<List> lists_;
  // Of the block at hand. A hard break begins another line.
  std::vector<StyledLine> lines_;
  int heading_ = 0;
  int bold_ = 0, italic_ = 0, strike_ = 0, code_ = 0;
  struct Link {
    std::string address;
    size_t begin = 0;  // of its words in seen_
  };
  std::vector<Link> links_;
  std::string seen_;  // words of the block, to compare with an address
  bool in_code_ = false;
  std::string code_text_;
  std::string code_language_;
  bool in_table_ = false;
  MarkdownTable table_;
};

TextStyle Renderer::Style() const {
  TextStyle style;
  if (code_ > 0) style = kCodeStyle;
  style.bold = bold_ > 0 || heading_ > 0;
  style.italic = italic_ > 0 || heading_ > 2;
  style.underline = heading_ == 1;
  style.strike = strike_ > 0;
  if (!links_.empty()) style.underline = true;
  return style;
}

void Renderer::Add(std::string_view text, TextStyle style) {
  if (lines_.empty()) lines_.emplace_back();
  seen_ += text;
  AppendText(text, style, &lines_.back());
}

StyledLine Renderer::Indent(bool first) {
  StyledLine indent;
  size_t count = 0;
  for (Container& container : containers_) {
    if (++count > kMarkdownIndentsMax) break;
    const bool use_first = first && !container.begun;
    for (const StyledSpan& span :
         use_first ? container.first : container.rest) {
      AppendText(span.text, span.style, &indent);
    }
    if (first) container.begun = true;
  }
  return indent;
}

int Renderer::Room() {
  return std::max(options_.columns - WidthOf(Indent(false)), kTextColumnsMin);
}

void Renderer::Separate() {
  if (std::exchange(blank_due_, false) && !rows_.empty()) {
    // Quotes go on through it, items have nothing there.
    StyledLine blank = Indent(false);
    while (!blank.empty() && blank.back().text.ends_with(' ')) {
      blank.back().text.pop_back();
      if (blank.back().text.empty()) blank.pop_back();
    }
    rows_.push_back(std::move(blank));
  }
}

void Renderer::Emit(const StyledLine& line, WrapOptions::At at) {
  Separate();
  WrapOptions wrap{.columns = options_.columns, .at = at};
  wrap.first_indent = Indent(true);
  wrap.rest_indent = Indent(false);
  wrap.columns =
      std::max(wrap.columns, WidthOf(wrap.rest_indent) + kTextColumnsMin);
  for (StyledLine& row : WrapLine(line, wrap)) rows_.push_back(std::move(row));
}

void Renderer::Flush() {
  for (const StyledLine& line : lines_) Emit(line, WrapOptions::At::kWords);
  lines_.clear();
  seen_.clear();
}

void Renderer::EnterList(const List& list) {
  const bool nested = !lists_.empty();
  Flush();
  if (nested && lists_.back().tight) blank_due_ = false;
  lists_.push_back(list);
}

void Renderer::EnterItem(const MD_BLOCK_LI_DETAIL& item) {
  List& list = lists_.back();
  Container container;
  std::string mark = "• ";
  if (list.ordered) mark = fmt::format("{}. ", list.number++);
  if (item.is_task != 0) mark = item.task_mark == ' ' ? "☐ " : "☑ ";
  AppendText(mark, kNameStyle, &container.first);
  AppendText(Blanks(ColumnsOf(mark)), kPlainStyle, &container.rest);
  containers_.push_back(std::move(container));
}

void Renderer::EnterBlock(MD_BLOCKTYPE type, void* detail) {
  switch (type) {
    case MD_BLOCK_QUOTE: {
      Flush();
      Container container;
      AppendText(kQuoteMark, kDimStyle, &container.first);
      container.rest = container.first;
      Separate();
      containers_.push_back(std::move(container));
      break;
    }
    case MD_BLOCK_UL: {
      const auto* list = static_cast<MD_BLOCK_UL_DETAIL*>(detail);
      EnterList({.ordered = false, .tight = list->is_tight != 0});
      break;
    }
    case MD_BLOCK_OL: {
      const auto* list = static_cast<MD_BLOCK_OL_DETAIL*>(detail);
      const bool first = rows_.empty() && lists_.empty();
      EnterList({.ordered = true,
                 .tight = list->is_tight != 0,
                 .number = first && options_.first_number
                               ? *options_.first_number
                               : static_cast<int64_t>(list->start)});
      break;
    }
    case MD_BLOCK_LI:
      EnterItem(*static_cast<MD_BLOCK_LI_DETAIL*>(detail));
      break;
    case MD_BLOCK_H:
      Flush();
      heading_ =
          static_cast<int>(static_cast<MD_BLOCK_H_DETAIL*>(detail)->level);
      break;
    case MD_BLOCK_CODE:
      Flush();
      in_code_ = true;
      code_text_.clear();
      code_language_ =
          AttributeText(static_cast<MD_BLOCK_CODE_DETAIL*>(detail)->lang);
      break;
    case MD_BLOCK_TABLE:
      Flush();
      in_table_ = true;
      table_ = {};
      break;
    case MD_BLOCK_TR:
      table_.rows.emplace_back();
      break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD: {
      lines_.clear();
      const auto* cell = static_cast<MD_BLOCK_TD_DETAIL*>(detail);
      bold_ += type == MD_BLOCK_TH ? 1 : 0;
      if (type == MD_BLOCK_TH) {
        table_.columns.push_back(
            cell->align == MD_ALIGN_RIGHT    ? MarkdownTable::Align::kRight
            : cell->align == MD_ALIGN_CENTER ? MarkdownTable::Align::kCentre
                                             : MarkdownTable::Align::kLeft);
      }
      break;
    }
    default:
      if (type == MD_BLOCK_P) Flush();
      break;
  }
}

void Renderer::LeaveBlock(MD_BLOCKTYPE type) {
  switch (type) {
    case MD_BLOCK_QUOTE:
      Flush();
      containers_.pop_back();
      blank_due_ = true;
      break;
    case MD_BLOCK_UL:
    case MD_BLOCK_OL:
      lists_.pop_back();
      blank_due_ = true;
      break;
    case MD_BLOCK_LI:
      Flush();
      if (!containers_.back().begun) Emit({}, WrapOptions::At::kWords);
      containers_.pop_back();
      blank_due_ = !lists_.back().tight;
      break;
    case MD_BLOCK_HR:
      Emit(MakeLine(fmt::format("{:─^{}}", "", std::min(Room(), 40)),
                    kRuleStyle),
           WrapOptions::At::kColumns);
      blank_due_ = true;
      break;
    case MD_BLOCK_H:
      Flush();
      heading_ = 0;
      blank_due_ = true;
      break;
    case MD_BLOCK_CODE:
      EmitCode();
      blank_due_ = true;
      break;
    case MD_BLOCK_P:
    case MD_BLOCK_HTML:
      Flush();
      blank_due_ = true;
      break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
      bold_ -= type == MD_BLOCK_TH ? 1 : 0;
      table_.rows.back().push_back(lines_.empty() ? StyledLine()
                                                  : lines_.front());
      lines_.clear();
      seen_.clear();
      break;
    case MD_BLOCK_TABLE:
      EmitTable();
      blank_due_ = true;
      break;
    default:
      break;
  }
}

void Renderer::EmitCode() {
  in_code_ = false;
  if (code_text_.ends_with('\n')) code_text_.pop_back();
  for (StyledLine& line : ColourCode(code_text_, code_language_)) {
    StyledLine row = MakeLine("  ");
    for (StyledSpan& span : line) row.push_back(std::move(span));
    Emit(row, WrapOptions::At::kColumns);
  }
}

void Renderer::EmitTable() {
  in_table_ = false;
  for (const StyledLine& row : DrawTable(table_, Room())) {
    Emit(row, WrapOptions::At::kColumns);
  }
}

void Renderer::EnterSpan(MD_SPANTYPE type, void* detail) {
  switch (type) {
    case MD_SPAN_EM:
      ++italic_;
      break;
    case MD_SPAN_STRONG:
      ++bold_;
      break;
    case MD_SPAN_CODE:
      ++code_;
      break;
    case MD_SPAN_DEL:
      ++strike_;
      break;
    case MD_SPAN_A:
      links_.push_back(
          {AttributeText(static_cast<MD_SPAN_A_DETAIL*>(detail)->href),
           seen_.size()});
      break;
    case MD_SPAN_IMG:
      links_.push_back(
          {AttributeText(static_cast<MD_SPAN_IMG_DETAIL*>(detail)->src),
           seen_.size()});
      break;
    default:
      break;
  }
}

void Renderer::LeaveSpan(MD_SPANTYPE type) {
  switch (type) {
    case MD_SPAN_EM:
      --italic_;
      break;
    case MD_SPAN_STRONG:
      --bold_;
      break;
    case MD_SPAN_CODE:
      --code_;
      break;
    case MD_SPAN_DEL:
      --strike_;
      break;
    case MD_SPAN_A:
    case MD_SPAN_IMG: {
      const Link link = std::move(links_.back());
      links_.pop_back();
      // Also without the scheme that was put before it.
      const std::string words =
          seen_.substr(std::min(link.begin, seen_.size()));
      if (!link.address.empty() && !link.address.ends_with(words)) {
        Add(" (" + link.address + ")", kDimStyle);
      } else if (words.empty()) {
        Add(link.address, kDimStyle);
      }
      break;
    }
    default:
      break;
  }
}

void Renderer::Text(MD_TEXTTYPE type, std::string_view text) {
  if (in_code_) {
    code_text_ += type == MD_TEXT_ENTITY ? DecodeEntity(text) : text;
    return;
  }
  switch (type) {
    case MD_TEXT_BR:
      if (in_table_) {
        Add(" ", Style());
      } else {
        if (lines_.empty()) lines_.emplace_back();
        lines_.emplace_back();
      }
      break;
    case MD_TEXT_SOFTBR:
      Add(" ", Style());
      break;
    case MD_TEXT_ENTITY:
      Add(DecodeEntity(text), Style());
      break;
    case MD_TEXT_NULLCHAR:
      Add("\xEF\xBF\xBD", Style());
      break;
    default:
      Add(text, Style());
      break;
  }
}

std::vector<StyledLine> Renderer::Render(std::string_view text) {
  MD_PARSER parser{};
  parser.flags = MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH | MD_FLAG_TASKLISTS |
                 MD_FLAG_PERMISSIVEURLAUTOLINKS | MD_FLAG_NOHTML;
  parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* self) {
    static_cast<Renderer*>(self)->EnterBlock(type, detail);
    return 0;
  };
  parser.leave_block = [](MD_BLOCKTYPE type, void*, void* self) {
    static_cast<Renderer*>(self)->LeaveBlock(type);
    return 0;
  };
  parser.enter_span = [](MD_SPANTYPE type, void* detail, void* self) {
    static_cast<Renderer*>(self)->EnterSpan(type, detail);
    return 0;
  };
  parser.leave_span = [](MD_SPANTYPE type, void*, void* self) {
    static_cast<Renderer*>(self)->LeaveSpan(type);
    return 0;
  };
  parser.text = [](MD_TEXTTYPE type, const MD_CHAR* bytes, MD_SIZE size,
                   void* self) {
    static_cast<Renderer*>(self)->Text(type, std::string_view(bytes, size));
    return 0;
  };
  const int failed =
      md_parse(text.data(), static_cast<MD_SIZE>(text.size()), &parser, this);
  if (failed != 0) return {MakeLine(text)};
  Flush();
  return std::move(rows_);
}

}  // namespace

std::vector<StyledLine> RenderMarkdown(std::string_view text,
                                       const MarkdownOptions& options) {
  return Renderer(options).Render(text);
}

}  // namespace cofferdam::agent
