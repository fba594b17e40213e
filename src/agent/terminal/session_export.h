#pragma once

#include <string>

#include "agent/conversation.h"

namespace cofferdam::agent {

// The whole conversation as Markdown for people: who said what, calls with
// their arguments, results in fences long enough for what they hold.
std::string ExportMarkdown(const Conversation& conversation);

}  // namespace cofferdam::agent
