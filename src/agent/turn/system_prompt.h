#pragma once

#include <string>
#include <string_view>

namespace cofferdam::agent {

// What the system prompt is made from. The same bytes for the whole session:
// nothing here changes while it runs.
struct PromptFacts {
  std::string workspace;     // absolute
  std::string instructions;  // AGENTS.md and the like; may be empty
  std::string trailer;       // that commits must carry; may be empty
};

// At most so long without the instructions.
inline constexpr size_t kSystemPromptBytesMax = 2000;

std::string SystemPrompt(const PromptFacts& facts);

// What the model is told of the mode when a turn begins in another one than
// the turn before.
std::string ModeNote(std::string_view mode);

}  // namespace cofferdam::agent
