#pragma once

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

#include "fingerprint/language.h"
#include "fingerprint/lex_parts.h"

namespace cofferdam::fingerprint {

// The lexer of a whole text; of Markdown: prose, and between fences the code
// that they name.
// A run of three or more backticks or tildes that begins a line.
struct Fence {
  size_t begin = 0;  // of the line
  size_t run = 0;    // how many marks
  char mark = '`';
  size_t info = 0;  // behind the marks
  size_t end = 0;   // of the line, behind its newline
};

// Finds fences from `at` on, each mark looked for once.
class FenceFinder {
 public:
  explicit FenceFinder(std::string_view text) : text_(text) {}

  std::optional<Fence> Next(size_t at) {
    const std::optional<Fence> ticks = Next(at, "```", &next_ticks_);
    const std::optional<Fence> tildes = Next(at, "~~~", &next_tildes_);
    if (!ticks || (tildes && tildes->begin < ticks->begin)) return tildes;
    return ticks;
  }

  // The line that closes `open`, or none.
  std::optional<Fence> Close(const Fence& open) {
    const std::string_view marks = open.mark == '`' ? "```" : "~~~";
    size_t at = open.end;
    for (;;) {
      const std::optional<Fence> fence = Find(at, marks);
      if (!fence) return std::nullopt;
      const std::string_view rest =
          text_.substr(fence->info, fence->end - fence->info);
      if (fence->run >= open.run &&
          rest.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return fence;
      }
      at = fence->end;
    }
  }

 private:
  std::optional<Fence> Next(size_t at, std::string_view marks,
                            std::optional<Fence>* cached) {
    bool& none_left = marks[0] == '`' ? no_ticks_ : no_tildes_;
    if (none_left) return std::nullopt;
    if (!*cached || (*cached)->begin < at) *cached = Find(at, marks);
    none_left = !cached->has_value();
    return *cached;
  }

  std::optional<Fence> Find(size_t at, std::string_view marks) const {
    for (;;) {
      const size_t found = text_.find(marks, at);
      if (found == std::string_view::npos) return std::nullopt;
      Fence fence{.begin = found, .mark = marks[0]};
      while (fence.begin > 0 && Indents(text_[fence.begin - 1])) --fence.begin;
      fence.info =
          std::min(text_.find_first_not_of(marks[0], found), text_.size());
      fence.run = fence.info - found;
      fence.end = std::min(text_.find('\n', fence.info), text_.size() - 1) + 1;
      const bool begins_line =
          fence.begin == 0 || text_[fence.begin - 1] == '\n';
      // Inline code may begin a line too, but it also ends there.
      const bool inline_code =
          fence.mark == '`' &&
          text_.substr(fence.info, fence.end - fence.info).find('`') !=
              std::string_view::npos;
      if (begins_line && !inline_code) return fence;
      at = fence.info;
    }
  }

  // Quoted blocks and list items may be fenced too.
  static bool Indents(char c) {
    return c == ' ' || c == '\t' || c == '>' || c == '-' || c == '*';
  }

  std::string_view text_;
  std::optional<Fence> next_ticks_;
  std::optional<Fence> next_tildes_;
  bool no_ticks_ = false;
  bool no_tildes_ = false;
};

// The language of a fenced block: its info string names a language or a path;
// without one its content tells.
inline Language LanguageOfFence(std::string_view info,
                                std::string_view content) {
  while (!info.empty() && std::strchr(" \t\r\n", info.back()) != nullptr) {
    info.remove_suffix(1);
  }
  if (info.empty()) return GuessLanguage(content);
  const Language named = LanguageOfName(info);
  if (named != Language::kGeneral) return named;
  return LanguageOfPath(info.substr(0, info.find_first_of(" \t")));
}

template <class Writer>
class MarkdownLexer {
 public:
  MarkdownLexer(std::string_view text, Writer* out) : text_(text), out_(out) {}

  void Run() {
    FenceFinder finder(text_);
    size_t at = 0;
    while (const std::optional<Fence> open = finder.Next(at)) {
      Words(at, open->begin);
      const std::optional<Fence> close = finder.Close(*open);
      const size_t content_end = close ? close->begin : text_.size();
      ++line_;
      Block(*open, content_end);
      at = close ? close->end : text_.size();
      if (close) ++line_;
      if (!close) break;
    }
    Words(at, text_.size());
  }

 private:
  TextPiece Piece(size_t begin, size_t end) const {
    return {.text = text_.data(),
            .begin = text_.data() + begin,
            .end = text_.data() + end,
            .limit = text_.data() + text_.size(),
            .line = line_};
  }
  void Words(size_t begin, size_t end) {
    line_ = LexWords(Piece(begin, end), out_);
  }
  void Block(const Fence& open, size_t end) {
    const Language language =
        LanguageOfFence(text_.substr(open.info, open.end - open.info),
                        text_.substr(open.end, end - open.end));
    if (language == Language::kMarkdown || language == Language::kProse) {
      Words(open.end, end);
    } else {
      line_ = LexCode(Piece(open.end, end), language, out_);
    }
  }

  std::string_view text_;
  Writer* out_;
  uint32_t line_ = 1;
};

// Lexes a whole text in one language.
template <class Writer>
void LexText(std::string_view text, Language language, Writer* out) {
  out->Use(language);
  if (text.size() > kLexTextBytesMax) {
    text = text.substr(0, kLexTextBytesMax);
    out->MarkTruncated();
  }
  if (language == Language::kMarkdown) {
    MarkdownLexer<Writer>(text, out).Run();
    return;
  }
  // A byte order mark is no letter.
  const size_t begin = text.starts_with("\xef\xbb\xbf") ? 3 : 0;
  const TextPiece piece{.text = text.data(),
                        .begin = text.data() + begin,
                        .end = text.data() + text.size(),
                        .limit = text.data() + text.size()};
  if (language == Language::kProse) {
    LexWords(piece, out);
  } else {
    LexCode(piece, language, out);
  }
}

}  // namespace cofferdam::fingerprint
