#pragma once

#include <string>

#include "agent/conversation.h"
#include "agent/terminal/terminal.h"

namespace cofferdam::agent {

// The longest line of input that plain mode takes; a longer one is an error
// that is said, and is passed over.
inline constexpr size_t kPlainLineBytesMax = size_t{1} << 20;

// A session by lines alone: for pipes, and terminals that cannot move a cursor.
// A line is a message; one that ends in a backslash goes on in the next. Ends
// with the input. See RunTerminal.
int RunPlainSession(const TerminalOptions& options,
                    Conversations& conversations);

}  // namespace cofferdam::agent
