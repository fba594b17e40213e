// A command that a model wants to run: what certainly only reads runs unasked,
// so nothing that a shell would expand, redirect or run inside may pass.

#include <string>
#include <string_view>

#include "agent/turn/command_words.h"
#include "base/check.h"
#include "target.h"

namespace cofferdam::agent {
namespace {

// As a shell takes them whatever is in them.
std::string Quoted(const std::vector<std::vector<std::string>>& commands) {
  std::string line;
  for (const auto& words : commands) {
    if (!line.empty()) line += " ; ";
    for (const std::string& word : words) {
      line += '\'';
      for (char c : word) {
        if (c == '\'') {
          line += "'\"'\"'";
        } else {
          line += c;
        }
      }
      line += "' ";
    }
  }
  return line;
}

void CheckCommand(std::string_view command) {
  const auto commands = CommandWords(command);
  if (!commands) {
    CHECK(!OnlyReads(command));
    return;
  }
  CHECK(command.find('`') == std::string_view::npos ||
        command.find_first_of("'\\") != std::string_view::npos);
  for (const auto& words : *commands) {
    CHECK(!words.empty());
    for (const std::string& word : words) {
      CHECK(word.find('\n') == std::string::npos);
    }
  }
  // The same words, quoted, are the same command.
  const auto again = CommandWords(Quoted(*commands));
  CHECK(again.has_value() && *again == *commands);
  CHECK(OnlyReads(Quoted(*commands)) == OnlyReads(command));
  static_cast<void>(CommandKind(command));
}

}  // namespace
}  // namespace cofferdam::agent

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cofferdam::agent::CheckCommand(cofferdam::FuzzText(data, size));
  return 0;
}
