#include "wire/shell.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "wire/patch.h"
#include "wire/shell_reader.h"

namespace cofferdam::wire {
namespace {

// `bash -c "bash -c …"`: deeper ones stay in the command.
constexpr int kShellInShellMax = 4;

std::string_view BaseName(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

bool IsAnyOf(std::string_view word,
             std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool IsShell(std::string_view program) {
  return IsAnyOf(BaseName(program), {"sh", "bash", "zsh", "dash", "ksh"});
}

bool IsApplyPatch(std::string_view program) {
  return IsAnyOf(BaseName(program), {"apply_patch", "applypatch"});
}

// "-c", "-lc", "-ec", …
bool IsScriptOption(std::string_view word) {
  return word.size() >= 2 && word[0] == '-' && word[1] != '-' &&
         word.ends_with('c');
}

// Where a command's output goes.
struct Destination {
  std::string path;
  ShellWrite write = ShellWrite::kTruncate;
};

class ShellParts {
 public:
  ShellParts(std::string_view tool, std::string_view call_id,
             std::string_view script, int depth)
      : tool_(tool), call_id_(call_id), script_(script), depth_(depth) {}

  std::vector<Part> Run() {
    commands_ = ReadShell(script_);
    for (const ShellCommand& command : commands_) Read(command);
    Part rest;
    rest.kind = PartKind::kCommand;
    rest.text = Rest();
    Add(std::move(rest));
    return std::move(parts_);
  }

 private:
  using Words = std::span<const ShellWord>;

  // The program and its arguments: without assignments, reserved words and
  // programs that run others.
  static Words Program(const ShellCommand& command) {
    Words words = command.words;
    while (!words.empty()) {
      std::string_view word = words.front().value;
      size_t equals = word.find('=');
      bool is_assignment = equals != std::string_view::npos && equals > 0 &&
                           word.find_first_of("/-.") > equals;
      if (!is_assignment &&
          !IsAnyOf(word, {"{", "!", "if", "then", "else", "elif", "do", "while",
                          "until", "time", "sudo", "command", "builtin", "exec",
                          "env", "nohup"})) {
        break;
      }
      words = words.subspan(1);
    }
    return words;
  }

  void Read(const ShellCommand& command) {
    Words words = Program(command);
    if (words.empty()) return;
    std::string_view program = BaseName(words.front().value);
    Words arguments = words.subspan(1);
    if (IsApplyPatch(program)) {
      ReadApplyPatch(command, arguments);
    } else if (program == "patch" || (program == "git" && !arguments.empty() &&
                                      arguments.front().value == "apply")) {
      ReadDiff(command);
    } else if (program == "cat" || program == "tee") {
      ReadHeredoc(command, program, arguments);
    } else if (program == "echo" || program == "printf") {
      ReadLiteral(command, program, arguments);
    } else if (IsShell(program)) {
      ReadScript(arguments);
    }
  }

  std::string Body(const ShellHeredoc& heredoc) const {
    std::string_view body = script_.substr(
        heredoc.body.begin, heredoc.body.end - heredoc.body.begin);
    std::string text;
    text.reserve(body.size());
    bool at_line_begin = true;
    for (size_t i = 0; i < body.size(); ++i) {
      char c = body[i];
      if (heredoc.strips_tabs && at_line_begin && c == '\t') continue;
      at_line_begin = c == '\n';
      if (!heredoc.is_quoted && c == '\\' && i + 1 < body.size()) {
        char next = body[i + 1];
        if (IsAnyOf({&next, 1}, {"$", "`", "\\"})) c = body[++i];
        if (next == '\n') {
          ++i;
          continue;
        }
      }
      text.push_back(c);
    }
    return text;
  }

  void ReadApplyPatch(const ShellCommand& command, Words arguments) {
    if (!command.heredocs.empty()) {
      const ShellHeredoc& heredoc = command.heredocs.back();
      AddAll(PartsOfPatch(tool_, call_id_, Body(heredoc)), heredoc.body);
    } else if (!arguments.empty()) {
      AddAll(PartsOfPatch(tool_, call_id_, arguments.front().value),
             arguments.front().range);
    }
  }

  void ReadDiff(const ShellCommand& command) {
    if (command.heredocs.empty()) return;
    const ShellHeredoc& heredoc = command.heredocs.back();
    AddAll(PartsOfDiff(tool_, call_id_, Body(heredoc)), heredoc.body);
  }

  void ReadHeredoc(const ShellCommand& command, std::string_view program,
                   Words arguments) {
    if (command.heredocs.empty()) return;
    std::optional<Destination> destination;
    if (program == "tee") {
      destination = OfTee(arguments);
    } else if (std::all_of(arguments.begin(), arguments.end(),
                           [](const ShellWord& word) {
                             return word.value.starts_with('-');
                           })) {
      destination = OfOutput(command);
    }
    if (!destination) return;
    const ShellHeredoc& heredoc = command.heredocs.back();
    AddWritten(*std::move(destination), Body(heredoc));
    taken_.push_back(heredoc.body);
  }

  void ReadLiteral(const ShellCommand& command, std::string_view program,
                   Words arguments) {
    if (arguments.empty()) return;
    for (const ShellWord& word : arguments) {
      if (!word.is_literal) return;
    }
    std::optional<Destination> destination = OfOutput(command);
    if (!destination) return;
    std::optional<std::string> text =
        program == "echo" ? Echoed(arguments) : Printed(arguments);
    if (!text) return;
    AddWritten(*std::move(destination), *std::move(text));
    for (const ShellWord& word : arguments) taken_.push_back(word.range);
  }

  void ReadScript(Words arguments) {
    if (depth_ >= kShellInShellMax) return;
    for (size_t i = 0; i + 1 < arguments.size(); ++i) {
      if (!IsScriptOption(arguments[i].value)) continue;
      const ShellWord& script = arguments[i + 1];
      if (!script.is_literal) return;
      AddAll(ShellParts(tool_, call_id_, script.value, depth_ + 1).Run(),
             script.range);
      return;
    }
  }

  // The file a command's output ends up in, through a pipe to tee as well.
  std::optional<Destination> OfOutput(const ShellCommand& command) const {
    for (size_t n = command.outputs.size(); n > 0; --n) {
      const ShellRedirect& output = command.outputs[n - 1];
      if (output.target.value.starts_with("/dev/")) return std::nullopt;
      return Destination{output.target.value, output.write};
    }
    if (!command.pipes_to) return std::nullopt;
    Words words = Program(commands_[*command.pipes_to]);
    if (words.empty() || BaseName(words.front().value) != "tee") {
      return std::nullopt;
    }
    return OfTee(words.subspan(1));
  }

  static std::optional<Destination> OfTee(Words arguments) {
    Destination destination;
    for (const ShellWord& word : arguments) {
      if (word.value == "-a" || word.value == "--append") {
        destination.write = ShellWrite::kAppend;
      } else if (!word.value.starts_with('-') && destination.path.empty() &&
                 !word.value.starts_with("/dev/")) {
        destination.path = word.value;
      }
    }
    if (destination.path.empty()) return std::nullopt;
    return destination;
  }

  static std::string Echoed(Words arguments) {
    bool ends_line = true;
    bool has_escapes = false;
    while (!arguments.empty() &&
           IsAnyOf(arguments.front().value, {"-n", "-e", "-E", "-ne", "-en"})) {
      std::string_view option = arguments.front().value;
      if (option.find('n') != std::string_view::npos) ends_line = false;
      if (option.find('e') != std::string_view::npos) has_escapes = true;
      arguments = arguments.subspan(1);
    }
    std::string text;
    for (const ShellWord& word : arguments) {
      if (&word != &arguments.front()) text.push_back(' ');
      text += has_escapes ? ReadEscapes(word.value) : word.value;
    }
    if (ends_line) text.push_back('\n');
    return text;
  }

  // None when the format uses more than %s, %b and %%, or grows beyond four
  // times its input.
  static std::optional<std::string> Printed(Words arguments) {
    if (arguments.front().value == "--") arguments = arguments.subspan(1);
    if (arguments.empty()) return std::nullopt;
    std::string_view format = arguments.front().value;
    arguments = arguments.subspan(1);
    size_t bytes_max = 4 * format.size() + 64;
    for (const ShellWord& word : arguments) bytes_max += 4 * word.value.size();
    std::string text;
    size_t next = 0;
    do {
      size_t before = next;
      if (!PrintOnce(format, arguments, &next, &text)) return std::nullopt;
      if (text.size() > bytes_max) return std::nullopt;
      if (next == before) break;  // nothing consumes arguments
    } while (next < arguments.size());
    return text;
  }

  static bool PrintOnce(std::string_view format, Words arguments, size_t* next,
                        std::string* text) {
    size_t begin = 0;
    while (begin < format.size()) {
      size_t percent = std::min(format.find('%', begin), format.size());
      *text += ReadEscapes(format.substr(begin, percent - begin));
      if (percent == format.size()) break;
      char conversion = percent + 1 < format.size() ? format[percent + 1] : 0;
      if (conversion == '%') {
        text->push_back('%');
      } else if (conversion == 's' || conversion == 'b') {
        if (*next < arguments.size()) {
          const std::string& value = arguments[(*next)++].value;
          *text += conversion == 'b' ? ReadEscapes(value) : value;
        }
      } else {
        return false;
      }
      begin = percent + 2;
    }
    return true;
  }

  void AddWritten(Destination destination, std::string text) {
    Part part;
    part.kind = destination.write == ShellWrite::kAppend ? PartKind::kPatch
                                                         : PartKind::kFile;
    part.path = std::move(destination.path);
    part.text = std::move(text);
    Add(std::move(part));
  }

  void AddAll(std::optional<std::vector<Part>> parts, ByteRange range) {
    if (!parts) return;
    for (Part& part : *parts) Add(std::move(part));
    taken_.push_back(range);
  }

  void Add(Part part) {
    if (part.text.empty()) return;
    part.tool = tool_;
    part.call_id = call_id_;
    parts_.push_back(std::move(part));
  }

  std::string Rest() {
    std::sort(taken_.begin(), taken_.end(),
              [](ByteRange a, ByteRange b) { return a.begin < b.begin; });
    std::string rest;
    size_t place = 0;
    for (ByteRange range : taken_) {
      if (range.begin > place) {
        rest += script_.substr(place, range.begin - place);
      }
      place = std::max(place, range.end);
    }
    rest += script_.substr(place);
    return rest;
  }

  std::string_view tool_;
  std::string_view call_id_;
  std::string_view script_;
  int depth_;
  std::vector<ShellCommand> commands_;
  std::vector<Part> parts_;
  std::vector<ByteRange> taken_;
};

}  // namespace

std::vector<Part> PartsOfShell(std::string_view tool, std::string_view call_id,
                               std::string_view command) {
  return ShellParts(tool, call_id, command, 0).Run();
}

std::vector<Part> PartsOfArguments(std::string_view tool,
                                   std::string_view call_id,
                                   const std::vector<std::string>& arguments) {
  if (arguments.empty()) return {};
  if (IsShell(arguments.front())) {
    for (size_t i = 1; i + 1 < arguments.size(); ++i) {
      if (IsScriptOption(arguments[i])) {
        return PartsOfShell(tool, call_id, arguments[i + 1]);
      }
    }
  }
  if (IsApplyPatch(arguments.front()) && arguments.size() > 1) {
    if (auto parts = PartsOfPatch(tool, call_id, arguments[1])) return *parts;
  }
  Part part;
  part.kind = PartKind::kCommand;
  part.tool = tool;
  part.call_id = call_id;
  for (const std::string& argument : arguments) {
    if (!part.text.empty()) part.text.push_back(' ');
    part.text += argument;
  }
  if (part.text.empty()) return {};
  return {std::move(part)};
}

}  // namespace cofferdam::wire
