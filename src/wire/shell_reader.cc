#include "wire/shell_reader.h"

#include <algorithm>
#include <utility>

namespace cofferdam::wire {
namespace {

// What is kept of an expansion; nested ones would copy their text at each
// level.
constexpr size_t kExpansionBytesMax = 256;

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool EndsWord(char c) {
  return IsBlank(c) || c == '\n' || c == ';' || c == '&' || c == '|' ||
         c == '(' || c == ')' || c == '<' || c == '>';
}
bool BeginsName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || IsDigit(c) ||
         c == '_' || c == '@' || c == '*' || c == '#' || c == '?' || c == '!' ||
         c == '$' || c == '-';
}

class ShellReader {
 public:
  explicit ShellReader(std::string_view script) : script_(script) {}

  std::vector<ShellCommand> Run() {
    ReadList();
    ReadHeredocBodies();
    return std::move(commands_);
  }

 private:
  // The command a list is at; made when its first word is read.
  struct Place {
    std::optional<size_t> command;
    std::optional<size_t> piped_from;
  };

  bool AtEnd() const { return i_ >= script_.size(); }
  char Peek(size_t ahead = 0) const {
    return i_ + ahead < script_.size() ? script_[i_ + ahead] : '\0';
  }
  bool Eat(std::string_view text) {
    if (!script_.substr(i_).starts_with(text)) return false;
    i_ += text.size();
    return true;
  }
  void Stop() { i_ = script_.size(); }

  size_t CurrentCommand(Place* place) {
    if (!place->command) {
      place->command = commands_.size();
      commands_.emplace_back();
      if (place->piped_from) {
        commands_[*place->piped_from].pipes_to = *place->command;
      }
    }
    return *place->command;
  }

  static void EndCommand(Place* place) { *place = Place(); }

  // Commands up to the end, or to the ")" that closes a substitution, which
  // is not consumed.
  void ReadList() {
    if (++depth_ > kShellDepthMax) Stop();
    Place place;
    size_t open_groups = 0;
    while (!AtEnd()) {
      if (commands_.size() >= kShellCommandsMax || words_ >= kShellWordsMax) {
        Stop();
        break;
      }
      char c = Peek();
      if (c == ')') {
        if (open_groups == 0 && depth_ > 1) break;
        if (open_groups > 0) --open_groups;
        ++i_;
        EndCommand(&place);
      } else if (c == '(') {
        ++open_groups;
        ++i_;
        EndCommand(&place);
      } else {
        ReadElement(&place);
      }
    }
    --depth_;
  }

  void ReadElement(Place* place) {
    char c = Peek();
    if (IsBlank(c)) {
      ++i_;
    } else if (c == '\n') {
      ++i_;
      EndCommand(place);
      ReadHeredocBodies();
    } else if (c == '#') {
      while (!AtEnd() && Peek() != '\n') ++i_;
    } else if (c == '\\' && Peek(1) == '\n') {
      i_ += 2;
    } else if (c == '>' || c == '<' || script_.substr(i_).starts_with("&>")) {
      ReadRedirect("", place);
    } else if (c == '|' && Peek(1) != '|') {
      i_ += Peek(1) == '&' ? 2 : 1;
      std::optional<size_t> from = place->command;
      EndCommand(place);
      place->piped_from = from;
    } else if (c == ';' || c == '&' || c == '|') {
      ++i_;
      EndCommand(place);
    } else {
      ReadPlainWord(place);
    }
  }

  void ReadPlainWord(Place* place) {
    size_t digits = i_;
    while (IsDigit(Peek(digits - i_))) ++digits;
    char after = Peek(digits - i_);
    if (digits > i_ && digits - i_ <= 2 && (after == '<' || after == '>')) {
      std::string_view number = script_.substr(i_, digits - i_);
      i_ = digits;
      ReadRedirect(number, place);
      return;
    }
    // The command gets its place before those of substitutions inside it.
    size_t command = CurrentCommand(place);
    ShellWord word = ReadWord();
    commands_[command].words.push_back(std::move(word));
  }

