#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "wire/types.h"

namespace cofferdam::wire {

// One word of a command, quotes taken off. Expansions stand as written, cut
// to 256 bytes.
struct ShellWord {
  ByteRange range;
  std::string value;
  // No expansion in it: the shell would see `value`.
  bool is_literal = true;
};

enum class ShellWrite { kTruncate, kAppend };

struct ShellRedirect {
  ShellWrite write;
  ShellWord target;
};

struct ShellHeredoc {
  std::string delimiter;
  bool is_quoted = false;    // the body stands as written
  bool strips_tabs = false;  // <<-
  ByteRange body;            // without the delimiter's line
};

// One simple command of a script.
struct ShellCommand {
  std::vector<ShellWord> words;
  std::vector<ShellRedirect> outputs;  // of standard output to files
  std::vector<ShellHeredoc> heredocs;
  std::optional<size_t> pipes_to;  // the command that reads its output
};

// Reads a script for POSIX shells as bash would split it: enough of the
// grammar to find every simple command with its words, redirections and
// heredocs, also inside $( ), groups and compound commands. Nothing is
// expanded. What breaks the grammar (an open quote or heredoc, as of a script
// cut off) reaches to the end. Linear; stops at kShellCommandsMax commands,
// kShellWordsMax words or kShellDepthMax nested substitutions and leaves the
// rest unread.
inline constexpr size_t kShellCommandsMax = 10'000;
inline constexpr size_t kShellWordsMax = 100'000;
inline constexpr size_t kShellDepthMax = 32;
std::vector<ShellCommand> ReadShell(std::string_view script);

// `text` with the escapes of $'…', printf and echo -e interpreted.
std::string ReadEscapes(std::string_view text);

}  // namespace cofferdam::wire
