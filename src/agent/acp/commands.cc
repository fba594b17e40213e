#include "agent/acp/commands.h"

#include <array>
#include <utility>

namespace cofferdam::agent {
namespace {

using Kind = AcpCommand::Kind;
constexpr std::array<std::pair<std::string_view, Kind>, 4> kNames = {{
    {"compact", Kind::kCompact},
    {"mode", Kind::kMode},
    {"model", Kind::kModel},
    {"status", Kind::kStatus},
}};
constexpr std::string_view kBlank = " \t\r\n";

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

}  // namespace

std::optional<AcpCommand> ReadAcpCommand(std::string_view prompt) {
  const std::string_view text = Trimmed(prompt);
  if (!text.starts_with('/')) return std::nullopt;
  const std::string_view words = text.substr(1);
  const size_t end = words.find_first_of(kBlank);
  const std::string_view name = words.substr(0, end);
  for (const auto& [known, kind] : kNames) {
    if (name != known) continue;
    const std::string_view rest =
        end == std::string_view::npos ? "" : words.substr(end);
    return AcpCommand{kind, std::string(Trimmed(rest))};
  }
  return std::nullopt;
}

}  // namespace cofferdam::agent