  void ReadRedirect(std::string_view number, Place* place) {
    size_t command = CurrentCommand(place);
    bool is_output = number.empty() || number == "1";
    if (Eat("<<<")) {
      SkipBlanks();
      ReadWord();
    } else if (Eat("<<-")) {
      ReadHeredoc(true, command);
    } else if (Eat("<<")) {
      ReadHeredoc(false, command);
    } else if (Eat("<(") || Eat(">(")) {
      ReadSubstitution();
    } else if (Eat("&>>") || Eat(">>")) {
      ReadTarget(is_output, ShellWrite::kAppend, command);
    } else if (Eat(">&") || Eat("<&")) {
      SkipBlanks();
      ReadWord();
    } else if (Eat("&>") || Eat(">|") || Eat(">")) {
      ReadTarget(is_output, ShellWrite::kTruncate, command);
    } else {
      ++i_;  // "<"
      SkipBlanks();
      ReadWord();
    }
  }

  void ReadTarget(bool is_output, ShellWrite write, size_t command) {
    SkipBlanks();
    ShellWord target = ReadWord();
    if (!is_output || target.value.empty()) return;
    commands_[command].outputs.push_back({write, std::move(target)});
  }

  void ReadHeredoc(bool strips_tabs, size_t command) {
    SkipBlanks();
    size_t begin = i_;
    ShellHeredoc heredoc;
    heredoc.strips_tabs = strips_tabs;
    heredoc.delimiter = ReadWord().value;
    heredoc.is_quoted =
        script_.substr(begin, i_ - begin).find_first_of("'\"\\") !=
        std::string_view::npos;
    if (heredoc.delimiter.empty() && !heredoc.is_quoted) return;
    std::vector<ShellHeredoc>& heredocs = commands_[command].heredocs;
    pending_.emplace_back(command, heredocs.size());
    heredocs.push_back(std::move(heredoc));
  }

  // Called at the beginning of a line.
  void ReadHeredocBodies() {
    for (auto [command, index] : std::exchange(pending_, {})) {
      ShellHeredoc& heredoc = commands_[command].heredocs[index];
      size_t begin = i_;
      size_t end = script_.size();
      while (!AtEnd()) {
        size_t line_begin = i_;
        size_t newline = script_.find('\n', i_);
        size_t line_end =
            newline == std::string_view::npos ? script_.size() : newline;
        i_ = newline == std::string_view::npos ? line_end : newline + 1;
        std::string_view line =
            script_.substr(line_begin, line_end - line_begin);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (heredoc.strips_tabs) {
          line.remove_prefix(
              std::min(line.find_first_not_of('\t'), line.size()));
        }
        if (line == heredoc.delimiter) {
          end = line_begin;
          break;
        }
      }
      heredoc.body = {begin, end};
    }
  }

  void SkipBlanks() {
    while (IsBlank(Peek()) || (Peek() == '\\' && Peek(1) == '\n')) {
      i_ += Peek() == '\\' ? 2 : 1;
    }
  }

  ShellWord ReadWord() {
    ++words_;
    ShellWord word;
    size_t begin = i_;
    while (!AtEnd() && !EndsWord(Peek())) {
      char c = Peek();
      if (c == '\\') {
        if (Peek(1) != '\n' && i_ + 1 < script_.size()) {
          word.value.push_back(Peek(1));
        }
        i_ = std::min(i_ + 2, script_.size());
      } else if (c == '\'') {
        ReadSingleQuotes(&word);
      } else if (c == '"') {
        ReadDoubleQuotes(&word);
      } else if (c == '$' && Peek(1) == '\'') {
        ReadAnsiQuotes(&word);
      } else if (!ReadExpansion(&word)) {
        word.value.push_back(c);
        ++i_;
      }
    }
    word.range = {begin, i_};
    return word;
  }

  void ReadSingleQuotes(ShellWord* word) {
    size_t close = script_.find('\'', i_ + 1);
    word->value.append(script_.substr(i_ + 1, close - i_ - 1));
    i_ = close == std::string_view::npos ? script_.size() : close + 1;
  }

  void ReadDoubleQuotes(ShellWord* word) {
    ++i_;
    while (!AtEnd() && Peek() != '"') {
      char c = Peek();
      if (c == '\\' && i_ + 1 < script_.size()) {
        char next = Peek(1);
        if (next == '$' || next == '`' || next == '"' || next == '\\') {
          word->value.push_back(next);
        } else if (next != '\n') {
          word->value.push_back(c);
          word->value.push_back(next);
        }
        i_ += 2;
      } else if (!ReadExpansion(word)) {
        word->value.push_back(c);
        ++i_;
      }
    }
    if (!AtEnd()) ++i_;
  }

