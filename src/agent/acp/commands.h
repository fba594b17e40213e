#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cofferdam::agent {

// A command that the user gave to the agent itself instead of the model, as
// CommandsUpdate offers them.
struct AcpCommand {
  enum class Kind { kCompact, kMode, kModel, kStatus };
  Kind kind = Kind::kStatus;
  std::string input;  // what follows the name, trimmed
};

// "/name input" with a name that is offered; none for any other text, which is
// the model's.
std::optional<AcpCommand> ReadAcpCommand(std::string_view prompt);

}  // namespace cofferdam::agent
