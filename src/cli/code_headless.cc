#include "cli/code_headless.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <stop_token>
#include <utility>

#include "cli/context.h"
#include "cli/stop_signals.h"

namespace cofferdam::cli {
namespace {

using agent::TurnEnd;

std::string WithSchema(const std::string& text,
                       const agent::AnswerSchema& schema) {
  return fmt::format(
      "{}\n\nWhen all is done, your last answer must be JSON alone, without "
      "words or fences around it, that meets this JSON Schema:\n{}",
      text, schema.text());
}

std::string AskAgain(const std::vector<std::string>& issues,
                     const agent::AnswerSchema& schema) {
  return fmt::format(
      "Your answer does not meet the JSON Schema:\n- {}\nAnswer again with the "
      "JSON alone, without words or fences around it. The schema:\n{}",
      fmt::join(issues, "\n- "), schema.text());
}

// A turn more of the same run.
void Add(agent::TurnResult more, agent::TurnResult* turn) {
  turn->end = more.end;
  turn->why = std::move(more.why);
  turn->text = std::move(more.text);
  turn->requests += more.requests;
  std::move(more.changes.begin(), more.changes.end(),
            std::back_inserter(turn->changes));
}

agent::TurnLimits Rest(const agent::TurnLimits& limits, int64_t requests) {
  agent::TurnLimits rest = limits;
  if (rest.requests_max.has_value()) {
    rest.requests_max = std::max<int64_t>(0, *rest.requests_max - requests);
  }
  return rest;
}

// Holds the final answer to the schema; its issues when it cannot be met.
void MeetSchema(const CodeTask& task, agent::Conversation& conversation,
                CodeEvents& events, std::stop_token stop, CodeRun* run) {
  for (int round = 1; run->turn.end == TurnEnd::kDone; ++round) {
    std::vector<std::string> issues =
        task.schema->Check(run->turn.text, &run->answer);
    if (issues.empty()) return;
    if (round > kSchemaRoundsMax) {
      run->end = "schema";
      run->turn.why = fmt::format("the answer does not meet the schema: {}",
                                  fmt::join(issues, "; "));
      return;
    }
    events.OnNotice(
        fmt::format("the answer does not meet the schema ({}); asked again",
                    issues.front()));
    agent::TurnLimits limits = Rest(task.limits, run->turn.requests);
    limits.answer_schema = task.schema->text();
    Add(conversation.Prompt(AskAgain(issues, *task.schema), limits, events,
                            stop),
        &run->turn);
    run->end = agent::TurnEndName(run->turn.end);
  }
}

void Tell(const CodeRun& run, CodeOutput output) {
  switch (output) {
    case CodeOutput::kText:
      if (!run.answer.empty()) {
        PrintLine(run.answer);
      } else if (!run.turn.text.empty()) {
        PrintLine(run.turn.text);
      }
      break;
    case CodeOutput::kJson:
      PrintLine(CodeRunJson(run, ""));
      break;
    case CodeOutput::kStreamJson:
      PrintLine(CodeRunJson(run, "result"));
      break;
  }
  if (run.end != "done") {
    Say(
        fmt::format("cofferdam: ended early ({}): {}; go on with `cofferdam "
                    "code --resume {}`",
                    run.end, run.turn.why, run.session));
  }
}

int ExitCodeOf(const CodeRun& run, int signal) {
  if (run.end == "done") return 0;
  if (run.turn.end != TurnEnd::kInterrupted) return kEndedOtherwise;
  return signal == SIGTERM ? kInterruptedBySigterm : kInterruptedBySigint;
}

}  // namespace

Result<int> RunCodeTask(const CodeTask& task,
                        agent::Conversations& conversations) {
  TRY_ASSIGN(std::unique_ptr<agent::Conversation> conversation,
             conversations.Open(task.request));
  CodeEvents events(task.output);
  events.Begin(*conversation, task.request.workspace);
  std::stop_source stop;
  StopSignals signals([&stop] { stop.request_stop(); });
  CodeRun run;
  std::string text =
      task.schema.has_value() ? WithSchema(task.text, *task.schema) : task.text;
  run.turn = conversation->Prompt(text, task.limits, events, stop.get_token());
  run.end = agent::TurnEndName(run.turn.end);
  if (task.schema.has_value()) {
    MeetSchema(task, *conversation, events, stop.get_token(), &run);
  }
  run.session = conversation->session_id();
  run.model = conversation->model();
  run.meter = conversation->meter();
  run.notices = events.notices();
  Tell(run, task.output);
  return ExitCodeOf(run, signals.received());
}

Result<std::string> ReadCodeTask(int fd) {
  std::string text;
  char buffer[16384];
  while (true) {
    ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Error::FromErrno(errno, "read the task from stdin");
    if (got == 0) break;
    text.append(buffer, static_cast<size_t>(got));
    if (text.size() > kCodeTaskBytesMax) {
      return Error(Code::kTooLarge, fmt::format("a task of more than {} bytes",
                                                kCodeTaskBytesMax));
    }
  }
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
    return Error(Code::kInvalid,
                 "the task is empty: give it as -p TASK, or on stdin");
  }
  return text;
}

}  // namespace cofferdam::cli
