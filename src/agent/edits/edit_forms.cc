#include <algorithm>
#include <array>
#include <cctype>

#include "agent/edits/edit_internal.h"

namespace cofferdam::agent {
namespace {

constexpr std::string_view kArrow = "\xe2\x86\x92";  // U+2192
constexpr std::string_view kEllipsis = "\xe2\x80\xa6";
constexpr size_t kNumberDigitsMax = 7;
constexpr size_t kElisionBytesMax = 80;

std::string_view Trimmed(std::string_view line) {
  line = WithoutTrailing(line);
  size_t begin = line.find_first_not_of(" \t");
  return begin == std::string_view::npos ? "" : line.substr(begin);
}

std::string Join(const std::vector<std::string_view>& lines, size_t begin,
                 size_t end, bool ends) {
  std::string text;
  for (size_t i = begin; i < end; ++i) {
    text += lines[i];
    if (i + 1 < end || ends) text += '\n';
  }
  return text;
}

// Without the blank lines around it, and as many of those around the new text.
std::optional<EditForm> WithoutBlankLines(std::string_view old_text,
                                          std::string_view new_text) {
  EditLines before = SplitEditLines(old_text);
  EditLines after = SplitEditLines(new_text);
  size_t begin = 0;
  size_t end = before.lines.size();
  while (begin < end && IsBlankLine(before.lines[begin])) ++begin;
  while (end > begin && IsBlankLine(before.lines[end - 1])) --end;
  size_t tail = before.lines.size() - end;
  if (begin == end || begin + tail == 0) return std::nullopt;
  size_t new_begin = 0;
  size_t new_end = after.lines.size();
  while (new_begin < begin && new_begin < new_end &&
         IsBlankLine(after.lines[new_begin])) {
    ++new_begin;
  }
  for (size_t i = 0;
       i < tail && new_end > new_begin && IsBlankLine(after.lines[new_end - 1]);
       ++i) {
    --new_end;
  }
  // The last line's end belongs to the old text where a line followed it.
  bool ends = before.ends || tail > 0;
  return EditForm{EditLevel::kBlankLines, Join(before.lines, begin, end, ends),
                  Join(after.lines, new_begin, new_end, ends), ""};
}

struct Unescaped {
  std::string text;
  // A line's end inside of double quotes: perhaps it was meant as written.
  bool ends_in_quotes = false;
  bool changed = false;
};

Unescaped Unescape(std::string_view text) {
  Unescaped out;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"') quoted = !quoted;
    if (c == '\n') quoted = false;
    if (c != '\\' || i + 1 == text.size()) {
      out.text.push_back(c);
      continue;
    }
    char next = text[++i];
    out.changed = true;
    if (next == 'n') {
      out.ends_in_quotes = out.ends_in_quotes || quoted;
      out.text.push_back('\n');
      quoted = false;
    } else if (next == 't') {
      out.text.push_back('\t');
    } else if (next == 'r') {
      continue;
    } else if (next == '"' || next == '\\' || next == '\'') {
      if (next == '"') quoted = !quoted;
      out.text.push_back(next);
    } else {
      out.text.push_back('\\');
      out.text.push_back(next);
    }
  }
  return out;
}

std::string UnescapeQuotes(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    bool escaped = text[i] == '\\' && i + 1 < text.size() &&
                   (text[i + 1] == '"' || text[i + 1] == '\'');
    if (!escaped) out.push_back(text[i]);
  }
  return out;
}

std::optional<EditForm> WithoutEscapes(std::string_view old_text,
                                       std::string_view new_text) {
  if (old_text.find('\\') == std::string_view::npos) return std::nullopt;
  // Real line ends beside written ones: then those are code.
  bool real_ends = old_text.find('\n') != std::string_view::npos;
  if (real_ends) {
    std::string quotes = UnescapeQuotes(old_text);
    if (quotes == old_text) return std::nullopt;
    return EditForm{EditLevel::kEscapes, quotes, UnescapeQuotes(new_text), ""};
  }
  Unescaped before = Unescape(old_text);
  if (!before.changed) return std::nullopt;
  EditForm form = {EditLevel::kEscapes, before.text, std::string(new_text), ""};
  if (new_text.find('\n') == std::string_view::npos) {
    Unescaped after = Unescape(new_text);
    form.new_text = after.text;
    if (after.ends_in_quotes) {
      form.unclear =
          "new has \\n inside of quotes, and old has line ends written as \\n;"
          " send both with real line ends";
    }
  }
  return form;
}

struct NumberPrefix {
  int64_t number = 0;
  size_t bytes = 0;
  char kind = 0;
};

// "  12→", "12\t", "12: ", "12| ", "12 | ".
std::optional<NumberPrefix> ReadNumberPrefix(std::string_view line) {
  size_t i = line.find_first_not_of(' ');
  if (i == std::string_view::npos) return std::nullopt;
  size_t digits = i;
  NumberPrefix prefix;
  while (i < line.size() && std::isdigit(static_cast<unsigned char>(line[i])) &&
         i - digits < kNumberDigitsMax) {
    prefix.number = prefix.number * 10 + (line[i++] - '0');
  }
  if (i == digits) return std::nullopt;
  std::string_view rest = line.substr(i);
  struct Mark {
    std::string_view text;
    char kind;
  };
  constexpr std::array<Mark, 7> kMarks = {{{kArrow, '>'},
                                           {"\t", 't'},
                                           {" | ", '|'},
                                           {"| ", '|'},
                                           {"|", '|'},
                                           {": ", ':'},
                                           {":", ':'}}};
  for (const Mark& mark : kMarks) {
    if (!rest.starts_with(mark.text)) continue;
    prefix.bytes = i + mark.text.size();
    prefix.kind = mark.kind;
    return prefix;
  }
  return std::nullopt;
}

