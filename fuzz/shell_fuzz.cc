// Shell commands read as what they write.

#include <string>
#include <vector>

#include "parts.h"
#include "target.h"
#include "wire/shell.h"

namespace cofferdam::wire {
namespace {

void CheckCommand(std::string_view command) {
  const std::vector<Part> parts = PartsOfShell("Bash", "call", command);
  CheckParts(parts);
  // A script in a script is read again, but not without end.
  size_t bytes = 0;
  for (const Part& part : parts) bytes += part.text.size();
  CHECK(bytes <= 8 * command.size() + 100);
}

void CheckArguments(std::string_view text) {
  CheckParts(
      PartsOfArguments("shell", "call", {"bash", "-lc", std::string(text)}));
  std::vector<std::string> arguments;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    arguments.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  CheckParts(PartsOfArguments("shell", "call", arguments));
}

}  // namespace
}  // namespace cofferdam::wire

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = cofferdam::FuzzText(data, size);
  cofferdam::wire::CheckCommand(text);
  cofferdam::wire::CheckArguments(text);
  return 0;
}