  void ReadAnsiQuotes(ShellWord* word) {
    size_t begin = i_ + 2;
    i_ = begin;
    while (!AtEnd() && Peek() != '\'') i_ += Peek() == '\\' ? 2 : 1;
    i_ = std::min(i_, script_.size());
    word->value += ReadEscapes(script_.substr(begin, i_ - begin));
    if (!AtEnd()) ++i_;
  }

  // An expansion at the cursor, kept in the word as written.
  bool ReadExpansion(ShellWord* word) {
    size_t begin = i_;
    if (Peek() == '`') {
      ++i_;
      while (!AtEnd() && Peek() != '`') i_ += Peek() == '\\' ? 2 : 1;
      i_ = std::min(i_ + 1, script_.size());
    } else if (Peek() != '$') {
      return false;
    } else if (Peek(1) == '(' && Peek(2) == '(') {
      i_ += 3;
      for (size_t open = 2; !AtEnd() && open > 0; ++i_) {
        if (Peek() == '(') ++open;
        if (Peek() == ')') --open;
      }
    } else if (Peek(1) == '(') {
      i_ += 2;
      ReadSubstitution();
    } else if (Peek(1) == '{') {
      while (!AtEnd() && Peek() != '}') i_ += Peek() == '\\' ? 2 : 1;
      i_ = std::min(i_ + 1, script_.size());
    } else if (BeginsName(Peek(1))) {
      ++i_;
    } else {
      return false;
    }
    word->is_literal = false;
    word->value.append(
        script_.substr(begin, std::min(i_ - begin, kExpansionBytesMax)));
    return true;
  }

  // The commands of $( ), <( ) or >( ), after its "(".
  void ReadSubstitution() {
    ReadList();
    if (!AtEnd()) ++i_;  // ")"
  }

  std::string_view script_;
  size_t i_ = 0;
  size_t depth_ = 0;
  size_t words_ = 0;
  std::vector<ShellCommand> commands_;
  // Heredocs whose bodies begin on the next line: command, index in it.
  std::vector<std::pair<size_t, size_t>> pending_;
};

int DigitValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 99;
}

// Digits of `base` at `i`, at most `digits_max`; advances `i`.
unsigned ReadDigits(std::string_view text, size_t* i, int base,
                    size_t digits_max) {
  unsigned value = 0;
  for (size_t n = 0; n < digits_max && *i < text.size(); ++n, ++*i) {
    int digit = DigitValue(text[*i]);
    if (digit >= base) break;
    value = value * static_cast<unsigned>(base) + static_cast<unsigned>(digit);
  }
  return value;
}

// Parts are UTF-8, so a byte beyond ASCII does not stand alone.
void AppendByte(unsigned byte, std::string* out) {
  if (byte < 0x80) {
    out->push_back(static_cast<char>(byte));
  } else {
    out->append("\xef\xbf\xbd");
  }
}

}  // namespace

std::vector<ShellCommand> ReadShell(std::string_view script) {
  return ShellReader(script).Run();
}

std::string ReadEscapes(std::string_view text) {
  constexpr std::string_view kNames = "abefnrtv\\'\"?";
  constexpr std::string_view kValues = "\a\b\x1b\f\n\r\t\v\\'\"?";
  std::string out;
  out.reserve(text.size());
  size_t i = 0;
  while (i < text.size()) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out.push_back(text[i++]);
      continue;
    }
    char c = text[i + 1];
    size_t name = kNames.find(c);
    if (name != std::string_view::npos) {
      out.push_back(kValues[name]);
      i += 2;
    } else if (c >= '0' && c <= '7') {
      i += 1;
      AppendByte(ReadDigits(text, &i, 8, 4), &out);
    } else if (c == 'x' && i + 2 < text.size() &&
               DigitValue(text[i + 2]) < 16) {
      i += 2;
      AppendByte(ReadDigits(text, &i, 16, 2), &out);
    } else {
      out.append(text.substr(i, 2));
      i += 2;
    }
  }
  return out;
}

}  // namespace cofferdam::wire
