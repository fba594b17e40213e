#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "agent/conversation.h"
#include "agent/tool.h"

namespace cofferdam::agent {

// How the prompt is edited.
enum class PromptKeys { kUsual, kVim };

// What a terminal session starts from.
struct TerminalOptions {
  // Workspace, session to go on with, mode, model.
  ConversationRequest request;
  // Of each turn.
  TurnLimits limits;
  PromptKeys keys = PromptKeys::kUsual;
  // Sent at once; empty: waits for the user.
  std::string first_prompt;
  // Of `!command`: runs it in the sandbox as the bash tool would. Called on the
  // thread that prompts, between turns. Empty: there is no such thing here.
  std::function<ToolOutcome(const std::string& command, ToolListener& listener,
                            std::stop_token stop)>
      run_command;

  // The rest comes from TerminalOptionsOfProcess.
  int input = 0;  // file descriptors
  int output = 1;
  // The file that keeps what was typed, 0600; empty: nothing is kept.
  std::string history_file;
  // Lines only: no cursor movement, no colours, no raw mode. Where TERM is
  // dumb, or input or output is no terminal.
  bool plain = false;
  // Whether colours may be used: not with NO_COLOR, nor in plain mode.
  bool colours = true;
  // COLUMNS, where it is set to override the terminal's own.
  std::optional<int> columns;
};

// Options with what stdin, stdout and the environment say: TERM, NO_COLOR,
// COLUMNS, XDG_STATE_HOME, HOME.
TerminalOptions TerminalOptionsOfProcess();

// `cofferdam code` for a person: a prompt at the bottom of the terminal,
// answers above it, until Ctrl-D, /quit, SIGTERM or SIGHUP. Calls of
// `conversations` and of what it makes come from one thread of its own, but for
// set_mode. The terminal's settings are put back whatever
// happens, but for kill -9. Returns the exit code: 0, or 2 when no conversation
// could be opened, which it says on stderr.
int RunTerminal(const TerminalOptions& options, Conversations& conversations);

}  // namespace cofferdam::agent
