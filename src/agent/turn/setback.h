#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "agent/conversation.h"
#include "agent/engine.h"

// What can go wrong with one answer, and what is changed before it is asked
// for again: a table, so that every retry is bounded and none is the same as
// the one before.
namespace cofferdam::agent {

enum class Setback {
  kUnreachable,
  kDropped,
  kStalled,
  kUnparsable,
  kContextTooLong,
  kNoRoomToAnswer,  // it fits, but not with the answer's limit
  kRateLimited,
  kOverloaded,
  kBadRequest,
  kBadAnswer,
  // Of an answer that came whole:
  kEmptyAnswer,    // neither words nor calls
  kCutText,        // words cut by the output's limit
  kCutCall,        // a call cut by it
  kLooksLikeCall,  // words that look like a call, but are none
  kRunawayText,    // the same words over and over, cut off by us
};
std::string_view SetbackName(Setback setback);
// None for kCancelled and kRefused, which nothing is tried against.
std::optional<Setback> SetbackOf(EngineFault::Kind kind);

// What is done before the next request.
struct Remedy {
  enum class Change {
    kNothing,        // but the wait
    kOtherSampling,  // another temperature
    kPlainRequest,  // no sampling, no schema, no bound: what every engine takes
    kTellModel,     // a message to the model: `words`
    kFlatten,       // the last calls and results become plain words
    kCompact,       // the history is made shorter, more so each time
  };
  Change change = Change::kNothing;
  int64_t wait_ms = 0;  // before jitter; Retry-After counts instead if longer
  std::string_view words = {};  // to the model
};

// What to do against the `attempt`th (from 1) setback of this kind in a row;
// none: nothing more.
std::optional<Remedy> RemedyFor(Setback setback, int attempt);
// How a turn ends when nothing more is to be done.
TurnEnd EndOf(Setback setback);

// Setbacks of any kind in one turn, so that kinds that take turns end, too.
inline constexpr int kSetbacksPerTurnMax = 24;
// An engine that asks to wait longer is given up.
inline constexpr int64_t kRetryAfterMsMax = 120'000;
// A wait is between this share of its length and all of it.
inline constexpr double kJitterLeast = 0.5;

}  // namespace cofferdam::agent
