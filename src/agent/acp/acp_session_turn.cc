// The turns of a session: prompts of the model, and commands to the agent.

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "agent/acp/acp_session.h"
#include "agent/acp/call_output.h"

namespace cofferdam::agent {
namespace {

constexpr size_t kTitleBytesMax = 80;

// The first line of what the user said, cut to a title's length.
std::string TitleOf(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  text.remove_prefix(begin);
  text = text.substr(0, text.find_first_of("\r\n"));
  if (text.size() <= kTitleBytesMax) return std::string(text);
  const std::string_view cut = text.substr(0, kTitleBytesMax);
  return std::string(cut.substr(0, WholeUtf8(cut))) + "…";
}

// The stop reason of an end that has one; empty: the turn failed.
std::string_view StopReason(TurnEnd end) {
  switch (end) {
    case TurnEnd::kDone:
      return "end_turn";
    case TurnEnd::kInterrupted:
      return "cancelled";
    case TurnEnd::kTurnLimit:
    case TurnEnd::kCostLimit:
      return "max_turn_requests";
    case TurnEnd::kOutputLimit:
      return "max_tokens";
    // A refusal takes the user's words out of the conversation, says the
    // protocol; ours stay in the history.
    case TurnEnd::kRefused:
    case TurnEnd::kLoop:
    case TurnEnd::kUnexecuted:
    case TurnEnd::kEngineFault:
    case TurnEnd::kStoreFault:
      return {};
  }
  return {};
}

}  // namespace

void AcpSession::DoPrompt(const Job& job) {
  if (const auto command = ReadAcpCommand(job.text)) {
    DoCommand(job, *command);
    return;
  }
  DoTurn(job);
}

AcpTurnObserver::Options AcpSession::ObserverOptions() {
  return {connection_.options.limits, workspace_, stop_.get_token(),
          [this](Mode mode) { OnMode(mode); }};
}

void AcpSession::DoTurn(const Job& job) {
  const Clock& clock = *connection_.options.clock;
  if (!std::exchange(titled_, true)) {
    voice_->Update(SessionInfoUpdate(TitleOf(job.text), clock.WallMicros()));
  }
  AcpTurnObserver observer(*voice_, connection_.calls, ObserverOptions());
  TurnResult result = conversation_->Prompt(
      job.text, connection_.options.turn_limits, observer, stop_.get_token());
  observer.End();
  TakeModel();
  voice_->Update(SessionInfoUpdate("", clock.WallMicros()));
  {
    const std::lock_guard lock(mutex_);
    running_.clear();
    if (stop_.stop_requested()) result.end = TurnEnd::kInterrupted;
  }
  AnswerTurn(job.rpc_id, result);
}

void AcpSession::AnswerTurn(const std::string& rpc_id,
                            const TurnResult& result) {
  const std::string_view reason = StopReason(result.end);
  if (reason.empty()) {
    Fail(rpc_id, {RpcError::Code::kInternal,
                  result.why.empty() ? std::string(TurnEndName(result.end))
                                     : result.why});
    return;
  }
  if (result.end != TurnEnd::kDone && result.end != TurnEnd::kInterrupted)
    voice_->Notice(AcpSeverity::kWarning, result.why);
  AnswerStopped(rpc_id, reason);
}

void AcpSession::DoCommand(const Job& job, const AcpCommand& command) {
  switch (command.kind) {
    case AcpCommand::Kind::kCompact:
      DoCompact(command.input);
      break;
    case AcpCommand::Kind::kMode:
      if (const auto mode = ParseMode(command.input)) {
        SetMode(*mode);
        TellMode();
        voice_->Say(fmt::format("Mode: {}.", ModeName(*mode)));
      } else {
        voice_->Say("There are the modes plan, ask, edit and auto.");
      }
      break;
    case AcpCommand::Kind::kModel:
      if (command.input.empty()) {
        voice_->Say(fmt::format("Model: {}.", conversation_->model()));
      } else if (const auto set = conversation_->set_model(command.input);
                 !set.ok()) {
        voice_->Say(set.error().message());
      } else {
        TakeModel();
        voice_->Say(fmt::format("Model: {}.", conversation_->model()));
      }
      break;
    case AcpCommand::Kind::kStatus:
      voice_->Say(StatusText());
      break;
  }
  bool cancelled = false;
  {
    const std::lock_guard lock(mutex_);
    running_.clear();
    cancelled = stop_.stop_requested();
  }
  AnswerStopped(job.rpc_id, cancelled ? "cancelled" : "end_turn");
}

void AcpSession::DoCompact(const std::string& focus) {
  const std::string number = fmt::format("compaction-{}", ++compactions_);
  const auto tell = [&](AcpCompaction state, std::string_view error) {
    if (client_.compaction)
      voice_->Update(CompactionUpdate(number, state, error));
  };
  tell(AcpCompaction::kRunning, "");
  AcpTurnObserver observer(*voice_, connection_.calls, ObserverOptions());
  const auto compacted =
      conversation_->Compact(focus, observer, stop_.get_token());
  observer.End();
  if (!compacted.ok()) {
    tell(AcpCompaction::kFailed, compacted.error().message());
    voice_->Say("Not compacted: " + compacted.error().message());
    return;
  }
  tell(AcpCompaction::kDone, "");
  voice_->Say("The conversation has been shortened.");
}

std::string AcpSession::StatusText() const {
  const Meter meter = conversation_->meter();
  const AcpChoices now = choices();
  std::string text =
      fmt::format("- Model: {}\n- Mode: {}\n", now.model, ModeName(now.mode));
  text += meter.context_size > 0
              ? fmt::format("- Context: {} of {} tokens\n", meter.context_used,
                            meter.context_size)
              : fmt::format("- Context: {} tokens\n", meter.context_used);
  text +=
      fmt::format("- Tokens: {} in ({} cached), {} out\n", meter.input_tokens,
                  meter.cached_tokens, meter.output_tokens);
  if (meter.cost_micros) {
    text += fmt::format("- Cost: ${:.4f}\n",
                        static_cast<double>(*meter.cost_micros) / 1e6);
  }
  for (const std::string& note : conversation_->SandboxNotes())
    text += "- Sandbox: " + note + "\n";
  return text;
}

void AcpSession::OnMode(Mode mode) {
  {
    const std::lock_guard lock(mutex_);
    if (mode_ == mode) return;
    mode_ = mode;
  }
  TellMode();
}

void AcpSession::TakeModel() {
  {
    const std::lock_guard lock(mutex_);
    if (model_ == conversation_->model()) return;
    model_ = conversation_->model();
  }
  voice_->Update(ConfigOptionsUpdate(choices()));
}

}  // namespace cofferdam::agent
