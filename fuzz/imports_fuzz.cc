// A CLAUDE.md of a repository that somebody else wrote: what it imports keeps
// to its limits, is a word of its text, and is never found in code.

#include <string>
#include <vector>

#include "agent/session/imports.h"
#include "base/check.h"
#include "target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  namespace agent = cofferdam::agent;
  const std::string text(cofferdam::FuzzText(data, size));
  const std::vector<std::string> found = agent::ImportsIn(text);
  CHECK(found.size() <= agent::kImportsOfFileMax);
  for (const std::string& path : found) {
    CHECK(!path.empty() && path.size() <= agent::kImportPathBytesMax);
    CHECK(path.find_first_of(std::string("\t\n\r\0", 4)) == std::string::npos);
    if (path.find(' ') == std::string::npos) {
      CHECK(text.find("@" + path) != std::string::npos);
    }
  }
  // Inside of a fence that nothing in the text closes.
  const std::string fence(text.size() + 3, '~');
  CHECK(agent::ImportsIn(fence + "\n" + text).empty());
  return 0;
}
