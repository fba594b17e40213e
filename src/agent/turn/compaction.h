#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "agent/message.h"
#include "agent/observer.h"
#include "agent/turn/conversation_state.h"
#include "base/result.h"

namespace cofferdam::agent {

// Makes the history shorter before the engine refuses it. What stays, whatever
// happens: the user's last words, open entries of the plan, the files worked
// on, and the last calls with their results (cut in the middle if they must
// be). What is older gives way to a summary, by the model itself where it can,
// else by what the history says (its calls, without their results).
class Compaction {
 public:
  // Of the room for messages what may stay, at levels (0 and) 1, 2 and 3.
  static constexpr double kShares[] = {0.5, 0.3, 0.15};
  // Of messages that the engine has refused, at most: what it says of its size
  // and of theirs may be wrong, or not be said.
  static constexpr double kRefusedShares[] = {0.6, 0.4, 0.25};
  static constexpr int64_t kSummaryTokensMax = 1500;
  // A summary that is shorter says nothing.
  static constexpr size_t kSummaryBytesMin = 40;
  static constexpr size_t kSummaryBytesMax = 12'000;
  static constexpr size_t kFilesMax = 24;
  // Calls named where no model sums up.
  static constexpr size_t kCallsNamedMax = 40;

  // All of it outlives this.
  Compaction(ConversationState& state, Observer& observer, std::stop_token stop)
      : state_(state), observer_(observer), stop_(stop) {}

  // `level`: how hard; 0 because the user wants it, 1 to 3 because it must be.
  // `focus`: what the summary is to keep in mind.
  // kTooLarge when what must stay does not fit, kCancelled.
  Status Run(int level, std::string_view focus);
  // The engine has just refused the history as it is; `level` from 1 to 3.
  Status RunAfterRefusal(int level);

 private:
  size_t BytesFor(int level) const;
  Status RunWithin(size_t bytes_max, int level, std::string_view focus);
  std::optional<std::string> AskForSummary(std::string_view focus);
  std::optional<std::string> Ask(std::vector<Message> messages);

  ConversationState& state_;
  Observer& observer_;
  std::stop_token stop_;
};

// The pure parts, for tests of their own.

// Where the part that stays begins: the most recent messages that fit in
// `bytes_max`, from the beginning of an answer or of a user's words on, and at
// least the last answer with its results.
size_t BeginOfTail(std::span<const Message> messages, size_t bytes_max);
// The files that calls named, the most recent last, at most `files_max`.
std::vector<std::string> FilesOfCalls(std::span<const Message> messages,
                                      size_t files_max);
// What happened, from the history alone: calls and the first words of answers.
std::string MechanicalSummary(std::span<const Message> messages);
// Cuts the results in `messages` so that all fit in `bytes_max`, the oldest
// hardest; false when they do not fit even so.
bool CutResults(std::vector<Message>* messages, size_t bytes_max);

}  // namespace cofferdam::agent
