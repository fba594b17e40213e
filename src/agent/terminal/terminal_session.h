#pragma once

#include <cstdint>

#include "agent/conversation.h"
#include "agent/terminal/terminal.h"
#include "base/clock.h"
#include "base/result.h"

namespace cofferdam::agent {

// Pictures of a stream are at least so far apart; keys are answered at once.
inline constexpr int64_t kPaintIntervalMicros = 100'000;
// An escape that nothing follows for so long is the key.
inline constexpr int kEscapeWaitMs = 30;
// Keys typed while a question came up are not taken for its answer.
inline constexpr int64_t kAnswerDelayMicros = 400'000;
// Ctrl-C twice within this at an empty prompt leaves.
inline constexpr int64_t kLeaveMicros = 3'000'000;

// A session with a prompt at the bottom of a terminal. See RunTerminal; an
// error when the terminal cannot be set up.
Result<int> RunTerminalSession(const TerminalOptions& options,
                               Conversations& conversations,
                               const Clock& clock);

}  // namespace cofferdam::agent
