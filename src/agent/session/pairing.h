#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/message.h"

namespace cofferdam::agent {

// What stands in the history as the outcome of a call whose run was cut short.
inline constexpr std::string_view kInterruptedOutcome =
    "The run was interrupted before this call had ended. Whether it took "
    "effect is not known: look before you do it again.";

// What was put right in a history.
struct Mended {
  // The first message that is another than before.
  size_t from = 0;
  std::vector<std::string> notes;  // one sentence each
};

// Makes `messages` valid: every call has exactly one outcome, right behind its
// answer, every outcome a call, and arguments are JSON objects. None: they
// were.
std::optional<Mended> MendHistory(std::vector<Message>* messages);

}  // namespace cofferdam::agent
