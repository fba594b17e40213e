#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <variant>
#include <vector>

#include "agent/engine.h"
#include "agent/message.h"

namespace cofferdam::agent {

// Makes the ids of calls unique in one conversation.
class IdMaker {
 public:
  // Ids longer than this are replaced.
  static constexpr size_t kIdBytesMax = 64;

  // An id that stands in the history already, as of a resumed session.
  void Keep(std::string_view id);
  // `wanted` when it is new and made of letters, digits and "-_.:", so that no
  // engine stumbles over it; else a new one of nine letters and digits, which
  // is the only form that Mistral's templates take.
  std::string Take(std::string_view wanted);

 private:
  std::unordered_set<std::string> taken_;
  uint64_t next_ = 1;
};

// A call that can run: it names a tool, its arguments meet that tool's schema.
struct RepairedCall {
  ToolCall call;
  // What was mended, in words for people; empty: nothing.
  std::string repaired;
};

// A call that must not run, since it is not certain what it means.
struct RefusedCall {
  RawCall raw;
  // For the model: what is wrong, what there is, and a call that would be
  // right.
  std::string why;
  // Stands for it in the history: always valid, has a unique id.
  ToolCall stand_in;
};

// What an answer wants done.
struct CallsOfAnswer {
  // First those printed as text, then those that the engine handed over, each
  // in its order.
  std::vector<std::variant<RepairedCall, RefusedCall>> calls;
  // The answer's text without the calls that were printed in it.
  std::string text;
  // What looks like a call and was left in the text (or in the thinking, when
  // the answer has nothing else), since it may be meant as an example: for the
  // model, one sentence each, at most kSuspectsMax. An answer that has some and
  // no calls must not end a run as if all were done.
  std::vector<std::string> suspicious;
};

inline constexpr size_t kSuspectsMax = 4;
// Calls of one answer beyond this are refused.
inline constexpr size_t kCallsOfAnswerMax = 64;

// Reads the calls of an answer, mends those whose meaning is certain and
// refuses the others; drops none. Certain and refused are told apart by
// docs/decisions/code-calls.md. Arguments whose end is missing are mended only
// if the model ended by itself (kStop, kToolCalls). Cost: linear in the answer.
// Pure but for `ids`.
CallsOfAnswer ReadCalls(const EngineAnswer& answer,
                        std::span<const ToolSpec> tools, IdMaker& ids);

}  // namespace cofferdam::agent
