#include "agent/turn/turn_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/turn/system_prompt.h"

namespace cofferdam::agent {
namespace {

// Stands for an answer of which nothing was heard before the user interrupted.
constexpr std::string_view kInterruptedAnswer = "(interrupted by the user)";

TurnEnding StoreFault(const Error& error) {
  return {TurnEnd::kStoreFault,
          fmt::format("the session cannot be written: {}", error.message())};
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

// As the history has it: valid, whatever the model sent.
Message MessageOf(const EngineAnswer& answer, const CallsOfAnswer& read) {
  Message message;
  message.role = Message::Role::kAssistant;
  message.text = read.text;
  message.thinking = answer.thinking;
  message.exchange = answer.exchange;
  for (const auto& call : read.calls) {
    if (const auto* refused = std::get_if<RefusedCall>(&call)) {
      message.calls.push_back(refused->stand_in);
    } else {
      message.calls.push_back(std::get<RepairedCall>(call).call);
    }
  }
  return message;
}

}  // namespace

TurnRun::TurnRun(ConversationState& state, const TurnLimits& limits,
                 Observer& observer, std::stop_token stop)
    : state_(state),
      observer_(observer),
      stop_(stop),
      asker_(state, limits, observer, stop),
      runner_(state, observer, stop, &result_.changes) {}

std::string TurnRun::NoteOfMode() {
  Mode mode = state_.mode;
  bool is_told =
      state_.told_mode.has_value()
          ? (*state_.told_mode == Mode::kPlan) == (mode == Mode::kPlan)
          : mode != Mode::kPlan;
  state_.told_mode = mode;
  return is_told ? std::string() : ModeNote(ModeName(mode));
}

TurnResult TurnRun::Run(const std::string& text) {
  state_.loops.BeginTurn();
  Status begun = state_.history.AddPrompt(NoteOfMode(), text);
  if (!begun.ok()) {
    result_.end = TurnEnd::kStoreFault;
    result_.why = StoreFault(begun.error()).why;
    return std::move(result_);
  }
  for (;;) {
    if (auto ending = OneAnswer()) return End(*std::move(ending));
  }
}

TurnResult TurnRun::End(TurnEnding ending) {
  result_.end = ending.end;
  result_.why = std::move(ending.why);
  result_.requests = asker_.requests();
  const ConversationHooks& hooks = state_.parts.hooks;
  if (hooks.on_turn_end) hooks.on_turn_end();
  if (hooks.notices) {
    for (const std::string& line : hooks.notices()) observer_.OnNotice(line);
  }
  SessionFile& file = state_.history.file();
  Status kept = file.AppendMeter(state_.meter);
  if (kept.ok()) kept = file.AppendEnd(TurnEndName(result_.end), result_.why);
  if (!kept.ok() && result_.end == TurnEnd::kDone) {
    TurnEnding fault = StoreFault(kept.error());
    result_.end = fault.end;
    result_.why = std::move(fault.why);
  }
  return std::move(result_);
}

std::optional<TurnEnding> TurnRun::OneAnswer() {
  AnswerAsker::Asked asked = asker_.Ask();
  if (!asked.ending.has_value()) return TakeAnswer(std::move(asked.answer));
  if (asked.ending->end == TurnEnd::kInterrupted) KeepPartial(asked);
  return asked.ending;
}

void TurnRun::KeepPartial(const AnswerAsker::Asked& asked) {
  const EngineAnswer& answer = asked.answer;
  // Calls of a partial answer were never whole: they leave no trace but words.
  const auto& messages = state_.history.messages();
  bool is_open =
      !messages.empty() && messages.back().role == Message::Role::kUser;
  if (IsBlank(answer.text) && !is_open) return;
  Message message;
  message.text =
      IsBlank(answer.text) ? std::string(kInterruptedAnswer) : answer.text;
  message.exchange = answer.exchange;
  result_.text = answer.text;
  if (asked.sent) TellOfAnswer(answer, {});
  Status kept = state_.history.AddAnswer(std::move(message));
  if (!kept.ok()) observer_.OnNotice(kept.error().message());
  observer_.OnAnswerEnd();
}

void TurnRun::TellOfAnswer(const EngineAnswer& answer,
                           const CallsOfAnswer& read) {
  const ConversationHooks& hooks = state_.parts.hooks;
  if (!hooks.on_answer) return;
  std::vector<ToolCall> calls;
  for (const auto& call : read.calls) {
    if (const auto* repaired = std::get_if<RepairedCall>(&call)) {
      calls.push_back(repaired->call);
    }
  }
  hooks.on_answer(answer, calls, state_.history.messages(),
                  state_.parts.model.name);
}

std::optional<TurnEnding> TurnRun::TakeAnswer(EngineAnswer answer) {
  CallsOfAnswer read = ReadCalls(answer, state_.specs, state_.ids);
  TellOfAnswer(answer, read);
  result_.text = read.text;
  bool is_empty = IsBlank(read.text) && read.calls.empty();
  if (is_empty && answer.finish != Finish::kLength) {
    observer_.OnAnswerDropped("it was empty");
    if (answer.finish == Finish::kFiltered) {
      return TurnEnding{TurnEnd::kRefused, "the engine filtered the answer"};
    }
    return asker_.TakeSetback(Setback::kEmptyAnswer,
                              "the model answered nothing");
  }
  asker_.Recovered(Setback::kEmptyAnswer);
  asker_.Recovered(Setback::kRunawayText);
  if (!is_empty) {
    Status kept = state_.history.AddAnswer(MessageOf(answer, read));
    if (!kept.ok()) return StoreFault(kept.error());
  }
  observer_.OnAnswerEnd();
  return read.calls.empty() ? TakeWords(answer, read) : RunCalls(answer, read);
}

std::optional<TurnEnding> TurnRun::TakeWords(const EngineAnswer& answer,
                                             const CallsOfAnswer& read) {
  if (answer.finish == Finish::kLength) {
    return asker_.TakeSetback(Setback::kCutText,
                              "the answer ran into the output limit");
  }
  if (!read.suspicious.empty()) {
    return asker_.TakeSetback(
        Setback::kLooksLikeCall,
        fmt::format("the answer looks like a call that was not run: {}",
                    read.suspicious.front()));
  }
  if (answer.finish == Finish::kFiltered) {
    return TurnEnding{TurnEnd::kRefused, "the engine cut the answer off"};
  }
  return TurnEnding{TurnEnd::kDone, ""};
}

Status TurnRun::ChangeEdits() {
  for (std::string_view tool : {"edit", "patch"}) {
    bool is_offered =
        std::any_of(state_.specs.begin(), state_.specs.end(),
                    [tool](const ToolSpec& spec) { return spec.name == tool; });
    if (!is_offered ||
        state_.loops.FailuresInARow(tool) < LoopWatch::kOtherEditsAt) {
      continue;
    }
    TRY_ASSIGN(bool is_other, state_.TakeNextEditStep());
    if (!is_other) continue;
    observer_.OnNotice(fmt::format(
        "{} keeps failing; files are changed by {} from now on", tool,
        EditFormatName(state_.parts.model.edit_formats[state_.edit_step])));
    return {};
  }
  return {};
}

std::optional<TurnEnding> TurnRun::RunCalls(const EngineAnswer& answer,
                                            const CallsOfAnswer& read) {
  for (const auto& call : read.calls) {
    const auto* mended = std::get_if<RepairedCall>(&call);
    if (mended != nullptr && !mended->repaired.empty()) {
      observer_.OnNotice(
          fmt::format("{}: {}", mended->call.name, mended->repaired));
    }
  }
  Status ran = runner_.Run(read);
  if (!ran.ok()) return StoreFault(ran.error());
  if (stop_.stop_requested()) {
    return TurnEnding{TurnEnd::kInterrupted, "interrupted by the user"};
  }
  std::string words = state_.loops.AfterText(read.text);
  if (!state_.loops.stop().empty()) {
    return TurnEnding{TurnEnd::kLoop, state_.loops.stop()};
  }
  Status changed = ChangeEdits();
  if (!changed.ok()) return StoreFault(changed.error());
  if (answer.finish == Finish::kLength) {
    auto ending = asker_.TakeSetback(Setback::kCutCall,
                                     "the answer ran into the output limit");
    if (ending.has_value()) return ending;
  } else {
    asker_.Recovered(Setback::kCutCall);
    asker_.Recovered(Setback::kCutText);
    asker_.Recovered(Setback::kLooksLikeCall);
  }
  if (words.empty()) return std::nullopt;
  Status told = state_.history.AddNote(words);
  if (!told.ok()) return StoreFault(told.error());
  return std::nullopt;
}

}  // namespace cofferdam::agent
