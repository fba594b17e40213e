#pragma once

#include <span>
#include <string>
#include <string_view>

namespace cofferdam::agent {

class Session;

// A command of the session, as help and completion name it.
struct SlashCommand {
  std::string_view name;       // without the slash
  std::string_view arguments;  // "[TURN] [conversation|files|both]"
  std::string_view help;       // one line
  // Whether it may run while a turn does.
  enum class When { kAlways, kBetweenTurns };
  When when = When::kBetweenTurns;
  void (*run)(Session& session, std::string_view arguments) = nullptr;
};

// In the order of /help.
std::span<const SlashCommand> SlashCommands();

// Runs "/name arguments"; what it has to say goes to the session's page, also
// that there is no such command, with the nearest one.
void RunSlashCommand(Session& session, std::string_view line);

// The line of numbers: "ask · qwen3-coder · 12.4k of 131k (9 %) · 48k in, 3.1k
// out · $0.02".
struct TerminalState;
std::string MeterLine(const TerminalState& state);

}  // namespace cofferdam::agent
