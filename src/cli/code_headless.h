#pragma once

#include <optional>
#include <string>

#include "agent/conversation.h"
#include "agent/turn/answer_schema.h"
#include "base/result.h"
#include "cli/code_events.h"

namespace cofferdam::cli {

// A task for a run without a terminal.
struct CodeTask {
  agent::ConversationRequest request;
  std::string text;
  CodeOutput output = CodeOutput::kText;
  agent::TurnLimits limits;
  std::optional<agent::AnswerSchema> schema;
};

// How often a final answer that does not meet the schema is asked for again.
inline constexpr int kSchemaRoundsMax = 3;

// Exit codes beside 0 and 2 (docs/CODE.md).
inline constexpr int kEndedOtherwise = 1;
inline constexpr int kInterruptedBySigint = 130;
inline constexpr int kInterruptedBySigterm = 143;

// Runs it to its end; SIGINT, SIGTERM and SIGHUP interrupt it. The exit code.
// An error: it could not begin.
Result<int> RunCodeTask(const CodeTask& task,
                        agent::Conversations& conversations);

// A task of a file descriptor, as of stdin.
inline constexpr size_t kCodeTaskBytesMax = size_t{8} << 20;
Result<std::string> ReadCodeTask(int fd);

}  // namespace cofferdam::cli
