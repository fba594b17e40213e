#include "agent/terminal/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "agent/terminal/plain_session.h"
#include "agent/terminal/terminal_session.h"
#include "base/clock.h"

namespace cofferdam::agent {
namespace {

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

// Where state that is nobody else's business lies (XDG Base Directory).
std::string StateFolder() {
  if (const auto folder = Variable("XDG_STATE_HOME"); folder.starts_with('/')) {
    return std::string(folder) + "/cofferdam";
  }
  if (const auto home = Variable("HOME"); home.starts_with('/')) {
    return std::string(home) + "/.local/state/cofferdam";
  }
  return "";
}

}  // namespace

TerminalOptions TerminalOptionsOfProcess() {
  TerminalOptions options;
  const std::string_view term = Variable("TERM");
  options.plain = term.empty() || term == "dumb" ||
                  ::isatty(options.input) == 0 || ::isatty(options.output) == 0;
  options.colours = !options.plain && Variable("NO_COLOR").empty();
  const std::string_view columns = Variable("COLUMNS");
  int number = 0;
  const auto [end, error] =
      std::from_chars(columns.data(), columns.data() + columns.size(), number);
  if (error == std::errc() && end == columns.data() + columns.size() &&
      number > 0) {
    options.columns = number;
  }
  const std::string state = StateFolder();
  if (!state.empty()) options.history_file = state + "/code-prompts";
  return options;
}

int RunTerminal(const TerminalOptions& options, Conversations& conversations) {
  if (!options.plain) {
    const Result<int> code =
        RunTerminalSession(options, conversations, SystemClock());
    if (code.ok()) return *code;
    // Lines need nothing of a terminal.
    fmt::print(stderr, "cofferdam code: {}\n", code.error().message());
  }
  return RunPlainSession(options, conversations);
}

}  // namespace cofferdam::agent
