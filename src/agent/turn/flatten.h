#pragma once

#include "agent/turn/turn_history.h"
#include "base/result.h"

namespace cofferdam::agent {

// Of each result that is kept in words.
inline constexpr size_t kFlattenedResultBytesMax = 4000;

// The last answer's calls and their results become plain words of the
// assistant and the user: for an engine that cannot read them back through
// its model's template. Nothing where the history does not end in results.
Status FlattenLastCalls(TurnHistory* history);

}  // namespace cofferdam::agent
