#include "benches/rewriting.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace cofferdam::bench {
namespace {

using fingerprint::Language;
using fingerprint::TokenKind;

constexpr size_t kTabColumns = 4;

std::vector<std::string_view> LinesOfText(std::string_view text) {
  std::vector<std::string_view> lines;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

size_t IndentOf(std::string_view line) {
  size_t columns = 0;
  for (const char c : line) {
    if (c == ' ') {
      ++columns;
    } else if (c == '\t') {
      columns += kTabColumns;
    } else {
      break;
    }
  }
  return columns;
}

// Whether a ";" stands in what lies between two tokens, comments aside.
bool HasSemicolon(std::string_view gap) {
  return gap.substr(0, gap.find_first_of("/#")).find(';') !=
         std::string_view::npos;
}

bool IsNameByte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80) != 0;
}

std::string NewName(SeededRandom* random) {
  static constexpr std::array<std::string_view, 20> kSyllables = {
      "ba", "ce", "di", "fo", "gu", "ha", "ke", "li", "mo", "nu",
      "pa", "re", "si", "to", "vu", "wa", "xe", "zi", "lo", "mu"};
  std::string name;
  const uint64_t syllables = 2 + random->Below(3);
  for (uint64_t i = 0; i < syllables; ++i)
    name += kSyllables[random->Below(kSyllables.size())];
  return name + std::to_string(random->Below(1000));
}

bool EndsLinesItself(Language language) {
  switch (language) {
    case Language::kC:
    case Language::kJava:
    case Language::kJavaScript:
    case Language::kRust:
    case Language::kGo:
    case Language::kCSharp:
      return true;
    default:
      return false;
  }
}

// Whether a line may end after `token` and go on after any line end, in every
// language that EndsLinesItself.
bool MayBreakAfter(const CodeToken& token) {
  return token.text == "," || token.text == "(" || token.text == "{";
}

bool NeedsSpace(const CodeToken& left, const CodeToken& right) {
  const char a = left.text.back();
  const char b = right.text.front();
  if (IsNameByte(a) && IsNameByte(b)) return true;
  if (left.kind == TokenKind::kOperator && right.kind == TokenKind::kOperator) {
    static constexpr std::string_view kAlone = "()[]{},";
    return kAlone.find(a) == std::string_view::npos &&
           kAlone.find(b) == std::string_view::npos;
  }
  // A literal with a prefix, a regular expression, a lifetime.
  return left.kind == TokenKind::kString || right.kind == TokenKind::kString ||
         left.kind == TokenKind::kNumber || right.kind == TokenKind::kNumber;
}

bool IsTight(const CodeToken& left, const CodeToken& right) {
  return left.text == "." || right.text == "." || left.text == "(" ||
         right.text == ")" || right.text == "," || right.text == "(";
}

CodeToken RandomToken(TokenKind kind, const std::vector<CodeLine>& others,
                      SeededRandom* random) {
  constexpr int kTries = 60;
  CodeToken found;
  for (int i = 0; i < kTries; ++i) {
    const CodeLine& line = others[random->Below(others.size())];
    found = line.tokens[random->Below(line.tokens.size())];
    if (found.kind == kind) break;
  }
  return found;
}

enum class Edit { kDelete, kInsert, kModify };

// Which of `count` places are edited, and how.
std::vector<std::pair<size_t, Edit>> ChooseEdits(size_t count, double share,
                                                 SeededRandom* random) {
  std::vector<size_t> places(count);
  for (size_t i = 0; i < count; ++i) places[i] = i;
  for (size_t i = count; i > 1; --i)
    std::swap(places[i - 1], places[random->Below(i)]);
  places.resize(std::min(
      count, static_cast<size_t>(share * static_cast<double>(count) + 0.5)));
  std::vector<std::pair<size_t, Edit>> edits;
  edits.reserve(places.size());
  for (const size_t place : places)
    edits.emplace_back(place, static_cast<Edit>(random->Below(3)));
  std::sort(edits.begin(), edits.end());
  return edits;
}

}  // namespace

Code ReadCode(std::string_view text, Language language) {
  fingerprint::TokenStream tokens;
  Lex(text, language, &tokens);
  const std::vector<std::string_view> lines = LinesOfText(text);
  Code code;
  for (size_t i = 0; i < tokens.size(); ++i) {
    const uint32_t number = tokens.line()[i];
    if (code.empty() || code.back().number != number) {
      const size_t indent =
          number <= lines.size() ? IndentOf(lines[number - 1]) : 0;
      code.push_back({.number = number, .indent = indent, .tokens = {}});
    }
    const size_t begin = tokens.begin()[i];
    const size_t end = tokens.end()[i];
    const size_t next =
        i + 1 < tokens.size() ? tokens.begin()[i + 1] : text.size();
    code.back().tokens.push_back(
        {.kind = tokens.kind()[i],
         .text = std::string(text.substr(begin, end - begin)),
         .ends_statement = HasSemicolon(text.substr(end, next - end))});
  }
  if (language == Language::kPython) {
    std::erase_if(code, [](const CodeLine& line) {
      return line.tokens.size() == 1 &&
             line.tokens[0].kind == TokenKind::kString;
    });
  }
  return code;
}

size_t TokensOf(const Code& code) {
  size_t tokens = 0;
  for (const CodeLine& line : code) tokens += line.tokens.size();
  return tokens;
}

