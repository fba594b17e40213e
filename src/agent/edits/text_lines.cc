#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "agent/edits/text_lines_internal.h"

namespace cofferdam::agent {
namespace {

// Cells of the table behind DiffLines.
constexpr size_t kDiffCellsMax = 1'000'000;

bool IsBlank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

struct Typography {
  std::string_view unicode;
  std::string_view plain;
};

// General Punctuation and its like, as people and models type it.
constexpr std::array<Typography, 38> kTypography = {{
    {"\xc2\xa0", " "},      {"\xc2\xab", "\""},      {"\xc2\xad", ""},
    {"\xc2\xb4", "'"},      {"\xc2\xbb", "\""},      {"\xe2\x80\x80", " "},
    {"\xe2\x80\x81", " "},  {"\xe2\x80\x82", " "},   {"\xe2\x80\x83", " "},
    {"\xe2\x80\x84", " "},  {"\xe2\x80\x85", " "},   {"\xe2\x80\x86", " "},
    {"\xe2\x80\x87", " "},  {"\xe2\x80\x88", " "},   {"\xe2\x80\x89", " "},
    {"\xe2\x80\x8a", " "},  {"\xe2\x80\x8b", ""},    {"\xe2\x80\x90", "-"},
    {"\xe2\x80\x91", "-"},  {"\xe2\x80\x92", "-"},   {"\xe2\x80\x93", "-"},
    {"\xe2\x80\x94", "-"},  {"\xe2\x80\x95", "-"},   {"\xe2\x80\x98", "'"},
    {"\xe2\x80\x99", "'"},  {"\xe2\x80\x9a", "'"},   {"\xe2\x80\x9b", "'"},
    {"\xe2\x80\x9c", "\""}, {"\xe2\x80\x9d", "\""},  {"\xe2\x80\x9e", "\""},
    {"\xe2\x80\x9f", "\""}, {"\xe2\x80\xa6", "..."}, {"\xe2\x80\xaf", " "},
    {"\xe2\x81\x9f", " "},  {"\xe2\x88\x92", "-"},   {"\xe3\x80\x80", " "},
    {"\xef\xbb\xbf", ""},   {"\xef\xbc\x8c", ","},
}};

// What `text` begins with, if that has a plain form.
const Typography* FindTypography(std::string_view text) {
  auto lead = static_cast<unsigned char>(text[0]);
  if (lead != 0xc2 && lead != 0xe2 && lead != 0xe3 && lead != 0xef)
    return nullptr;
  for (const Typography& one : kTypography) {
    if (text.starts_with(one.unicode)) return &one;
  }
  return nullptr;
}

// Appends `line` with plain punctuation and single blanks.
void AppendPlain(std::string_view line, size_t offset, std::string* out,
                 std::vector<size_t>* ends) {
  size_t start = out->size();
  auto append = [&](char c, size_t end) {
    bool after_blank = out->size() > start && out->back() == ' ';
    if (c == ' ' && (after_blank || out->size() == start)) {
      if (after_blank && ends != nullptr) ends->back() = offset + end;
      return;
    }
    out->push_back(c);
    if (ends != nullptr) ends->push_back(offset + end);
  };
  for (size_t i = 0; i < line.size();) {
    const Typography* found = FindTypography(line.substr(i));
    if (found == nullptr) {
      append(IsBlank(line[i]) ? ' ' : line[i], i + 1);
      ++i;
      continue;
    }
    i += found->unicode.size();
    for (char c : found->plain) append(c, i);
  }
  if (out->size() > start && out->back() == ' ') {
    out->pop_back();
    if (ends != nullptr) ends->pop_back();
  }
}

void LongestCommon(const std::vector<std::string_view>& before,
                   const std::vector<std::string_view>& after,
                   const LineChange& range, std::vector<LineChange>* changes) {
  size_t rows = range.old_end - range.old_begin;
  size_t columns = range.new_end - range.new_begin;
  std::vector<uint32_t> table((rows + 1) * (columns + 1), 0);
  auto at = [&](size_t i, size_t j) -> uint32_t& {
    return table[i * (columns + 1) + j];
  };
  auto same = [&](size_t i, size_t j) {
    return WithoutTrailing(before[range.old_begin + i]) ==
           WithoutTrailing(after[range.new_begin + j]);
  };
  for (size_t i = rows; i-- > 0;) {
    for (size_t j = columns; j-- > 0;) {
      at(i, j) = same(i, j) ? at(i + 1, j + 1) + 1
                            : std::max(at(i + 1, j), at(i, j + 1));
    }
  }
  auto push = [&](size_t i, size_t j, size_t old_count, size_t new_count,
                  bool equal) {
    size_t old_begin = range.old_begin + i;
    size_t new_begin = range.new_begin + j;
    if (!changes->empty() && changes->back().equal == equal) {
      changes->back().old_end = old_begin + old_count;
      changes->back().new_end = new_begin + new_count;
      return;
    }
    changes->push_back({old_begin, old_begin + old_count, new_begin,
                        new_begin + new_count, equal});
  };
  size_t i = 0;
  size_t j = 0;
  while (i < rows || j < columns) {
    if (i < rows && j < columns && same(i, j)) {
      push(i++, j++, 1, 1, true);
    } else if (j == columns || (i < rows && at(i + 1, j) >= at(i, j + 1))) {
      push(i++, j, 1, 0, false);
    } else {
      push(i, j++, 0, 1, false);
    }
  }
}

}  // namespace

std::vector<TextLine> SplitTextLines(std::string_view text) {
  std::vector<TextLine> lines;
  size_t begin = 0;
  while (begin < text.size()) {
    const void* found =
        std::memchr(text.data() + begin, '\n', text.size() - begin);
    if (found == nullptr) {
      lines.push_back({begin, text.size(), text.size()});
      break;
    }
    size_t newline =
        static_cast<size_t>(static_cast<const char*>(found) - text.data());
    size_t end = newline;
    if (end > begin && text[end - 1] == '\r') --end;
    lines.push_back({begin, end, newline + 1});
    begin = newline + 1;
  }
  return lines;
}

EditLines SplitEditLines(std::string_view text) {
  EditLines split;
  for (const TextLine& line : SplitTextLines(text)) {
    split.lines.push_back(text.substr(line.begin, line.end - line.begin));
  }
  split.ends = text.ends_with('\n');
  return split;
}

std::string_view IndentOf(std::string_view line) {
  size_t end = line.find_first_not_of(" \t");
  return line.substr(0, end == std::string_view::npos ? line.size() : end);
}

std::string_view WithoutTrailing(std::string_view line) {
  while (!line.empty() && IsBlank(line.back())) line.remove_suffix(1);
  return line;
}

bool IsBlankLine(std::string_view line) {
  return WithoutTrailing(line).empty();
}

std::string_view LineEndOf(std::string_view text) {
  size_t all = 0;
  size_t carriage = 0;
  for (size_t at = text.find('\n'); at != std::string_view::npos;
       at = text.find('\n', at + 1)) {
    ++all;
    if (at > 0 && text[at - 1] == '\r') ++carriage;
  }
  return carriage * 2 > all ? "\r\n" : "\n";
}

std::string WithLineEnds(std::string_view text, std::string_view end) {
  std::string out;
  out.reserve(text.size());
  for (const TextLine& line : SplitTextLines(text)) {
    out += text.substr(line.begin, line.end - line.begin);
    if (line.next > line.end) out += end;
  }
  return out;
}

std::vector<LineChange> DiffLines(const std::vector<std::string_view>& before,
                                  const std::vector<std::string_view>& after) {
  auto same = [&](size_t i, size_t j) {
    return WithoutTrailing(before[i]) == WithoutTrailing(after[j]);
  };
  size_t shorter = std::min(before.size(), after.size());
  size_t head = 0;
  while (head < shorter && same(head, head)) ++head;
  size_t tail = 0;
  while (tail < shorter - head &&
         same(before.size() - 1 - tail, after.size() - 1 - tail)) {
    ++tail;
  }
  std::vector<LineChange> changes;
  if (head > 0) changes.push_back({0, head, 0, head, true});
  LineChange middle = {head, before.size() - tail, head, after.size() - tail,
                       false};
  size_t rows = middle.old_end - middle.old_begin;
  size_t columns = middle.new_end - middle.new_begin;
  if (rows == 0 || columns == 0 || rows > kDiffCellsMax / columns) {
    if (rows + columns > 0) changes.push_back(middle);
  } else {
    LongestCommon(before, after, middle, &changes);
  }
  if (tail > 0) {
    if (!changes.empty() && changes.back().equal) {
      changes.back().old_end = before.size();
      changes.back().new_end = after.size();
    } else {
      changes.push_back({before.size() - tail, before.size(),
                         after.size() - tail, after.size(), true});
    }
  }
  return changes;
}

void ProjectLine(std::string_view line, Closeness closeness, std::string* out,
                 std::vector<size_t>* ends) {
  size_t offset = 0;
  if (closeness != Closeness::kLineEndings) line = WithoutTrailing(line);
  if (closeness == Closeness::kPunctuation) {
    AppendPlain(line, 0, out, ends);
    return;
  }
  if (closeness == Closeness::kIndentation) {
    while (!line.empty() && IsBlank(line.front())) {
      line.remove_prefix(1);
      ++offset;
    }
  }
  out->append(line);
  if (ends == nullptr) return;
  for (size_t i = 0; i < line.size(); ++i) ends->push_back(offset + i + 1);
}

Projection Project(std::string_view text, const std::vector<TextLine>& lines,
                   Closeness closeness) {
  Projection projection;
  projection.text.reserve(text.size() + 1);
  projection.line_begins.reserve(lines.size());
  for (const TextLine& line : lines) {
    projection.line_begins.push_back(projection.text.size());
    ProjectLine(text.substr(line.begin, line.end - line.begin), closeness,
                &projection.text, nullptr);
    projection.text.push_back('\n');
  }
  return projection;
}

}  // namespace cofferdam::agent
