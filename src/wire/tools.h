#pragma once

#include <string_view>
#include <vector>

#include "base/json.h"
#include "wire/types.h"

namespace cofferdam::wire {

// Tool calls read as what they write. Names of tools and fields are those of
// Claude Code (Write, Edit, MultiEdit, NotebookEdit, Bash), Codex
// (apply_patch, exec_command, shell, local_shell), opencode (write, edit,
// bash), Gemini CLI (write_file, replace, run_shell_command) and cofferdam code
// (write, edit, patch, bash).
//   a whole file          kFile, its text
//   a replacement         kEdit, the new text; `kept` = the lines of it that
//                         stand in the old text too (KeptLines)
//   a patch               per file: kFile for an added one, else kPatch with
//                         the added lines of all hunks; path = where it ends up
//   a shell command       kFile/kPatch for each heredoc, echo or printf that
//                         it writes to a file, kFile/kPatch for apply_patch
//                         inside it, and kCommand with the command less those
//                         bodies
//   anything else         kToolInput, JSON without white space
// An input that breaks its tool's form is kToolInput: nothing is lost. Parts
// without any text are left out. Cost is linear in the input but for `kept`.
std::vector<Part> PartsOfToolCall(std::string_view tool,
                                  std::string_view call_id,
                                  const JsonValue& input);

// The same for an input that is plain text (Codex's custom tools), and for one
// that holds JSON as text (arguments of a function call): JSON that does not
// end, because the stream was cut, gives the strings written so far.
std::vector<Part> PartsOfFreeformCall(std::string_view tool,
                                      std::string_view call_id,
                                      std::string_view input);
std::vector<Part> PartsOfJsonText(std::string_view tool,
                                  std::string_view call_id,
                                  std::string_view json);

// The lines of `new_text` on a longest common subsequence of lines with
// `old_text`, as sorted, joined ranges of bytes of `new_text`, ends of lines
// included. Common heads and tails go first; when what is left would cost more
// than 250,000 line comparisons, lines that occur once on each side stand in
// for the subsequence.
std::vector<ByteRange> KeptLines(std::string_view old_text,
                                 std::string_view new_text);

}  // namespace cofferdam::wire