Code Slice(const Code& code, size_t begin, size_t count) {
  const size_t end = std::min(code.size(), begin + count);
  return {code.begin() + static_cast<ptrdiff_t>(begin),
          code.begin() + static_cast<ptrdiff_t>(end)};
}

void RenameAll(Code* code, SeededRandom* random) {
  RenameSome(1, code, random);
}

void RenameSome(double share, Code* code, SeededRandom* random) {
  constexpr uint64_t kAll = 1000;
  const auto changed = static_cast<uint64_t>(share * kAll);
  std::unordered_map<std::string, std::string> names;
  std::unordered_set<std::string> taken;
  for (CodeLine& line : *code) {
    for (CodeToken& token : line.tokens) {
      if (token.kind != TokenKind::kIdentifier) continue;
      auto [it, fresh] = names.try_emplace(token.text);
      if (fresh && changed < kAll && random->Below(kAll) >= changed) {
        it->second = token.text;
      } else if (fresh) {
        size_t sign = 0;
        while (sign < token.text.size() && !IsNameByte(token.text[sign]))
          ++sign;
        do {
          it->second = token.text.substr(0, sign) + NewName(random);
        } while (!taken.insert(it->second).second);
      }
      token.text = it->second;
    }
  }
}

std::string Reformat(const Code& code, Language language,
                     SeededRandom* random) {
  constexpr size_t kBreakOneIn = 6;
  const bool breaks = EndsLinesItself(language);
  // Two columns where there were four, a tab where there were two, ….
  const size_t style = random->Below(3);
  const auto indentation = [style](size_t columns) {
    if (style == 0) return std::string((columns + 1) / 2, ' ');
    if (style == 1) return std::string((columns + 3) / 4, '\t');
    return std::string(columns * 2, ' ');
  };
  std::string out;
  for (const CodeLine& line : code) {
    const bool directive = line.tokens.front().text.front() == '#';
    out += indentation(line.indent);
    for (size_t i = 0; i < line.tokens.size(); ++i) {
      const CodeToken& token = line.tokens[i];
      if (i > 0) {
        const CodeToken& before = line.tokens[i - 1];
        if (breaks && !directive && MayBreakAfter(before) &&
            random->Below(kBreakOneIn) == 0) {
          out += '\n' + indentation(line.indent + kTabColumns);
        } else if (NeedsSpace(before, token) ||
                   (!IsTight(before, token) && random->Below(4) != 0)) {
          out += ' ';
        }
      }
      out += token.text;
      if (token.ends_statement) out += ';';
    }
    const bool joins = breaks && !directive &&
                       MayBreakAfter(line.tokens.back()) &&
                       random->Below(kBreakOneIn) == 0;
    out += joins ? ' ' : '\n';
  }
  return out;
}

void EditLines(double share, const std::vector<CodeLine>& others,
               SeededRandom* random, Code* code) {
  const auto edits = ChooseEdits(code->size(), share, random);
  Code edited;
  size_t next = 0;
  for (size_t i = 0; i < code->size(); ++i) {
    CodeLine& line = (*code)[i];
    const bool chosen = next < edits.size() && edits[next].first == i;
    if (!chosen) {
      edited.push_back(std::move(line));
      continue;
    }
    switch (edits[next++].second) {
      case Edit::kDelete:
        break;
      case Edit::kInsert: {
        CodeLine other = others[random->Below(others.size())];
        other.indent = line.indent;
        edited.push_back(std::move(line));
        edited.push_back(std::move(other));
        break;
      }
      case Edit::kModify: {
        CodeToken& token = line.tokens[random->Below(line.tokens.size())];
        const bool ends = token.ends_statement;
        token = RandomToken(token.kind, others, random);
        token.ends_statement = ends;
        edited.push_back(std::move(line));
        break;
      }
    }
  }
  *code = std::move(edited);
}

std::vector<std::string> WordsOf(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n";
  std::vector<std::string> words;
  for (size_t at = text.find_first_not_of(kSpaces);
       at != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(kSpaces, at), text.size());
    words.emplace_back(text.substr(at, end - at));
    at = text.find_first_not_of(kSpaces, end);
  }
  return words;
}

void EditWords(double share, const std::vector<std::string>& others,
               SeededRandom* random, std::vector<std::string>* words) {
  const auto edits = ChooseEdits(words->size(), share, random);
  std::vector<std::string> edited;
  size_t next = 0;
  for (size_t i = 0; i < words->size(); ++i) {
    std::string& word = (*words)[i];
    const bool chosen = next < edits.size() && edits[next].first == i;
    if (!chosen) {
      edited.push_back(std::move(word));
      continue;
    }
    const std::string& other = others[random->Below(others.size())];
    switch (edits[next++].second) {
      case Edit::kDelete:
        break;
      case Edit::kInsert:
        edited.push_back(std::move(word));
        edited.push_back(other);
        break;
      case Edit::kModify:
        edited.push_back(other);
        break;
    }
  }
  *words = std::move(edited);
}

std::string Wrapped(const std::vector<std::string>& words) {
  constexpr size_t kColumns = 70;
  std::string out;
  size_t column = 0;
  for (const std::string& word : words) {
    if (column > 0 && column + word.size() > kColumns) {
      out += '\n';
      column = 0;
    } else if (column > 0) {
      out += ' ';
    }
    out += word;
    column += word.size() + 1;
  }
  return out + '\n';
}

}  // namespace cofferdam::bench