std::optional<EditForm> WithoutLineNumbers(std::string_view old_text,
                                           std::string_view new_text) {
  EditLines before = SplitEditLines(old_text);
  std::optional<int64_t> first;
  char kind = 0;
  for (size_t i = 0; i < before.lines.size(); ++i) {
    if (IsBlankLine(before.lines[i])) continue;
    std::optional<NumberPrefix> prefix = ReadNumberPrefix(before.lines[i]);
    if (!prefix || (kind != 0 && prefix->kind != kind)) return std::nullopt;
    int64_t begin = prefix->number - static_cast<int64_t>(i);
    if (first && *first != begin) return std::nullopt;
    first = begin;
    kind = prefix->kind;
    before.lines[i].remove_prefix(prefix->bytes);
  }
  if (!first) return std::nullopt;
  EditLines after = SplitEditLines(new_text);
  for (std::string_view& line : after.lines) {
    std::optional<NumberPrefix> prefix = ReadNumberPrefix(line);
    if (prefix && prefix->kind == kind) line.remove_prefix(prefix->bytes);
  }
  return EditForm{EditLevel::kLineNumbers,
                  Join(before.lines, 0, before.lines.size(), before.ends),
                  Join(after.lines, 0, after.lines.size(), after.ends), ""};
}

std::optional<std::string> WithoutFenceLines(std::string_view text) {
  EditLines split = SplitEditLines(text);
  size_t count = split.lines.size();
  if (count < 3 || !Trimmed(split.lines[0]).starts_with("```") ||
      Trimmed(split.lines[count - 1]) != "```") {
    return std::nullopt;
  }
  return Join(split.lines, 1, count - 1, true);
}

std::optional<EditForm> WithoutFence(std::string_view old_text,
                                     std::string_view new_text) {
  std::optional<std::string> before = WithoutFenceLines(old_text);
  if (!before) return std::nullopt;
  return EditForm{EditLevel::kFence, *before,
                  WithoutFenceLines(new_text).value_or(std::string(new_text)),
                  ""};
}

// What a comment says, and nothing for a line that is none.
std::string_view CommentText(std::string_view line, bool* is_comment) {
  line = Trimmed(line);
  constexpr std::array<std::string_view, 10> kMarks = {
      "<!--", "{/*", "/*", "//", "--", "#", ";", "%", "'", "*"};
  *is_comment = false;
  for (std::string_view mark : kMarks) {
    if (!line.starts_with(mark)) continue;
    *is_comment = true;
    line.remove_prefix(mark.size());
    break;
  }
  while (line.starts_with('/') || line.starts_with('#')) line.remove_prefix(1);
  for (std::string_view mark : {"-->", "*/}", "*/"}) {
    if (line.ends_with(mark)) line.remove_suffix(mark.size());
  }
  return Trimmed(line);
}

bool HasDots(std::string_view text) {
  return text.starts_with("...") || text.starts_with(kEllipsis);
}

bool EndsInDots(std::string_view text) {
  return text.ends_with("...") || text.ends_with(kEllipsis);
}

}  // namespace

std::vector<EditForm> OtherForms(std::string_view old_text,
                                 std::string_view new_text) {
  std::vector<EditForm> forms;
  for (auto* read : {&WithoutBlankLines, &WithoutEscapes, &WithoutLineNumbers,
                     &WithoutFence}) {
    std::optional<EditForm> form = read(old_text, new_text);
    if (form && !IsBlankLine(form->old_text) && form->old_text != old_text)
      forms.push_back(*std::move(form));
  }
  return forms;
}

bool IsElision(std::string_view line) {
  bool is_comment = false;
  std::string_view text = CommentText(line, &is_comment);
  if (text.size() > kElisionBytesMax) return false;
  if (text == "..." || text == kEllipsis) return true;
  return is_comment && (HasDots(text) || EndsInDots(text));
}

std::string_view FindPlaceholder(std::string_view text,
                                 std::string_view new_text) {
  constexpr std::array<std::string_view, 12> kWords = {
      "existing", "rest of",   "remaining", "unchanged",
      "previous", "omitted",   "same as",   "other ",
      "keep",     "as before", "your code", "truncated"};
  EditLines lines = SplitEditLines(new_text);
  for (std::string_view line : lines.lines) {
    bool is_comment = false;
    std::string_view said = CommentText(line, &is_comment);
    if (!is_comment || said.size() > kElisionBytesMax ||
        (!HasDots(said) && !EndsInDots(said))) {
      continue;
    }
    std::string lower(said);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
      return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    bool speaks_of_code =
        std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) {
          return lower.find(word) != std::string::npos;
        });
    if (!speaks_of_code) continue;
    std::string_view shown = Trimmed(line);
    if (text.find(shown) == std::string_view::npos) return shown;
  }
  return "";
}

}  // namespace cofferdam::agent
